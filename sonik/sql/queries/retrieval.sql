-- name: by_alias
-- Entities whose folded name or alias is one of these phrases.
select a.folded, e.id, e.entity_type, e.market, ev.starts_at, ev.until
from unified.aliases a
join unified.entities e on e.id = a.entity_id and e.deleted_at is null
left join unified.events ev on ev.entity_id = e.id
where a.collection = %(collection)s and a.folded = any(%(phrases)s)
limit 500;

-- name: by_identifier
select i.value as folded, e.id, e.entity_type, e.market, ev.starts_at, ev.until
from unified.identifiers i
join unified.entities e on e.id = i.entity_id and e.deleted_at is null
left join unified.events ev on ev.entity_id = e.id
join unnest(%(schemes)s::text[], %(values)s::text[]) as wanted (scheme, value) using (scheme, value)
where i.collection = %(collection)s and i.current_to is null
limit 50;

-- name: by_ref
-- One entity by its id, a former id, its slug, or an exact alias; of those that share a name the one most sources tell of.
select id, entity_type, rank from (
    select e.id, e.entity_type, 1 as rank from unified.entities e
    where e.id = %(uuid)s and e.collection = %(collection)s and e.deleted_at is null
    union all
    -- Row security keeps this from the index, so all are read: only for an id that nobody has now.
    select e.id, e.entity_type, 2 from unified.entities e
    where %(uuid)s::uuid is not null and not exists (select from unified.entities now where now.id = %(uuid)s)
      and e.previous_ids @> array[%(uuid)s::uuid] and e.collection = %(collection)s and e.deleted_at is null
    union all
    select e.id, e.entity_type, 3 from unified.entities e
    where e.slug = %(slug)s and e.collection = %(collection)s and e.deleted_at is null
    union all
    (select e.id, e.entity_type, 4 from unified.aliases a join unified.entities e on e.id = a.entity_id
     where a.folded = %(folded)s and a.collection = %(collection)s and e.deleted_at is null
     limit 50)
) found
order by rank,
         (select count(distinct f.source) from unified.facts f
          where f.entity_id = found.id and f.valid_to is null) desc,
         id
limit 5;

-- name: refs_starting
-- Entities one of whose names begins so; a range and not a pattern, so that the index answers under any row security.
select distinct e.slug as ref
from unified.aliases a
join unified.entities e on e.id = a.entity_id and e.deleted_at is null
where a.collection = %(collection)s and a.folded >= %(least)s and a.folded < %(most)s
order by e.slug
limit %(limit)s;

-- name: listing
-- What is on in a window: what starts in it first, then what is already running.
select e.id, e.entity_type, ev.starts_at >= %(start)s as starts_within,
       count(*) over () as total
from unified.events ev
join unified.entities e on e.id = ev.entity_id and e.deleted_at is null
where e.collection = %(collection)s
  and ev.starts_at < %(end)s and ev.until > %(start)s and ev.until > %(now)s
  and (ev.starts_at >= %(start)s - interval '48 hours' or ev.is_long)
  and (%(market)s::text is null or e.market = %(market)s)
  and (%(genres)s::text[] is null or ev.genres && %(genres)s)
  and (%(price_max)s::numeric is null or coalesce(ev.price_min, case when ev.is_free then 0 end) <= %(price_max)s)
  and (%(free)s::boolean is null or coalesce(ev.is_free, ev.price_min = 0) = %(free)s)
  and (%(lat)s::double precision is null or exists (
        select from unified.relationships h join unified.venues v on v.entity_id = h.dst
        where h.src = e.id and h.type = 'HOSTED_BY' and h.valid_to is null
          and v.lat between %(lat)s - %(km)s / 111.0 and %(lat)s + %(km)s / 111.0
          and 2 * 6371 * asin(sqrt(least(1, power(sin(radians(v.lat - %(lat)s) / 2), 2)
              + cos(radians(%(lat)s)) * cos(radians(v.lat))
                * power(sin(radians(v.lng - %(lng)s) / 2), 2)))) <= %(km)s))
  and (%(with_cancelled)s or ev.status not in ('cancelled', 'postponed'))
order by starts_within desc,
         case when %(sort)s = 'price' then coalesce(ev.price_min, case when ev.is_free then 0 end) end nulls last,
         ev.starts_at, e.slug
limit %(limit)s offset %(offset)s;

-- name: events_around
-- What is on around named entities (theirs, or the named events themselves), and how many of the names each belongs to.
with named as (select id, place from unnest(%(ids)s::uuid[], %(places)s::integer[]) as n (id, place)),
beside as (
    select r.src as id, n.place from named n
    join unified.relationships r on r.dst = n.id and r.type in ('HOSTED_BY', 'PROMOTED_BY') and r.valid_to is null
    union
    select r.dst, n.place from named n
    join unified.relationships r on r.src = n.id and r.type = 'PERFORMS_AT' and r.valid_to is null
    union
    select id, place from named
),
around as (select id, count(distinct place)::integer as names from beside group by id)
select e.id, e.entity_type as kind, e.market, ev.starts_at, ev.until, ev.price_min, ev.is_free,
       coalesce(ev.genres, '{}') as genres, hv.lat, hv.lng, around.names
