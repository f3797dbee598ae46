-- The truth: entities, identifiers, facts, relationships, and what carries their changes on.

create schema if not exists unified;
set local search_path = unified;

do $$
begin
    if not exists (select from pg_roles where rolname = 'sonik_reader') then
        create role sonik_reader login nosuperuser nocreatedb nocreaterole nobypassrls noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'sonik_writer') then
        create role sonik_writer login nosuperuser nocreatedb nocreaterole nobypassrls noinherit;
    end if;
    execute format('grant sonik_reader, sonik_writer to %I', current_user);
end
$$;

-- Legends: every coded value with its Spanish, Portuguese and English label.

create table legend_entity_types (
    code     text primary key,
    label    text not null unique,
    graph    text not null,
    label_es text not null,
    label_pt text not null,
    label_en text not null
);

create table legend_relationship_types (
    code        text primary key,
    graph       text not null,
    base_weight real not null check (base_weight between 0 and 1),
    is_single   boolean not null default false
);

create table legend_genres (
    code     text primary key,
    label_es text not null,
    label_pt text not null,
    label_en text not null,
    aliases  text[] not null default '{}'
);

create table legend_markets (
    slug     text primary key,
    name     text not null,
    country  char(2) not null,
    timezone text not null,
    currency char(3) not null,
    lat      double precision not null,
    lng      double precision not null,
    aliases  text[] not null default '{}'
);

create table legend_channels (
    code     text primary key,
    label_es text not null,
    label_pt text not null,
    label_en text not null
);

create table status_registry (
    domain      text not null,
    status      text not null,
    label_es    text not null,
    label_pt    text not null,
    label_en    text not null,
    is_terminal boolean not null default false,
    position    smallint not null default 0,
    primary key (domain, status)
);

-- Where facts come from, and how far each source is trusted (0-100); owners beat scrapers.
create table sources (
    code  text primary key,
    trust smallint not null default 50 check (trust between 0 and 100)
);

create table entities (
    id                uuid primary key default uuidv7(),
    entity_type       text not null references legend_entity_types (code),
    name              text not null check (name <> ''),
    slug              text not null check (slug <> ''),
    canonical_id      text,
    claim_domain      text not null generated always as ('claim') stored,
    claim_status      text not null default 'unclaimed',
    claimed_by        text,
    market            text references legend_markets (slug),
    metadata          jsonb not null default '{}',
    previous_ids      uuid[] not null default '{}',
    merge_explanation text,
    version           bigint not null default 1,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    deleted_at        timestamptz,
    owner_org         text,
    visibility        text not null default 'public' check (visibility in ('public', 'org', 'staff')),
    collection        text not null default 'live',
    foreign key (claim_domain, claim_status) references status_registry (domain, status),
    unique (collection, slug)
);
create index entities_type on entities (collection, entity_type, id) where deleted_at is null;
create index entities_previous on entities using gin (previous_ids);

create table venues (
    entity_id uuid primary key references entities (id) on delete cascade,
    address   text,
    city      text,
    lat       double precision check (lat between -90 and 90),
    lng       double precision check (lng between -180 and 180),
    capacity  integer check (capacity >= 0),
    genres    text[] not null default '{}'
);
create index venues_place on venues (lat, lng);

create table artists (
    entity_id uuid primary key references entities (id) on delete cascade,
    city      text,
    genres    text[] not null default '{}'
);

create table organizations (
    entity_id uuid primary key references entities (id) on delete cascade,
    org_type  text,
    city      text
);

create table people (
    entity_id   uuid primary key references entities (id) on delete cascade,
    person_type text
);

create table brands (
    entity_id uuid primary key references entities (id) on delete cascade
);

-- `until` is when it is surely over: the announced end, else an assumed one; the projector and searches use it.
create table events (
    entity_id     uuid primary key references entities (id) on delete cascade,
    starts_at     timestamptz not null,
    ends_at       timestamptz,
    until         timestamptz not null,
    night         date not null,
    timezone      text not null,
    status_domain text not null generated always as ('event') stored,
    status        text not null default 'scheduled',
    genres        text[] not null default '{}',
    price_min     numeric(14, 2) check (price_min >= 0),
    price_max     numeric(14, 2),
    currency      char(3),
    is_free       boolean,
    ticket_url    text,
    constraint until_not_before_start check (until >= starts_at),
    constraint price_max_not_below_price_min check (price_max >= price_min),
    foreign key (status_domain, status) references status_registry (domain, status)
);
create index events_during on events using gist (tstzrange(starts_at, until, '[)'));
create index events_start on events (starts_at);

