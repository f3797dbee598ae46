-- name: entities_by_id
select id, entity_type, name, slug, canonical_id, claim_status, claimed_by, market, metadata, version,
       owner_org, visibility, collection
from unified.entities
where id = any(%(ids)s) and deleted_at is null;

-- name: changed_since
-- Those of these entities that are no longer of the version given, each by one look-up, or are gone.
select known.id::uuid as id from jsonb_each_text(%(versions)s) as known (id, version)
where (select e.version from unified.entities e where e.id = known.id::uuid and e.deleted_at is null)
      is distinct from known.version::bigint;

-- name: current_facts
-- `offset` keeps this one index look-up an entity, as in `identifiers_by_value`.
select held.*
from jsonb_array_elements_text(%(ids)s) as wanted
cross join lateral (
    select id, entity_id, attribute, value, source, trust, confidence, observed_at, owner_org, visibility, collection
    from unified.facts f
    where f.entity_id = wanted.value::uuid and f.valid_to is null
    offset 0
) held;

-- name: identifiers_by_value
-- Who holds these strong identifiers now. `limit` keeps this one index look-up a key, whatever the statistics say:
-- a table that was just filled has none, and joined as a whole each batch would read all of it.
select held.entity_id
from jsonb_to_recordset(%(keys)s) as wanted (scheme text, value text)
cross join lateral (
    select i.entity_id from unified.identifiers i
    where i.collection = %(collection)s and i.scheme = wanted.scheme and i.value = wanted.value
      and i.is_strong and i.current_to is null
    limit 50
) held;

-- name: identifiers_of
-- Everything these entities are known by now, and who may see them.
select held.*, e.owner_org as entity_owner, e.visibility as entity_visibility
from jsonb_array_elements_text(%(ids)s) as wanted
cross join lateral (
    select owner_org, visibility from unified.entities where id = wanted.value::uuid offset 0
) e
cross join lateral (
    select i.scheme, i.value, i.entity_type, i.entity_id, i.is_strong, i.source, i.observed_at, i.owner_org,
           i.visibility, i.collection
    from unified.identifiers i
    where i.entity_id = wanted.value::uuid and i.current_to is null
    offset 0
) held;

-- name: relationships_of
-- The current edges a batch can change: what starts at its entities, the line-ups of its events, and what its entities
-- told of edges that end at them. The events of an artist are not among them, for they can be thousands; those it
-- states itself come by `relationships_between`.
select eid, src, dst, type, base_weight, confidence, source, sources, timestamp, observed_at, valid_from, valid_to,
       told_at_src, told_at_dst, properties, owner_org, visibility, collection
from unified.relationships
where src = any(%(ids)s) and type <> 'PERFORMS_AT' and retracted_at is null
union all
select eid, src, dst, type, base_weight, confidence, source, sources, timestamp, observed_at, valid_from, valid_to,
       told_at_src, told_at_dst, properties, owner_org, visibility, collection
from unified.relationships
where dst = any(%(event_ids)s) and type = 'PERFORMS_AT' and retracted_at is null
union all
select eid, src, dst, type, base_weight, confidence, source, sources, timestamp, observed_at, valid_from, valid_to,
       told_at_src, told_at_dst, properties, owner_org, visibility, collection
from unified.relationships
where dst = any(%(ids)s) and src <> all(%(ids)s) and type <> 'PERFORMS_AT' and retracted_at is null
  and told_at_dst <> '{}';

-- name: relationships_between
select r.eid, r.src, r.dst, r.type, r.base_weight, r.confidence, r.source, r.sources, r.timestamp, r.observed_at,
       r.valid_from, r.valid_to, r.told_at_src, r.told_at_dst, r.properties, r.owner_org, r.visibility, r.collection
from unnest(%(sources)s::uuid[], %(types)s::text[], %(targets)s::uuid[]) as wanted (src, type, dst)
join unified.relationships r on r.src = wanted.src and r.type = wanted.type and r.dst = wanted.dst
    and r.retracted_at is null;

-- name: aliases_of
select held.*
from jsonb_array_elements_text(%(ids)s) as wanted
cross join lateral (
    select entity_id, folded, owner_org, visibility, collection from unified.aliases a
    where a.entity_id = wanted.value::uuid
    offset 0
) held;

-- name: tellings_of
select entity_id, partial, observed_at, words
from unified.tellings
where source = %(source)s and entity_id = any(%(ids)s);

-- name: upsert_tellings
-- A rival may have told of a later moment meanwhile.
insert into unified.tellings (entity_id, source, partial, observed_at, words)
select entity_id, source, partial, observed_at, words
from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, source text, partial boolean, observed_at timestamptz,
    words text[])
on conflict (entity_id, source, partial) do update set observed_at = excluded.observed_at, words = excluded.words
where tellings.observed_at <= excluded.observed_at;

