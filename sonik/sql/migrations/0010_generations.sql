-- How often anything changed that an answer may rest on, by collection, market, kind and night: a kept answer counts
-- for as long as the sum over what it was asked about stands still.

set local search_path = unified;

-- A night here is the same 24 hours everywhere, from 11:00 UTC on (06:00 in Bogotá, Lima and Quito): whatever overlaps
-- shares one, in any time zone. What has no night, or runs for longer than two days, is counted at minus infinity, and
-- what has no market under the empty one.
-- A key has as many rows as transactions have raised it at once: a writer takes one that nobody holds or adds one, so
-- that writers neither wait for each other nor deadlock. Only the sum of `raised` means anything, and no row ever goes.
create table generations (
    id         bigint generated always as identity primary key,
    collection text   not null,
    market     text   not null,
    kind       text   not null,
    night      date   not null,
    raised     bigint not null default 1
) with (fillfactor = 50);
create index generations_key on generations (collection, kind, market, night);

create function raise_generations(collections text[], markets text[], kinds text[], nights date[]) returns void
language sql as $$
    with wanted as (
        select distinct k.collection, coalesce(k.market, '') as market, k.kind, k.night
        from unnest(collections, markets, kinds, nights) as k (collection, market, kind, night)
    ),
    taken as (
        select w.*, free.id
        from wanted w
        left join lateral (
            select g.id from unified.generations g
            where g.collection = w.collection and g.kind = w.kind and g.market = w.market and g.night = w.night
            limit 1 for update skip locked
        ) free on true
    ),
    raised as (update unified.generations g set raised = g.raised + 1 from taken t where g.id = t.id)
    insert into unified.generations (collection, market, kind, night)
    select collection, market, kind, night from taken where id is null;
$$;

create function generation_night(moment timestamptz) returns date language sql immutable parallel safe as $$
    select (moment at time zone 'utc' - interval '11 hours')::date;
$$;

-- The nights of an event; of anything else, the moments are null.
create function generation_nights(starts_at timestamptz, until timestamptz) returns setof date
language sql immutable parallel safe rows 2 as $$
    select case when starts_at is null or until - starts_at > interval '48 hours' then '-infinity'
                else unified.generation_night(starts_at) + past end
    from generate_series(0, case when starts_at is null or until - starts_at > interval '48 hours' then 0
                                 else unified.generation_night(greatest(starts_at, until - interval '1 microsecond'))
                                      - unified.generation_night(starts_at) end) as past;
$$;

-- Answers about events also name others and tell where they are. What changes of these is counted as the kind 'named',
-- so that no answer need remember whom it named; what only adds them changes no answer before an edge leads there.
create function entities_raise() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        perform unified.raise_generations(array_agg(e.collection), array_agg(e.market), array_agg(e.entity_type),
                                          array_agg('-infinity'::date))
        from added e where e.entity_type <> 'event';
    elsif tg_op = 'UPDATE' then
        perform unified.raise_generations(array_agg(k.collection), array_agg(k.market), array_agg(k.kind),
                                          array_agg(k.night))
        from (
            select e.collection, e.market, e.entity_type as kind, n.night
            from (select * from gone union all select * from added) e
            left join unified.events ev on ev.entity_id = e.id
            cross join lateral unified.generation_nights(ev.starts_at, ev.until) as n (night)
            union all
            select e.collection, '', 'named', '-infinity'
            from added e join gone o using (id)
            where e.entity_type = 'venue'
               or (e.name, e.slug, e.collection, e.visibility, e.owner_org, e.deleted_at)
                  is distinct from (o.name, o.slug, o.collection, o.visibility, o.owner_org, o.deleted_at)
        ) k;
    else
        perform unified.raise_generations(array_agg(k.collection), array_agg(k.market), array_agg(k.kind),
                                          array_agg('-infinity'::date))
        from (select e.collection, e.market, e.entity_type as kind from gone e
              union all
              select e.collection, '', 'named' from gone e) k;
    end if;
    return null;
end
$$;
create trigger entities_added after insert on entities referencing new table as added
    for each statement execute function entities_raise();
create trigger entities_changed after update on entities referencing old table as gone new table as added
    for each statement execute function entities_raise();