-- Strong schemes are unique while current; weak ones are evidence only.
create table identifiers (
    id           bigint generated always as identity primary key,
    scheme       text not null,
    value        text not null check (value <> ''),
    entity_type  text not null references legend_entity_types (code),
    entity_id    uuid not null references entities (id) on delete cascade,
    is_strong    boolean not null,
    source       text not null references sources (code),
    current_from timestamptz not null default now(),
    current_to   timestamptz,
    owner_org    text,
    visibility   text not null default 'public' check (visibility in ('public', 'org', 'staff')),
    collection   text not null default 'live'
);
create unique index identifiers_strong on identifiers (collection, scheme, value, entity_type)
    where is_strong and current_to is null;
create unique index identifiers_weak on identifiers (entity_id, scheme, value) where not is_strong and current_to is null;
create index identifiers_value on identifiers (value, scheme);
create index identifiers_entity on identifiers (entity_id);

-- Names by which an entity is mentioned, folded for look-up.
create table aliases (
    entity_id  uuid not null references entities (id) on delete cascade,
    alias      text not null check (alias <> ''),
    folded     text not null check (folded <> ''),
    source     text not null references sources (code),
    owner_org  text,
    visibility text not null default 'public' check (visibility in ('public', 'org', 'staff')),
    collection text not null default 'live',
    primary key (entity_id, folded)
);
create index aliases_folded on aliases (collection, folded);

-- Field-level provenance: who said what, when, and from when to when it held.
create table facts (
    id          bigint generated always as identity primary key,
    entity_id   uuid not null references entities (id) on delete cascade,
    attribute   text not null,
    value       jsonb not null,
    source      text not null references sources (code),
    trust       smallint not null check (trust between 0 and 100),
    confidence  real not null default 1 check (confidence between 0 and 1),
    observed_at timestamptz not null,
    valid_from  timestamptz not null,
    valid_to    timestamptz,
    source_url  text,
    owner_org   text,
    visibility  text not null default 'public' check (visibility in ('public', 'org', 'staff')),
    collection  text not null default 'live',
    check (valid_to >= valid_from)
);
create unique index facts_current on facts (entity_id, attribute, source) where valid_to is null;
create index facts_entity on facts (entity_id);

create table relationships (
    eid         uuid primary key default uuidv7(),
    src         uuid not null references entities (id) on delete cascade,
    dst         uuid not null references entities (id) on delete cascade,
    type        text not null references legend_relationship_types (code),
    base_weight real not null check (base_weight between 0 and 1),
    confidence  real not null default 1 check (confidence between 0 and 1),
    source      text not null references sources (code),
    sources     text[] not null,
    timestamp   timestamptz not null,
    valid_from  timestamptz not null,
    valid_to    timestamptz,
    properties  jsonb not null default '{}',
    owner_org   text,
    visibility  text not null default 'public' check (visibility in ('public', 'org', 'staff')),
    collection  text not null default 'live',
    check (valid_to >= valid_from)
);
create unique index relationships_current on relationships (src, type, dst) where valid_to is null;
create index relationships_src on relationships (src, type);
create index relationships_dst on relationships (dst, type);

create table edge_learning (
    eid        uuid not null references relationships (eid) on delete cascade,
    lens       text not null,
    learned    real not null check (learned between -1 and 1),
    traversals bigint not null default 0,
    rewards    double precision not null default 0,
    last_at    timestamptz,
    primary key (eid, lens)
);

-- What questions walked: appended in batches, read by learning.
create table traversal_log (
    trace_id   text not null,
    at         timestamptz not null,
    actor      text not null,
    owner_org  text,
    collection text not null,
    lens       text not null,
    query      text not null,
    hits       integer not null,
    understood jsonb not null,
    steps      jsonb not null,
    edges      jsonb not null
);
create index traversal_log_trace on traversal_log (trace_id);
create index traversal_log_at on traversal_log (at);

