-- What a source last told of an entity, so that an older record overturns nothing newer; and what one organisation
-- calls its own, so that another may call its own the same.

set local search_path = unified;

-- `words` are digests of the records heard of this moment, the one that stands last; partial records have their own row.
create table tellings (
    entity_id   uuid not null references entities (id) on delete cascade,
    source      text not null references sources (code),
    partial     boolean not null,
    observed_at timestamptz not null,
    words       text[] not null default '{}',
    primary key (entity_id, source, partial)
);

insert into tellings (entity_id, source, partial, observed_at)
select entity_id, source, false, max(observed_at)
from facts
where valid_to is null and confidence > 0.5
group by entity_id, source;

-- Null is what was kept before: it is replaced by whatever comes.
alter table identifiers add column observed_at timestamptz;

-- Only for writers: a source that told in private is not to be known by it.
grant select, insert, update, delete on tellings to sonik_writer;
grant maintain on tellings to sonik_writer;

-- A key is its organisation's; the platform counts as one.
alter table jobs drop constraint jobs_key_key;
create unique index jobs_key on jobs (collection, owner_org, key) nulls not distinct where key is not null;

alter table idempotency_keys add column owner_org text;
alter table idempotency_keys drop constraint idempotency_keys_pkey;
create unique index idempotency_keys_key on idempotency_keys (collection, owner_org, actor, key) nulls not distinct;
