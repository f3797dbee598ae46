-- name: acquaintances
-- Which target an event leads to from a start, by pattern: what the questions ask for and the judgements rest on.
with shown as (
    select id, name, slug, entity_type,
           count(*) over (partition by entity_type, lower(name)) as namesakes
    from unified.entities where deleted_at is null and collection = %(collection)s and visibility = 'public'
), nights as (
    select id, slug from shown where entity_type = 'event'
), plays as (
    select r.src as artist, r.dst as event from unified.relationships r join nights c on c.id = r.dst
    where r.type = 'PERFORMS_AT' and r.retracted_at is null
), hosted as (
    select r.src as event, r.dst as venue from unified.relationships r join nights c on c.id = r.src
    where r.type = 'HOSTED_BY' and r.retracted_at is null
), promoted as (
    select r.src as event, r.dst as promoter from unified.relationships r join nights c on c.id = r.src
    where r.type = 'PROMOTED_BY' and r.retracted_at is null
), led as (
    select 'artists_at_venue' as pattern, h.venue as start, p.artist as target, h.event
    from hosted h join plays p on p.event = h.event
    union
    select 'venues_by_promoter', pr.promoter, h.venue, h.event from promoted pr join hosted h on h.event = pr.event
    union
    select 'similar', a.artist, b.artist, a.event from plays a join plays b on b.event = a.event and b.artist <> a.artist
)
select led.pattern, s.slug as start, s.name, s.id::text as start_id, s.namesakes, t.id::text as target, c.slug as event
from led join shown s on s.id = led.start join shown t on t.id = led.target join nights c on c.id = led.event
order by led.pattern, s.slug, t.slug, c.slug;

-- name: lessons
select eid, lens, learned, traversals, rewards, last_at from unified.edge_learning order by eid, lens;

-- name: put_lessons
update unified.edge_learning known set learned = x.learned
from jsonb_to_recordset(%(rows)s) as x (eid uuid, lens text, learned real)
where known.eid = x.eid and known.lens = x.lens;

-- name: announce
insert into unified.outbox (aggregatetype, aggregateid, type)
select distinct 'relationship', eid::text, 'upsert' from unified.edge_learning;
