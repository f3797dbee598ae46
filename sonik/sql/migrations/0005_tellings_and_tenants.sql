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

-- What is an organisation's is told by its own source: `<source>@<organisation>`, as `Source.of` writes it.
create function pg_temp.own(source text, org text) returns text language sql immutable as $$
    select case when org is null or source like '%@%' then source
           else source || '@' || replace(replace(org, '%', '%25'), '@', '%40') end
$$;
insert into sources (code, trust)
select distinct pg_temp.own(s.code, t.owner_org), s.trust
from sources s
join (select source, owner_org from facts union select source, owner_org from identifiers
      union select source, owner_org from aliases union select unnest(sources), owner_org from relationships) t
  on t.source = s.code
where t.owner_org is not null
on conflict do nothing;
update facts set source = pg_temp.own(source, owner_org) where owner_org is not null;
update aliases set source = pg_temp.own(source, owner_org) where owner_org is not null;
update identifiers
set source = pg_temp.own(source, owner_org),
    scheme = case when scheme like 'source:%' or scheme like 'name:%' then pg_temp.own(scheme, owner_org) else scheme end
where owner_org is not null;
update relationships
set source = pg_temp.own(source, owner_org),
    sources = array(select pg_temp.own(code, owner_org) from unnest(sources) with ordinality as s (code, n) order by n),
    told_at_src = array(select pg_temp.own(code, owner_org) from unnest(told_at_src) as s (code)),
    told_at_dst = array(select pg_temp.own(code, owner_org) from unnest(told_at_dst) as s (code))
where owner_org is not null;

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
