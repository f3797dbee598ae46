-- What a source last told of an entity, and when what it calls it by was seen: an older record overturns nothing newer.

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