from around
join unified.events ev on ev.entity_id = around.id
join unified.entities e on e.id = ev.entity_id and e.deleted_at is null
left join unified.relationships h on h.src = e.id and h.type = 'HOSTED_BY' and h.valid_to is null
left join unified.venues hv on hv.entity_id = h.dst
where ev.starts_at < %(end)s and ev.until > %(start)s and ev.until > %(now)s
  and (ev.status not in ('cancelled', 'postponed') or e.id = any(%(ids)s))
order by ev.starts_at >= %(start)s desc, ev.starts_at, e.slug
limit %(limit)s;

-- name: outlines
-- As much of some entities as the filters need.
select e.id, e.entity_type as kind, e.market, ev.starts_at, ev.until, ev.price_min, ev.is_free,
       coalesce(ev.genres, '{}') as genres, hv.lat, hv.lng
from unified.entities e
left join unified.events ev on ev.entity_id = e.id
left join unified.relationships h on h.src = ev.entity_id and h.type = 'HOSTED_BY' and h.valid_to is null
left join unified.venues hv on hv.entity_id = h.dst
where e.id = any(%(ids)s) and e.deleted_at is null;

-- name: namesakes
-- Of some entities those that are only mentioned, each with its namesakes of one kind and market (or any market, where
-- its own is not known) that a record tells of, the one most sources tell of first. A mention is half as sure.
select distinct b.id as mentioned, e.id as told, e.market,
       (select count(distinct f.source) from unified.facts f
        where f.entity_id = e.id and f.valid_to is null and f.confidence > 0.5) as sources
from unified.entities b
join unified.aliases a on a.entity_id = b.id
join unified.aliases o on o.collection = a.collection and o.folded = a.folded and o.entity_id <> b.id
join unified.entities e on e.id = o.entity_id and e.entity_type = b.entity_type and e.deleted_at is null
where b.id = any(%(ids)s) and b.deleted_at is null and (b.market is null or e.market = b.market)
  and not exists (select from unified.facts f
                  where f.entity_id = b.id and f.valid_to is null and f.confidence > 0.5)
  and exists (select from unified.facts f
              where f.entity_id = e.id and f.valid_to is null and f.confidence > 0.5)
order by mentioned, sources desc, told;

-- name: cards
-- Everything a result shows of an entity, in one row each.
select e.id, e.entity_type as kind, e.name, e.slug as ref, e.market, e.version, e.claim_status, e.canonical_id,
       case when pa.text is null then e.metadata else e.metadata || jsonb_build_object('description', pa.text) end
       as metadata, e.updated_at,
       ev.starts_at, ev.ends_at, ev.until, ev.night, ev.timezone, ev.status, ev.price_min, ev.price_max, ev.currency,
       ev.is_free, ev.ticket_url, coalesce(ev.genres, v.genres, a.genres, '{}') as genres,
       coalesce(v.address, hv.address) as address, coalesce(v.city, a.city, o.city, hv.city) as city,
       coalesce(v.lat, hv.lat) as lat, coalesce(v.lng, hv.lng) as lng, v.capacity,
       host.name as venue, host.slug as venue_ref,
       (select coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'ref', s.slug)
                                  order by (r.properties ->> 'position')::int nulls last, s.name), '[]')
        from unified.relationships r join unified.entities s on s.id = r.src
        where r.dst = e.id and r.type = 'PERFORMS_AT' and r.valid_to is null) as lineup,
       (select coalesce(jsonb_agg(jsonb_build_object('name', d.name, 'ref', d.slug) order by d.name), '[]')
        from unified.relationships r join unified.entities d on d.id = r.dst
        where r.src = e.id and r.type = 'PROMOTED_BY' and r.valid_to is null) as promoters,
       (select coalesce(jsonb_agg(distinct jsonb_build_object('source', f.source, 'seen', f.observed_at::date)), '[]')
        from unified.facts f where f.entity_id = e.id and f.valid_to is null) as sources
from unified.entities e
left join unified.events ev on ev.entity_id = e.id
left join unified.venues v on v.entity_id = e.id
left join unified.artists a on a.entity_id = e.id
left join unified.organizations o on o.entity_id = e.id
left join unified.relationships h on h.src = e.id and h.type = 'HOSTED_BY' and h.valid_to is null
left join unified.entities host on host.id = h.dst
left join unified.venues hv on hv.entity_id = h.dst
left join unified.passages pa on pa.entity_id = e.id
where e.id = any(%(ids)s) and e.deleted_at is null;