-- name: taken_slugs
select slug from unified.entities where collection = %(collection)s
  and slug = any(array(select jsonb_array_elements_text(%(slugs)s)));

-- name: sources
select code, trust from unified.sources;

-- name: upsert_sources
insert into unified.sources (code, trust)
select code, trust from jsonb_to_recordset(%(rows)s) as x (code text, trust smallint)
on conflict (code) do update set trust = excluded.trust
where sources.trust <> excluded.trust;

-- name: insert_entities
insert into unified.entities (id, entity_type, name, slug, canonical_id, market, metadata, owner_org, visibility,
                              collection, created_at, updated_at)
select id, entity_type, name, slug, canonical_id, market, metadata, owner_org, visibility, collection,
       %(now)s, %(now)s
from jsonb_to_recordset(%(rows)s) as x (id uuid, entity_type text, name text, slug text, canonical_id text,
    market text, metadata jsonb, owner_org text, visibility text, collection text);

-- name: update_entities
-- Only as they were read: a row that a rival changed meanwhile is left, and the unit of work begins anew.
update unified.entities e
set name = x.name, slug = x.slug, canonical_id = x.canonical_id, market = x.market, metadata = x.metadata, owner_org = x.owner_org,
    visibility = x.visibility, version = e.version + 1, updated_at = %(now)s
from jsonb_to_recordset(%(rows)s) as x (id uuid, name text, slug text, canonical_id text, market text, metadata jsonb,
    owner_org text, visibility text, version bigint)
where e.id = x.id and e.version = x.version;

-- name: upsert_venue
insert into unified.venues (entity_id, address, city, lat, lng, capacity, genres)
select entity_id, address, city, lat, lng, capacity, coalesce(genres, '{}')
from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, address text, city text, lat double precision,
    lng double precision, capacity integer, genres text[])
on conflict (entity_id) do update set address = excluded.address, city = excluded.city, lat = excluded.lat,
    lng = excluded.lng, capacity = excluded.capacity, genres = excluded.genres;

-- name: upsert_artist
insert into unified.artists (entity_id, city, genres)
select entity_id, city, coalesce(genres, '{}')
from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, city text, genres text[])
on conflict (entity_id) do update set city = excluded.city, genres = excluded.genres;

-- name: upsert_organization
insert into unified.organizations (entity_id, org_type, city)
select entity_id, org_type, city
from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, org_type text, city text)
on conflict (entity_id) do update set org_type = excluded.org_type, city = excluded.city;

-- name: upsert_person
insert into unified.people (entity_id, person_type)
select entity_id, person_type
from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, person_type text)
on conflict (entity_id) do update set person_type = excluded.person_type;

-- name: upsert_brand
insert into unified.brands (entity_id)
select entity_id from jsonb_to_recordset(%(rows)s) as x (entity_id uuid)
on conflict (entity_id) do nothing;

-- name: upsert_event
insert into unified.events (entity_id, starts_at, ends_at, until, night, timezone, status, genres, price_min,
                            price_max, currency, is_free, ticket_url)
select entity_id, starts_at, ends_at, until, night, timezone, coalesce(status, 'scheduled'), coalesce(genres, '{}'),
       price_min, price_max, currency, is_free, ticket_url
from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, starts_at timestamptz, ends_at timestamptz,
    until timestamptz, night date, timezone text, status text, genres text[], price_min numeric, price_max numeric,
    currency text, is_free boolean, ticket_url text)
on conflict (entity_id) do update set starts_at = excluded.starts_at, ends_at = excluded.ends_at,
    until = excluded.until, night = excluded.night, timezone = excluded.timezone, status = excluded.status,
    genres = excluded.genres, price_min = excluded.price_min, price_max = excluded.price_max,
    currency = excluded.currency, is_free = excluded.is_free, ticket_url = excluded.ticket_url;

-- name: close_identifiers
update unified.identifiers i
set current_to = %(now)s
from jsonb_to_recordset(%(rows)s) as x (scheme text, value text, entity_type text, entity_id uuid)
where i.scheme = x.scheme and i.value = x.value and i.entity_type = x.entity_type and i.entity_id = x.entity_id
  and i.current_to is null;

-- name: insert_identifiers
insert into unified.identifiers (scheme, value, entity_type, entity_id, is_strong, source, observed_at,
                                 current_from, owner_org, visibility, collection)
select scheme, value, entity_type, entity_id, is_strong, source, observed_at, %(now)s, owner_org, visibility, collection
from jsonb_to_recordset(%(rows)s) as x (scheme text, value text, entity_type text, entity_id uuid,
    is_strong boolean, source text, observed_at timestamptz, owner_org text, visibility text, collection text)