-- Changes on their way to the sinks; the columns are those of Debezium's outbox event router.
create table outbox (
    id            uuid not null default uuidv7(),
    aggregatetype text not null,
    aggregateid   text not null,
    type          text not null,
    payload       jsonb not null default '{}',
    seq           bigint generated always as identity,
    txid          xid8 not null default pg_current_xact_id(),
    created_at    timestamptz not null default now(),
    primary key (txid, seq)
);

create function notify_outbox() returns trigger language plpgsql as $$
begin
    perform pg_notify('sonik_outbox', '');
    return null;
end
$$;
create trigger outbox_notify after insert on outbox for each statement execute function notify_outbox();

create table inbox (
    source      text not null,
    event_id    text not null,
    payload     jsonb not null,
    received_at timestamptz not null default now(),
    handled_at  timestamptz,
    error       text,
    primary key (source, event_id)
);

create table dead_letters (
    id            uuid primary key default uuidv7(),
    sink          text not null,
    aggregatetype text not null,
    aggregateid   text not null,
    error         text not null,
    attempts      integer not null,
    created_at    timestamptz not null default now(),
    unique (sink, aggregatetype, aggregateid)
);

-- One row a sink: how far it has applied, and how far a finished snapshot covers it.
create table sync_state (
    sink          text primary key,
    txid          bigint not null default 0,
    seq           bigint not null default 0,
    covered_txid  bigint not null default 0,
    covered_seq   bigint not null default 0,
    pruned_txid   bigint not null default 0,
    pruned_seq    bigint not null default 0,
    status_domain text not null generated always as ('sync') stored,
    status        text not null default 'idle',
    error         text,
    updated_at    timestamptz not null default now(),
    foreign key (status_domain, status) references status_registry (domain, status)
);

create table embeddings_cache (
    model      text not null,
    text_hash  bytea not null,
    vector     bytea not null,
    created_at timestamptz not null default now(),
    primary key (model, text_hash)
);

create table idempotency_keys (
    key          text not null,
    actor        text not null,
    collection   text not null,
    request_hash bytea not null,
    response     jsonb not null,
    created_at   timestamptz not null default now(),
    primary key (collection, actor, key)
);

create table audit_log (
    id             uuid primary key default uuidv7(),
    at             timestamptz not null default now(),
    correlation_id text not null,
    actor          text not null,
    role           text not null,
    action         text not null,
    collection     text not null,
    details        jsonb not null default '{}'
);
create index audit_log_correlation on audit_log (correlation_id);

-- Row security: what a reader may see is decided here, whatever the query above forgot.

do $$
declare
    readable text;
    within_scope constant text := $scope$
        collection = (select current_setting('sonik.collection', true))
        and (visibility = 'public'
             or (select current_setting('sonik.role', true)) = 'staff'
             or (visibility = 'org' and owner_org = (select nullif(current_setting('sonik.org', true), ''))))
        $scope$;
    -- Row security of entities applies inside: what belongs to a hidden entity is hidden with it.
    entity_seen constant text := 'exists (select from unified.entities e where e.id = %s)';
begin
    foreach readable in array array['entities', 'identifiers', 'aliases', 'facts', 'relationships', 'venues',
                                    'artists', 'organizations', 'people', 'brands', 'events'] loop
        execute format('alter table %I enable row level security', readable);
        execute format('create policy write_all on %I for all to sonik_writer using (true) with check (true)', readable);
        execute format('create policy read_scope on %I for select to sonik_reader using (%s)', readable,
            case
                when readable = 'entities' then within_scope
                when readable in ('identifiers', 'aliases', 'facts')
                    then within_scope || ' and ' || format(entity_seen, 'entity_id')
                when readable = 'relationships'
                    then within_scope || ' and ' || format(entity_seen, 'src') || ' and ' || format(entity_seen, 'dst')
                else format(entity_seen, 'entity_id')
            end);
    end loop;
end
$$;

grant usage on schema unified to sonik_reader, sonik_writer;
grant select, insert, update, delete on all tables in schema unified to sonik_writer;
grant usage, select on all sequences in schema unified to sonik_writer;
grant maintain on all tables in schema unified to sonik_writer;
revoke update, delete on audit_log, traversal_log from sonik_writer;
grant select on entities, venues, artists, organizations, people, brands, events, identifiers, aliases, facts,
    relationships, legend_entity_types, legend_relationship_types, legend_genres, legend_markets, legend_channels,
    status_registry to sonik_reader;
