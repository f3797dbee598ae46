-- An edge may say itself from when to when it holds, so whether its sources still stand by it is kept apart; and which
-- of its two ends told of it, for a record takes back only what it said itself.

set local search_path = unified;

alter table relationships
    add column observed_at  timestamptz,
    add column retracted_at timestamptz,
    add column told_at_src  text[] not null default '{}',
    add column told_at_dst  text[] not null default '{}';

update relationships
set observed_at = timestamp,
    retracted_at = valid_to,
    told_at_src = case when type = 'PERFORMS_AT' and properties ? 'position' then '{}' else sources end,
    told_at_dst = case when type = 'PERFORMS_AT' and properties ? 'position' then sources else '{}' end;

alter table relationships alter column observed_at set not null;

drop index relationships_current;
create unique index relationships_current on relationships (src, type, dst) where retracted_at is null;
-- A venue has thousands of events and told of none of them; line-ups are found by their event.
create index relationships_told_at_dst on relationships (dst)
    where retracted_at is null and told_at_dst <> '{}' and type <> 'PERFORMS_AT';

-- How far a source has been read, in its own words: written with its records, and given back to whoever goes on.
create table source_cursors (
    collection text not null,
    source     text not null,
    cursor     text not null,
    updated_at timestamptz not null,
    primary key (collection, source)
);
grant select, insert, update, delete on source_cursors to sonik_writer;
