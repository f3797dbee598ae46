-- name: dirty
-- The next outbox rows in an order that cannot lose a late committer: nothing at or above the oldest running
-- transaction is taken yet.
select txid::text::bigint as txid, seq, aggregatetype, aggregateid
from unified.outbox
where (txid, seq) > (%(txid)s::text::xid8, %(seq)s) and txid < pg_snapshot_xmin(pg_current_snapshot())
  and aggregatetype in ('entity', 'relationship')
order by txid, seq
limit %(limit)s;

-- name: last_change
select txid::text::bigint as txid, seq from unified.outbox order by txid desc, seq desc limit 1;

-- name: horizon
-- Everything below this transaction has either committed or never will.
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as txid, 0::bigint as seq;

-- name: bounds
-- How far the outbox was pruned, and the transaction that comes next: a cursor outside these speaks of other data.
select coalesce(max(p.txid), 0) as pruned_txid, coalesce(max(p.seq), 0) as pruned_seq,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint as next_txid
from (select pruned_txid as txid, pruned_seq as seq from unified.sync_state order by 1 desc, 2 desc limit 1) p;

-- name: backlog
select count(*) as rows, coalesce(extract(epoch from now() - min(created_at)), 0)::double precision as age_seconds
from unified.outbox
where (txid, seq) > (%(txid)s::text::xid8, %(seq)s) and aggregatetype in ('entity', 'relationship');

-- name: lags
-- How far each sink is behind, as truth knows it: the sinks themselves are not asked.
select s.sink, s.status, s.error, count(o.seq) as rows,
       coalesce(extract(epoch from now() - min(o.created_at)), 0)::double precision as age_seconds
from unified.sync_state s
left join unified.outbox o on o.aggregatetype in ('entity', 'relationship')
    and (o.txid, o.seq) > (s.txid::text::xid8, s.seq)
group by s.sink, s.status, s.error
order by s.sink;

-- name: is_migrated
select to_regclass('unified.sync_state') is not null as found;

-- name: state
select sink, txid, seq, covered_txid, covered_seq, pruned_txid, pruned_seq, status, error, updated_at
from unified.sync_state order by sink;

-- name: record
insert into unified.sync_state (sink, txid, seq, status, error, updated_at)
values (%(sink)s, %(txid)s, %(seq)s, %(status)s, %(error)s, now())
on conflict (sink) do update set txid = excluded.txid, seq = excluded.seq, status = excluded.status,
    error = excluded.error, updated_at = excluded.updated_at;

-- name: record_status
insert into unified.sync_state (sink, status, error) values (%(sink)s, %(status)s, %(error)s)
on conflict (sink) do update set status = excluded.status, error = excluded.error, updated_at = now();

-- name: announce
select pg_notify('sonik_applied', '');

-- name: forget_cursor
update unified.sync_state set txid = 0, seq = 0 where sink = %(sink)s;

-- name: prune
delete from unified.outbox where (txid, seq) <= (%(txid)s::text::xid8, %(seq)s);

-- name: record_pruned
-- Never backwards: what is gone stays gone, however far a sink falls back.
update unified.sync_state set pruned_txid = %(txid)s, pruned_seq = %(seq)s
where (pruned_txid, pruned_seq) < (%(txid)s, %(seq)s);

-- name: record_covered
update unified.sync_state set covered_txid = %(txid)s, covered_seq = %(seq)s where sink = %(sink)s;

-- name: bury
insert into unified.dead_letters (sink, aggregatetype, aggregateid, error, attempts)
values (%(sink)s, %(aggregatetype)s, %(aggregateid)s, %(error)s, %(attempts)s)
on conflict (sink, aggregatetype, aggregateid) do update set error = excluded.error,
    attempts = dead_letters.attempts + excluded.attempts, created_at = now();

-- name: dead_letters
select sink, aggregatetype, aggregateid, error, attempts, created_at from unified.dead_letters order by created_at;

-- name: count_dead_letters
select count(*) as rows from unified.dead_letters;

-- name: retry_dead_letters
with raised as (delete from unified.dead_letters returning aggregatetype, aggregateid)
insert into unified.outbox (aggregatetype, aggregateid, type)
select distinct aggregatetype, aggregateid, 'upsert' from raised;

-- name: forget_dead_letters
delete from unified.dead_letters where sink = %(sink)s;

