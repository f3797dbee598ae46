-- What an organisation tells of is its own; without one named, everything that is there.

-- name: campaigns
-- Campaigns that ran within a window or are still to, the newest first, with the events they promote and who converted.
with own as (
    select c.id, c.name, c.slug as ref, c.metadata ->> 'channel' as channel,
           (c.metadata ->> 'start_date')::timestamptz as starts_at, (c.metadata ->> 'end_date')::timestamptz as ends_at,
           (c.metadata ->> 'budget')::numeric as budget
    from unified.entities c
    where c.entity_type = 'campaign' and c.collection = %(collection)s and c.deleted_at is null
      and coalesce((c.metadata ->> 'end_date')::timestamptz, 'infinity') >= %(since)s
      and (%(organisation)s::text is null or c.id in (
            select f.entity_id from unified.facts f
            where f.told_for = %(organisation)s and f.confidence > 0.5 and f.valid_to is null))
    order by starts_at desc nulls last, ref
    limit %(limit)s
)
select own.*,
       array(select e.slug from unified.relationships r
             join unified.entities e on e.id = r.dst and e.deleted_at is null
             join unified.events ev on ev.entity_id = e.id
             where r.src = own.id and r.type = 'PROMOTES' and (r.valid_to is null or r.valid_to > %(now)s)
             order by ev.starts_at, e.slug) as promotes,
       coalesce((select a.people from unified.audience(own.id, %(now)s) a where a.type = 'CONVERTED_VIA'),
                %(least)s::bigint) as converted
from own
order by own.starts_at desc nulls last, own.ref;

-- name: own_events
-- Events that were on within a window or are still to be, those to come first, the nearest before the others.
with own as (
    select e.id, e.name, e.slug as ref, ev.starts_at, ev.until, ev.timezone, ev.status
    from unified.events ev
    join unified.entities e on e.id = ev.entity_id and e.deleted_at is null
    where e.collection = %(collection)s and ev.until >= %(since)s
      and (%(organisation)s::text is null or e.id in (
            select f.entity_id from unified.facts f
            where f.told_for = %(organisation)s and f.confidence > 0.5 and f.valid_to is null))
    order by ev.until > %(now)s desc, abs(extract(epoch from ev.starts_at - %(now)s)), e.slug
    limit %(limit)s
)
select own.*, coalesce(came.attended, %(least)s::bigint) as attended, coalesce(came.bought, %(least)s::bigint) as bought,
       coalesce(came.shared, %(least)s::bigint) as shared, coalesce(s.answers, %(least)s::bigint) as answers
from own
cross join lateral (
    select max(a.people) filter (where a.type = 'ATTENDED') as attended,
           max(a.people) filter (where a.type = 'PURCHASED') as bought,
           max(a.people) filter (where a.type = 'SHARED') as shared
    from unified.audience(own.id, %(now)s) a
) came
left join unified.showings(array(select id from own), %(counted_since)s, %(now)s) s on s.entity = own.id
order by own.until > %(now)s desc, abs(extract(epoch from own.starts_at - %(now)s)), own.ref;