-- name: signposts
-- What a way is told by: the names along it.
select id, entity_type as kind, name, slug as ref from unified.entities where id = any(%(ids)s) and deleted_at is null;

-- name: edges_seen
-- Of some edges those that the caller may see by now: a graph may not have heard of it yet.
select eid::text as eid from unified.relationships where eid = any(%(eids)s);

-- name: identifiers_shown
select scheme, value from unified.identifiers
where entity_id = %(id)s and is_strong and scheme not like 'name:%%'
  and current_from <= %(at)s and (current_to is null or current_to > %(at)s)
order by scheme, value;

-- name: relations_shown
-- Without a moment an edge counts whenever it was learned, as long as it has not ended by now. A source of an
-- organisation's own is told where it tells of one of the ends what the caller sees: it may confirm an edge in private.
select o.id, r.type, r.src = %(id)s as outgoing, o.name, o.slug as ref, o.entity_type as kind, r.base_weight,
       r.confidence, array(select s.code from unnest(r.sources) with ordinality as s (code, n)
                           where s.code not like '%%@%%' or exists (select from unified.facts f
                               where f.source = s.code and f.entity_id in (r.src, r.dst)) order by s.n) as sources,
       r.valid_from, r.valid_to, ev.starts_at
from unified.relationships r
join unified.entities o on o.id = case when r.src = %(id)s then r.dst else r.src end and o.deleted_at is null
left join unified.events ev on ev.entity_id = o.id
where (r.src = %(id)s or r.dst = %(id)s) and o.entity_type <> 'event'
  and r.valid_from <= %(at)s and (r.valid_to is null or r.valid_to > least(%(at)s, %(now)s))
order by r.base_weight desc, o.name
limit %(limit)s;

-- name: audience
select type, people from unified.audience(%(id)s, %(now)s) order by type;

-- name: events_shown
-- The coming events of a venue, an artist, a promoter or a campaign.
select e.name, e.slug as ref, ev.starts_at, ev.timezone, ev.status, r.type
from unified.relationships r
join unified.events ev on ev.entity_id = case when r.type in ('PERFORMS_AT', 'PROMOTES') then r.dst else r.src end
join unified.entities e on e.id = ev.entity_id and e.deleted_at is null
where ((r.type in ('PERFORMS_AT', 'PROMOTES') and r.src = %(id)s)
       or (r.type in ('HOSTED_BY', 'PROMOTED_BY') and r.dst = %(id)s))
  and r.valid_to is null and ev.until > %(now)s
order by ev.starts_at, e.slug
limit %(limit)s;

-- name: past_events
-- Events an entity may have had before it at a moment: their time then is known from their facts of then only.
select ev.entity_id as id, r.type
from unified.relationships r
join unified.events ev on ev.entity_id = case when r.type in ('PERFORMS_AT', 'PROMOTES') then r.dst else r.src end
where ((r.type in ('PERFORMS_AT', 'PROMOTES') and r.src = %(id)s)
       or (r.type in ('HOSTED_BY', 'PROMOTED_BY') and r.dst = %(id)s))
  and r.valid_from <= %(at)s and (r.valid_to is null or r.valid_to > %(at)s)
  and (ev.until > %(at)s
       or exists (select from unified.facts f
                  where f.entity_id = ev.entity_id and f.attribute in ('starts_at', 'ends_at') and f.valid_to > %(at)s))
order by ev.starts_at
limit %(most)s;

-- name: past_facts
select id, entity_id, attribute, value, source, trust, confidence, observed_at, owner_org, visibility, collection
from unified.facts
where entity_id = any(%(ids)s) and valid_from <= %(at)s and (valid_to is null or valid_to > %(at)s);

-- name: past_programme
-- Where some events were to be at a moment, who was to play and who had announced them.
select r.src, r.dst, r.type, (r.properties ->> 'position')::int as position
from unified.relationships r
where ((r.type in ('HOSTED_BY', 'PROMOTED_BY') and r.src = any(%(ids)s))
       or (r.type = 'PERFORMS_AT' and r.dst = any(%(ids)s)))
  and r.valid_from <= %(at)s and (r.valid_to is null or r.valid_to > %(at)s);

-- name: facts_shown
-- Who says what of an entity, as of a moment; the winner of each attribute comes first.
select attribute, value, source, trust, confidence, observed_at, valid_from, valid_to, source_url
from unified.facts
where entity_id = %(id)s and valid_from <= %(at)s and (valid_to is null or valid_to > %(at)s)
order by attribute, confidence > 0.5 desc, trust desc, confidence desc, observed_at desc, source desc;

-- name: history_shown
select attribute, value, source, valid_from, valid_to
from unified.facts
where entity_id = %(id)s and valid_to is not null and valid_to <= %(at)s
order by valid_to desc, attribute
limit %(limit)s;
