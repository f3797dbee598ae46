-- Documents, their passages, and the phrases that join passages to each other.

set local search_path = unified;

create table documents (
    entity_id    uuid primary key references entities (id) on delete cascade,
    external_id  text not null check (external_id <> ''),
    url          text,
    lang         text,
    content_hash bytea not null
);

-- `words` are those of title and text that carry meaning: by them the passages that may name a new title are found.
create table passages (
    entity_id   uuid primary key references entities (id) on delete cascade,
    document_id uuid not null references documents (entity_id) on delete cascade,
    external_id text not null check (external_id <> ''),
    position    integer not null check (position >= 0),
    text        text not null,
    folded      text not null,
    words       text[] not null,
    owner_org   text,
    visibility  text not null default 'public' check (visibility in ('public', 'org', 'staff')),
    collection  text not null default 'live',
    unique (document_id, position)
);
create index passages_words on passages using gin (words) with (fastupdate = off);
create index passages_collection on passages (collection);

-- A phrase becomes a vertex when it is a title or a second passage shares it; until then `first_passage` remembers
-- who used it. How common it is, is counted here and judged when it is read: more documents rewrite no old ones.
create table phrases (
    folded             text not null check (folded <> ''),
    name               text not null check (name <> ''),
    entity_id          uuid unique references entities (id) on delete cascade,
    first_passage      uuid references passages (entity_id) on delete set null,
    titles             integer not null default 0 check (titles >= 0),
    document_frequency integer not null default 0 check (document_frequency >= 0),
    owner_org          text,
    visibility         text not null default 'public' check (visibility in ('public', 'org', 'staff')),
    collection         text not null default 'live'
);
create unique index phrases_folded on phrases (collection, folded, visibility, coalesce(owner_org, ''));
create index phrases_first_passage on phrases (first_passage) where first_passage is not null;

-- What somebody extracted: a passage says that one phrase stands in a relation to another.
create table statements (
    passage_id uuid not null references passages (entity_id) on delete cascade,
    src        uuid not null references entities (id) on delete cascade,
    dst        uuid not null references entities (id) on delete cascade,
    predicate  text not null,
    owner_org  text,
    visibility text not null default 'public' check (visibility in ('public', 'org', 'staff')),
    collection text not null default 'live',
    primary key (passage_id, src, dst, predicate)
);
create index statements_ends on statements (src, dst);

do $$
declare
    readable text;
    within_scope constant text := $scope$
        collection = (select current_setting('sonik.collection', true))
        and (visibility = 'public'
             or (select current_setting('sonik.role', true)) = 'staff'
             or (visibility = 'org' and owner_org = (select nullif(current_setting('sonik.org', true), ''))))
        $scope$;
begin
    foreach readable in array array['documents', 'passages', 'phrases', 'statements'] loop
        execute format('alter table %I enable row level security', readable);
        execute format('create policy write_all on %I for all to sonik_writer using (true) with check (true)', readable);
    end loop;
    -- Row security of entities applies inside.
    create policy read_scope on documents for select to sonik_reader
        using (exists (select from entities e where e.id = entity_id));
    execute format('create policy read_scope on passages for select to sonik_reader using (%s)',
                   within_scope || ' and exists (select from entities e where e.id = entity_id)');
    execute format('create policy read_scope on statements for select to sonik_reader using (%s)',
                   within_scope || ' and exists (select from entities e where e.id = passage_id)');
    execute format('create policy read_scope on phrases for select to sonik_reader using (%s)', within_scope);
end
$$;

grant select, insert, update, delete on documents, passages, phrases, statements to sonik_writer;
grant maintain on documents, passages, phrases, statements to sonik_writer;
grant select on documents, passages, phrases, statements to sonik_reader;