on conflict (entity_id, scheme, value) where not is_strong and current_to is null do nothing;

-- name: insert_aliases
insert into unified.aliases (entity_id, alias, folded, source, owner_org, visibility, collection)
select entity_id, alias, folded, source, owner_org, visibility, collection
from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, alias text, folded text, source text, owner_org text,
    visibility text, collection text)
on conflict (entity_id, folded) do update set owner_org = excluded.owner_org, visibility = excluded.visibility;

-- name: close_facts
update unified.facts set valid_to = greatest(valid_from, %(now)s) where id = any(%(ids)s);

-- name: insert_facts
-- A row holds all that one source says of an entity at a time.
insert into unified.facts (entity_id, attribute, value, source, trust, confidence, observed_at, valid_from,
                           source_url, owner_org, visibility, collection)
select x.entity_id, said.attribute, said.value, x.source, x.trust, x.confidence, x.observed_at, %(now)s, x.source_url,
       x.owner_org, x.visibility, x.collection
from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, said jsonb, source text, trust smallint, confidence real,
    observed_at timestamptz, source_url text, owner_org text, visibility text, collection text)
cross join lateral jsonb_each(x.said) as said (attribute, value);

-- name: insert_relationships
-- A row holds all edges that are alike but for their ends and properties; each goes to the outbox at once.
with added as (
    insert into unified.relationships (eid, src, dst, type, base_weight, confidence, source, sources, timestamp,
                                       observed_at, valid_from, valid_to, told_at_src, told_at_dst, properties,
                                       owner_org, visibility, collection)
    select coalesce(e.eid, uuidv7()), e.src, e.dst, x.type, x.base_weight, x.confidence, x.source,
           coalesce(x.sources, array[x.source]), x.timestamp, coalesce(x.observed_at, x.timestamp),
           coalesce(x.valid_from, %(now)s), x.valid_to, coalesce(x.told_at_src, array[x.source]),
           coalesce(x.told_at_dst, '{}'), e.properties, x.owner_org, x.visibility, x.collection
    from jsonb_to_recordset(%(rows)s) as x (edges jsonb, type text, base_weight real, confidence real, source text,
        sources text[], timestamp timestamptz, observed_at timestamptz, valid_from timestamptz, valid_to timestamptz,
        told_at_src text[], told_at_dst text[], owner_org text, visibility text, collection text)
    cross join lateral jsonb_to_recordset(x.edges) as e (eid uuid, src uuid, dst uuid, properties jsonb)
    returning eid
)
insert into unified.outbox (aggregatetype, aggregateid, type)
select 'relationship', eid::text, 'upsert' from added;

-- name: update_relationships
update unified.relationships r
set sources = x.sources, source = x.sources[1], confidence = x.confidence, timestamp = x.timestamp,
    observed_at = x.observed_at, valid_from = coalesce(x.valid_from, r.valid_from), valid_to = x.valid_to,
    told_at_src = x.told_at_src, told_at_dst = x.told_at_dst, properties = x.properties, owner_org = x.owner_org,
    visibility = x.visibility
from jsonb_to_recordset(%(rows)s) as x (eid uuid, sources text[], confidence real, timestamp timestamptz,
    observed_at timestamptz, valid_from timestamptz, valid_to timestamptz, told_at_src text[], told_at_dst text[],
    properties jsonb, owner_org text, visibility text)
where r.eid = x.eid;

-- name: close_relationships
-- What had ended before stays ended when it was said to.
update unified.relationships
set retracted_at = greatest(observed_at, %(now)s),
    valid_to = greatest(valid_from, least(valid_to, %(now)s::timestamptz))
where eid = any(%(eids)s);

-- name: append_outbox
insert into unified.outbox (aggregatetype, aggregateid, type)
select 'entity', changed.value, 'upsert' from jsonb_array_elements_text(%(entities)s) as changed
union all
select 'relationship', changed.value, 'upsert' from jsonb_array_elements_text(%(edges)s) as changed;

-- name: last_appended
-- The place up to which everything of this transaction is carried.
select pg_current_xact_id()::text::bigint as txid, max(seq) as seq from unified.outbox
where txid = pg_current_xact_id();

-- name: has_grown
-- Whether a delivery made enough entities to be looked at anew at once; what grows by less, autovacuum sees to.
select reltuples from pg_class where oid = 'unified.entities'::regclass and %(created)s > reltuples / 10;

-- name: analyze
-- After a large delivery: without fresh statistics the planner joins a thousand events the slow way, 100x slower.
analyze unified.entities, unified.events, unified.venues, unified.artists, unified.relationships, unified.facts,
        unified.identifiers, unified.aliases;