-- name: source_states
-- Sources of a collection, with the cursor each delivers by and how the last job that took it in ended.
with told as (
    select t.source, max(t.observed_at) as told_at, count(distinct t.entity_id) as entities
    from unified.tellings t
    join unified.entities e on e.id = t.entity_id and e.deleted_at is null and e.collection = %(collection)s
    group by t.source),
last_job as (
    select distinct on (j.arguments -> 'source' ->> 'code') j.arguments -> 'source' ->> 'code' as source, j.error
    from unified.jobs j
    where j.collection = %(collection)s and j.arguments -> 'source' ->> 'code' is not null and j.finished_at is not null
    order by j.arguments -> 'source' ->> 'code', j.finished_at desc)
select coalesce(t.source, c.source) as source, c.cursor, t.told_at, coalesce(t.entities, 0) as entities,
       j.error ->> 'code' as error
from told t
full join (select source, cursor from unified.source_cursors where collection = %(collection)s) c using (source)
left join last_job j on j.source = coalesce(t.source, c.source)
order by t.told_at desc nulls last, source;

-- name: entity_page
select id from unified.entities where id > %(after)s and deleted_at is null order by id limit %(limit)s;

-- name: relationship_page
select eid as id from unified.relationships where eid > %(after)s order by eid limit %(limit)s;

-- name: has_kinds
select exists (select from unified.entities where deleted_at is null and entity_type = any(%(kinds)s)) as found;

-- name: dependents
-- Events whose text names one of these. Asked when projecting and not when writing: only then is everything seen
-- that a rival transaction wrote at the same time.
select distinct case when r.type = 'PERFORMS_AT' then r.dst else r.src end as id
from unified.relationships r
where r.valid_to is null
  and ((r.type = 'PERFORMS_AT' and r.src = any(%(ids)s))
       or (r.type in ('HOSTED_BY', 'PROMOTED_BY') and r.dst = any(%(ids)s)));

-- name: vertices
select e.id, e.entity_type, e.name, e.slug, e.canonical_id, e.claim_status, e.market, e.metadata, e.version,
       e.owner_org, e.visibility, e.collection,
       v.lat, v.lng, v.capacity, ev.night as date, ev.status, ev.starts_at, ev.until, ev.price_min, ev.currency,
       coalesce(ev.genres, v.genres, a.genres) as genres,
       coalesce(o.org_type, p.person_type) as type,
       (select i.value from unified.identifiers i
        where i.entity_id = e.id and i.scheme = 'google_place_id' and i.current_to is null limit 1) as google_place_id,
       (select i.value from unified.identifiers i
        where i.entity_id = e.id and i.scheme = 'instagram' and i.current_to is null limit 1) as instagram,
       (select i.value from unified.identifiers i
        where i.entity_id = e.id and i.scheme = 'domain' and i.current_to is null limit 1) as domain,
       m.country, ph.document_frequency, ph.titles > 0 as is_title
from unified.entities e
left join unified.phrases ph on ph.entity_id = e.id
left join unified.venues v on v.entity_id = e.id
left join unified.events ev on ev.entity_id = e.id
left join unified.artists a on a.entity_id = e.id
left join unified.organizations o on o.entity_id = e.id
left join unified.people p on p.entity_id = e.id
left join unified.legend_markets m on e.entity_type = 'market' and m.slug = e.slug
where e.id = any(%(ids)s) and e.deleted_at is null;

-- name: edges
-- Ids as text and moments in seconds, as the graph holds them. Deleted entities are few and have an index of their
-- own: joined with those that live, a page of edges reads all entities.
select r.eid::text as eid, r.src::text as src, r.dst::text as dst, r.type, r.base_weight, r.confidence, r.source,
       extract(epoch from r.timestamp)::double precision as timestamp,
       extract(epoch from r.valid_from)::double precision as valid_from,
       extract(epoch from r.valid_to)::double precision as valid_to,
       r.properties, r.owner_org, r.visibility, r.collection,
       coalesce(l.learned, '{}') as learned, coalesce(l.traversals, 0) as traversals,
       extract(epoch from l.last_at)::double precision as last_at
from unified.relationships r
left join (
    select eid, jsonb_object_agg(lens, learned) as learned, max(traversals) filter (where lens = 'all') as traversals,
           max(last_at) as last_at
    from unified.edge_learning where eid = any(%(ids)s) group by eid
) l on l.eid = r.eid
where r.eid = any(%(ids)s)
  and not exists (select from unified.entities e where e.id = r.src and e.deleted_at is not null)
  and not exists (select from unified.entities e where e.id = r.dst and e.deleted_at is not null);

