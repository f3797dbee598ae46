-- What is known, and what is missing of it, as far as the caller may see.

-- name: identities
-- An authority outside vouches for an entity by a Places id, a domain or an Instagram address; names and the ids of
-- sources are weak evidence beside those.
select e.entity_type as kind, count(*) as entities,
       count(*) filter (where not exists (
           select from unified.identifiers i
           where i.entity_id = e.id and i.current_to is null
             and i.scheme in ('google_place_id', 'domain', 'instagram'))) as weakly_known,
       count(*) filter (where e.entity_type = 'venue' and not exists (
           select from unified.venues v where v.entity_id = e.id and v.lat is not null)) as without_place
from unified.entities e
where e.deleted_at is null and e.collection = %(collection)s
  and e.entity_type in ('venue', 'artist', 'organization', 'brand', 'person')
group by e.entity_type
order by entities desc, kind;

-- name: coming_events
select count(*) as events,
       count(*) filter (where not exists (
           select from unified.relationships r
           where r.src = e.id and r.type = 'HOSTED_BY' and r.valid_to is null)) as without_venue,
       count(*) filter (where not exists (
           select from unified.relationships r
           where r.dst = e.id and r.type = 'PERFORMS_AT' and r.valid_to is null)) as without_lineup,
       count(*) filter (where ev.price_min is null and ev.is_free is not true) as without_price
from unified.events ev
join unified.entities e on e.id = ev.entity_id and e.deleted_at is null and e.collection = %(collection)s
where ev.until > %(now)s;

-- name: facts
-- Of what is told now; of events that are over nobody wants to hear again.
with told as (
    select f.entity_id, count(*) as facts, count(distinct f.source) as sources,
           count(*) filter (where f.observed_at < %(now)s - interval '30 days') as month_old,
           count(*) filter (where f.observed_at < %(now)s - interval '180 days') as half_year_old
    from unified.facts f
    join unified.entities e on e.id = f.entity_id and e.deleted_at is null
    left join unified.events ev on ev.entity_id = f.entity_id
    where f.valid_to is null and f.collection = %(collection)s and (ev.entity_id is null or ev.until > %(now)s)
    group by f.entity_id)
select coalesce(sum(facts), 0)::bigint as facts, coalesce(sum(month_old), 0)::bigint as month_old,
       coalesce(sum(half_year_old), 0)::bigint as half_year_old, count(*) as entities,
       count(*) filter (where sources = 1) as of_one_source
from told;