-- name: append_audit
-- People are named by salted references.
insert into unified.audit_log (at, correlation_id, actor, organisation, role, action, collection, details)
values (%(now)s, %(correlation_id)s, unified.audit_ref(%(actor)s), unified.audit_ref(%(organisation)s), %(role)s,
        %(action)s, %(collection)s, %(details)s);

-- name: append_calls
-- Whoever was cancelled while the database committed writes the same calls again.
insert into unified.audit_log (id, at, correlation_id, actor, organisation, key, role, action, target, outcome, ms,
                               arguments, collection)
select id, at, correlation_id, unified.audit_ref(actor), unified.audit_ref(organisation), key, role, action, target,
       outcome, ms, arguments, collection
from jsonb_to_recordset(%(rows)s) as x (id uuid, at timestamptz, correlation_id text, actor text, organisation text,
    key text, role text, action text, target text, outcome text, ms double precision, arguments text, collection text)
on conflict (id) do nothing;

-- name: append_note
-- What the log says of itself: that calls were lost, or that old rows were forgotten.
insert into unified.audit_log (at, correlation_id, actor, role, action, collection, details)
values (%(now)s, %(correlation_id)s, unified.audit_ref('audit'), 'staff', %(action)s, 'live', %(details)s);

-- name: find_idempotency_key
select request_hash, response from unified.idempotency_keys
where collection = %(collection)s and owner_org is not distinct from %(owner_org)s and actor = %(actor)s
  and key = %(key)s;

-- name: store_idempotency_key
insert into unified.idempotency_keys (collection, owner_org, actor, key, request_hash, response)
values (%(collection)s, %(owner_org)s, %(actor)s, %(key)s, %(request_hash)s, %(response)s);

-- name: source_cursor
select cursor from unified.source_cursors where collection = %(collection)s and source = %(source)s;

-- name: move_source_cursor
insert into unified.source_cursors (collection, source, cursor, updated_at)
values (%(collection)s, %(source)s, %(cursor)s, %(now)s)
on conflict (collection, source) do update set cursor = excluded.cursor, updated_at = excluded.updated_at;

-- name: known_by
-- Entities, and every source that now says anything of them or numbers them.
select e.id, e.name, e.slug as ref,
       array(select f.source from unified.facts f where f.entity_id = e.id and f.valid_to is null
             union
             select i.source from unified.identifiers i where i.entity_id = e.id and i.current_to is null
             order by 1) as sources
from unified.entities e
where e.id = any(%(ids)s) and e.deleted_at is null;

-- name: namesakes
select a.folded, e.id
from unified.aliases a
join unified.entities e on e.id = a.entity_id and e.deleted_at is null and e.entity_type = %(kind)s
where a.collection = %(collection)s and a.folded = %(folded)s
order by e.id
limit 5;

-- name: upsert_entities
-- Things that are the same by their id, such as documents: what is delivered of them replaces what was.
insert into unified.entities (id, entity_type, name, slug, metadata, owner_org, visibility, collection, created_at,
                              updated_at)
select id, entity_type, name, slug, metadata, owner_org, visibility, collection, %(now)s, %(now)s
from jsonb_to_recordset(%(rows)s) as x (id uuid, entity_type text, name text, slug text, metadata jsonb,
    owner_org text, visibility text, collection text)
on conflict (id) do update set name = excluded.name, metadata = excluded.metadata, owner_org = excluded.owner_org,
    visibility = excluded.visibility, version = entities.version + 1, updated_at = excluded.updated_at,
    deleted_at = null;

-- name: forget_relationships
-- What is taken away may come again, and must not come with the edges it had: its vertex takes them along.
delete from unified.relationships where src = any(%(ids)s) or dst = any(%(ids)s);

-- name: remove_entities
update unified.entities set deleted_at = %(now)s, version = version + 1 where id = any(%(ids)s);

-- name: touch_entities
update unified.entities set version = version + 1, updated_at = %(now)s where id = any(%(ids)s);

-- name: called_off
select e.slug as ref, e.version, ev.status
from unified.entities e
join unified.events ev on ev.entity_id = e.id
where e.id = any(%(ids)s) and ev.until > %(now)s and ev.status in ('cancelled', 'postponed')
order by ev.starts_at, e.slug;

-- name: edges_closed_here
-- The edges this very transaction took back, by its own outbox rows; one that gave way to another of its kind is moved.
select r.eid, s.slug as src, r.type, d.slug as dst
from (select distinct aggregateid::uuid as eid from unified.outbox
      where txid = pg_current_xact_id() and aggregatetype = 'relationship') o
join unified.relationships r using (eid)
join unified.entities s on s.id = r.src
join unified.entities d on d.id = r.dst
where r.retracted_at is not null
  and not (r.type = any(%(single)s::text[]) and exists (
        select from unified.relationships n
        where n.src = r.src and n.type = r.type and n.retracted_at is null and n.eid <> r.eid))
order by r.eid;