-- name: texts
-- What is searched: an entity with its own words and the names around it, as far as all who see it may see them.
select e.id, e.entity_type, e.name, e.market, e.metadata, e.version, e.owner_org, e.visibility, e.collection,
       coalesce(ev.genres, v.genres, a.genres, '{}') as genres,
       ev.starts_at, ev.until, ev.price_min, ev.is_free, coalesce(v.lat, hv.lat) as lat, coalesce(v.lng, hv.lng) as lng,
       coalesce(v.city, a.city, o.city, hv.city) as city, v.address, mk.name as market_name,
       host.name as venue,
       array(select s.name from unified.relationships r join unified.entities s on s.id = r.src
             where r.dst = e.id and r.type = 'PERFORMS_AT' and r.valid_to is null and s.deleted_at is null
               and (r.visibility = 'public' or e.visibility = 'staff'
                    or (r.visibility = e.visibility and r.owner_org = e.owner_org))
               and (s.visibility = 'public' or e.visibility = 'staff'
                    or (s.visibility = e.visibility and s.owner_org = e.owner_org))
             order by (r.properties ->> 'position')::int nulls last, s.name) as artists,
       array(select d.name from unified.relationships r join unified.entities d on d.id = r.dst
             where r.src = e.id and r.type = 'PROMOTED_BY' and r.valid_to is null and d.deleted_at is null
               and (r.visibility = 'public' or e.visibility = 'staff'
                    or (r.visibility = e.visibility and r.owner_org = e.owner_org))
               and (d.visibility = 'public' or e.visibility = 'staff'
                    or (d.visibility = e.visibility and d.owner_org = e.owner_org))
             order by d.name) as promoters,
       array(select al.alias from unified.aliases al where al.entity_id = e.id
               and (al.visibility = 'public' or e.visibility = 'staff'
                    or (al.visibility = e.visibility and al.owner_org = e.owner_org))
             order by al.alias) as aliases,
       pa.text as passage
from unified.entities e
left join unified.passages pa on pa.entity_id = e.id
left join unified.venues v on v.entity_id = e.id
left join unified.events ev on ev.entity_id = e.id
left join unified.artists a on a.entity_id = e.id
left join unified.organizations o on o.entity_id = e.id
left join unified.legend_markets mk on mk.slug = e.market
left join unified.relationships h on h.src = e.id and h.type = 'HOSTED_BY' and h.valid_to is null
    and (h.visibility = 'public' or e.visibility = 'staff'
         or (h.visibility = e.visibility and h.owner_org = e.owner_org))
left join unified.entities host on host.id = h.dst and host.deleted_at is null
    and (host.visibility = 'public' or e.visibility = 'staff'
         or (host.visibility = e.visibility and host.owner_org = e.owner_org))
left join unified.venues hv on hv.entity_id = host.id
where e.id = any(%(ids)s) and e.deleted_at is null;

-- name: cached_vectors
select text_hash, vector from unified.embeddings_cache where model = %(model)s and text_hash = any(%(hashes)s);

-- name: cache_vectors
insert into unified.embeddings_cache (model, text_hash, vector) values (%(model)s, %(text_hash)s, %(vector)s)
on conflict do nothing;

-- name: entity_versions
select id::text as id, version, entity_type from unified.entities where id > %(after)s and deleted_at is null
order by id limit %(limit)s;

-- name: edge_states
select r.eid::text as eid, r.src::text as src, r.dst::text as dst, r.type, r.valid_to is not null as closed,
       r.base_weight, r.confidence, coalesce(el.learned, 0) as learned
from unified.relationships r
left join unified.edge_learning el on el.eid = r.eid and el.lens = 'all'
where r.eid > %(after)s
  and not exists (select from unified.entities e where e.id in (r.src, r.dst) and e.deleted_at is not null)
order by r.eid limit %(limit)s;

-- name: raised
-- How often events of these nights, or of none, were changed in each market; of other things, what events name.
select g.market, sum(g.raised)::bigint as raised
from unified.generations g
where g.kind in ('event', 'named')
  and g.market = any (array(select m.slug from unified.legend_markets m) || ''::text)
  and g.night = any (%(nights)s::date[] || '-infinity'::date)
group by g.market;
