-- What organisers are told of their own: who bought, by event, and how often answers showed it.

set local search_path = unified;

-- For whom a fact was told: `<source>@<organisation>`, as `Source.of` writes it.
alter table facts add column told_for text generated always as (
    nullif(replace(replace(split_part(source, '@', 2), '%40', '@'), '%25', '%'), '')) stored;
create index facts_told_for on facts (told_for, entity_id) where told_for is not null and valid_to is null;

-- How many people did what with an entity, for an organizer of those that are their organisation's: at least five, and
-- only in fives, so that two questions do not differ by one person. Past row security, so the scope is checked here.
-- Who bought a ticket is counted at its event, and to an organizer not at the ticket as well: of each kind and of all,
-- two figures could differ by one person.
create or replace function audience(entity uuid, at timestamptz) returns table (type text, people bigint)
language sql stable security definer set search_path = unified, pg_temp as $$
    with asker as (
        select current_setting('sonik.collection', true) as collection, current_setting('sonik.role', true) as role,
               nullif(current_setting('sonik.org', true), '') as org
    ), asked as (
        select e.id, e.entity_type, asker.*
        from asker
        join entities e on e.id = audience.entity and e.collection = asker.collection and e.entity_type <> 'person'
             and e.deleted_at is null
        where asker.role = 'staff' or (asker.role = 'organizer' and e.entity_type <> 'ticket'
              and (e.visibility = 'public' or (e.visibility = 'org' and e.owner_org = asker.org)))
    ), done as (
        select r.type, r.src, r.owner_org, r.visibility
        from asked join relationships r on r.dst = asked.id
        where r.type = any (fan_edges()) and (r.valid_to is null or r.valid_to > audience.at)
        union all
        select p.type, p.src, p.owner_org, p.visibility
        from asked
        join relationships t on t.dst = asked.id and t.type = 'TICKET_FOR' and t.collection = asked.collection
             and (t.valid_to is null or t.valid_to > audience.at)
        join entities k on k.id = t.src and k.entity_type = 'ticket' and k.deleted_at is null
        join relationships p on p.dst = k.id and p.type = 'PURCHASED' and (p.valid_to is null or p.valid_to > audience.at)
        where asked.entity_type = 'event' and (asked.role = 'staff'
              or ((t.visibility = 'public' or (t.visibility = 'org' and t.owner_org = asked.org))
                  and (k.visibility = 'public' or (k.visibility = 'org' and k.owner_org = asked.org))))
    ), counted as (
        select done.type, asked.role, count(distinct done.src) as people
        from asked cross join done
        join entities p on p.id = done.src and p.entity_type = 'person' and p.collection = asked.collection
             and p.deleted_at is null
        where asked.role = 'staff'
              or (done.owner_org = asked.org and done.visibility <> 'staff' and p.visibility <> 'staff')
        group by done.type, asked.role
    )
    select counted.type, case when role = 'staff' then counted.people else counted.people / 5 * 5 end
    from counted where role = 'staff' or counted.people >= 5
$$;

-- How many answers showed each of these entities in the whole weeks from that of `since` to the last: an organizer is
-- told of those their organisation tells of, week by week and in fives, and of a week only if five callers of others
-- were answered. Weeks do not overlap, so that no two windows differ by less than one.
create function showings(shown uuid[], since timestamptz, until timestamptz)
returns table (entity uuid, answers bigint)
language sql stable security definer set search_path = unified, pg_temp as $$
    with asker as (
        select current_setting('sonik.collection', true) as collection, current_setting('sonik.role', true) as role,
               nullif(current_setting('sonik.org', true), '') as org
    ), own as (
        select e.id, e.id::text as key, asker.*
        from asker
        join entities e on e.id = any (shown) and e.collection = asker.collection and e.deleted_at is null
        where asker.role = 'staff' or (asker.role = 'organizer'
              and (e.visibility = 'public' or (e.visibility = 'org' and e.owner_org = asker.org))
              and exists (select from facts f where f.entity_id = e.id and f.told_for = asker.org
                          and f.visibility <> 'staff' and f.confidence > 0.5 and f.valid_to is null))
    ), weekly as (
        select own.id, own.role, count(*) as answers, count(distinct (l.owner_org, l.actor)) as callers
        from traversal_log l
        cross join lateral jsonb_array_elements(l.carried) as hit
        join own on own.key = hit ->> 'id' and own.collection = l.collection
        where l.at >= date_trunc('week', since, 'UTC') and l.at < date_trunc('week', until, 'UTC')
          and (own.role = 'staff' or (l.owner_org is distinct from own.org and l.role is distinct from 'staff'))
        group by own.id, own.role, date_trunc('week', l.at, 'UTC')
    )
    select id, sum(case when role = 'staff' then weekly.answers else weekly.answers / 5 * 5 end)::bigint
    from weekly where role = 'staff' or callers >= 5
    group by id
$$;
revoke execute on function showings(uuid[], timestamptz, timestamptz) from public;
grant execute on function showings(uuid[], timestamptz, timestamptz) to sonik_reader;