create trigger entities_gone after delete on entities referencing old table as gone
    for each statement execute function entities_raise();

-- An event that is moved changes the nights it left and those it came to. Of one that is deleted `entities` tells.
create function events_raise() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        perform unified.raise_generations(array_agg(e.collection), array_agg(e.market), array_agg(e.entity_type),
                                          array_agg(n.night))
        from added ev
        join unified.entities e on e.id = ev.entity_id
        cross join lateral unified.generation_nights(ev.starts_at, ev.until) as n (night);
    else
        perform unified.raise_generations(array_agg(e.collection), array_agg(e.market), array_agg(e.entity_type),
                                          array_agg(n.night))
        from (select added.entity_id, added.starts_at, added.until, gone.starts_at as was_at, gone.until as was_until
              from added join gone using (entity_id) where added.* is distinct from gone.*) ev
        join unified.entities e on e.id = ev.entity_id
        cross join lateral (select unified.generation_nights(ev.starts_at, ev.until)
                            union
                            select unified.generation_nights(ev.was_at, ev.was_until)) as n (night);
    end if;
    return null;
end
$$;
create trigger events_added after insert on events referencing new table as added
    for each statement execute function events_raise();
create trigger events_changed after update on events referencing old table as gone new table as added
    for each statement execute function events_raise();

-- An edge changes what is told of both its ends. That a source tells of it once more changes nothing.
create function relationships_raise() returns trigger language plpgsql as $$
begin
    if tg_op = 'INSERT' then
        perform unified.raise_ends(array_agg(r.src) || array_agg(r.dst)) from added r;
    elsif tg_op = 'UPDATE' then
        perform unified.raise_ends(array_agg(r.src) || array_agg(r.dst) || array_agg(o.src) || array_agg(o.dst))
        from added r join gone o using (eid)
        where (r.src, r.dst, r.type, r.base_weight, r.confidence, r.valid_from, r.valid_to, r.retracted_at, r.properties,
               r.owner_org, r.visibility, r.collection)
              is distinct from (o.src, o.dst, o.type, o.base_weight, o.confidence, o.valid_from, o.valid_to,
                                o.retracted_at, o.properties, o.owner_org, o.visibility, o.collection);
    else
        perform unified.raise_ends(array_agg(r.src) || array_agg(r.dst)) from gone r;
    end if;
    return null;
end
$$;

create function raise_ends(ids uuid[]) returns void language sql as $$
    select unified.raise_generations(array_agg(e.collection), array_agg(e.market), array_agg(e.entity_type),
                                     array_agg(n.night))
    from unified.entities e
    left join unified.events ev on ev.entity_id = e.id
    cross join lateral unified.generation_nights(ev.starts_at, ev.until) as n (night)
    where e.id = any(ids);
$$;
create trigger relationships_raised_added after insert on relationships referencing new table as added
    for each statement execute function relationships_raise();
create trigger relationships_raised_changed after update on relationships referencing old table as gone new table as added
    for each statement execute function relationships_raise();
create trigger relationships_gone after delete on relationships referencing old table as gone
    for each statement execute function relationships_raise();

-- What use has taught changes the order of answers.
create function lessons_raise() returns trigger language plpgsql as $$
begin
    perform unified.raise_ends(array_agg(r.src) || array_agg(r.dst))
    from added a
    join gone o using (eid, lens)
    join unified.relationships r using (eid)
    where a.learned <> o.learned;
    return null;
end
$$;
create trigger lessons_changed after update on edge_learning referencing old table as gone new table as added
    for each statement execute function lessons_raise();

grant select, insert, update on generations to sonik_writer;
grant usage, select on all sequences in schema unified to sonik_writer;
grant maintain on generations to sonik_writer;
alter table generations enable row level security;
create policy write_all on generations for all to sonik_writer using (true) with check (true);
create policy read_scope on generations for select to sonik_reader
    using (collection = (select current_setting('sonik.collection', true)));

-- Places only: a reader must see how far the sinks are, and nothing of what they carry.
grant select on generations to sonik_reader;
grant select (sink, txid, seq, status) on sync_state to sonik_reader;
grant select (txid, seq, aggregatetype) on outbox to sonik_reader;
grant select (sink) on dead_letters to sonik_reader;
