-- name: alone
-- One linker at a time in a collection: two would each miss what the other adds.
select pg_advisory_xact_lock(hashtextextended('sonik.knowledge.' || %(collection)s, 0));

-- name: documents
select d.entity_id as id, e.name as title, d.content_hash, e.owner_org, e.visibility, e.collection
from unified.documents d
join unified.entities e on e.id = d.entity_id and e.deleted_at is null
where d.entity_id = any(%(ids)s);

-- name: passages
select p.entity_id as id, p.document_id, p.position, p.text, p.owner_org, p.visibility, p.collection
from unified.passages p
where p.document_id = any(%(ids)s);

-- name: upsert_documents
insert into unified.documents (entity_id, external_id, url, lang, content_hash)
select entity_id, external_id, url, lang, decode(content_hash, 'hex')
from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, external_id text, url text, lang text, content_hash text)
on conflict (entity_id) do update set url = excluded.url, lang = excluded.lang, content_hash = excluded.content_hash;

-- name: upsert_passages
insert into unified.passages (entity_id, document_id, external_id, position, text, folded, words, owner_org, visibility,
                              collection)
select entity_id, document_id, external_id, position, text, folded, words, owner_org, visibility, collection
from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, document_id uuid, external_id text, position integer, text text,
    folded text, words text[], owner_org text, visibility text, collection text)
on conflict (entity_id) do update set external_id = excluded.external_id, text = excluded.text,
    folded = excluded.folded, words = excluded.words, owner_org = excluded.owner_org, visibility = excluded.visibility;

-- name: remove_passages
delete from unified.passages where entity_id = any(%(ids)s);

-- name: edges_of
-- How some passages are linked now.
select eid, src, dst, type, base_weight, confidence, source, sources, timestamp, observed_at, valid_from, valid_to,
       told_at_src, told_at_dst, properties, owner_org, visibility, collection
from unified.relationships
where src = any(%(ids)s) and type in ('NAMES', 'PART_OF') and retracted_at is null;

-- name: known_phrases
select folded, name, entity_id, first_passage, titles, owner_org, visibility, collection
from unified.phrases
where collection = %(collection)s and folded = any(%(keys)s)
  and ((visibility = %(visibility)s and owner_org is not distinct from %(owner_org)s)
       or (visibility = 'public' and entity_id is not null));

-- name: passages_naming
-- Passages, but for some, that name one of these titles and are not joined to it: found by their words, then read.
select x.folded, p.entity_id as id, p.owner_org, p.visibility, p.collection
from jsonb_to_recordset(%(rows)s) as x (folded text, words text[], phrase uuid)
cross join lateral (
    select entity_id, owner_org, visibility, collection
    from unified.passages
    where words @> x.words and collection = %(collection)s
      and position(' ' || x.folded || ' ' in ' ' || folded || ' ') > 0
      and (%(visibility)s = 'public' or visibility = 'public'
           or (visibility = %(visibility)s and owner_org is not distinct from %(owner_org)s))
      and entity_id <> all(%(but)s)
) p
where not exists (select from unified.relationships r
                  where r.src = p.entity_id and r.type = 'NAMES' and r.dst = x.phrase and r.retracted_at is null);

-- name: forget_candidates
delete from unified.phrases where entity_id is null and first_passage = any(%(ids)s);

-- name: count_phrases
-- What is added to the counts of phrases; a title says how the phrase is written.
insert into unified.phrases (folded, name, entity_id, first_passage, titles, document_frequency, owner_org, visibility,
                             collection)
select folded, name, entity_id, first_passage, greatest(titles, 0), greatest(document_frequency, 0), owner_org,
       visibility, collection
from jsonb_to_recordset(%(rows)s) as x (folded text, name text, entity_id uuid, first_passage uuid, titles integer,
    document_frequency integer, owner_org text, visibility text, collection text)
on conflict (collection, folded, visibility, coalesce(owner_org, '')) do update set
    name = case when excluded.titles > 0 then excluded.name else phrases.name end,
    entity_id = coalesce(phrases.entity_id, excluded.entity_id),
    first_passage = case when excluded.entity_id is null then phrases.first_passage end,
    titles = greatest(phrases.titles + excluded.titles, 0),
    document_frequency = greatest(phrases.document_frequency + excluded.document_frequency, 0);

-- name: uncount_phrases
-- What is taken off the counts; phrases nobody uses any more are gone.
with fewer as (
    update unified.phrases p
    set titles = greatest(p.titles - x.titles, 0),
        document_frequency = greatest(p.document_frequency - x.document_frequency, 0)
    from jsonb_to_recordset(%(rows)s) as x (entity_id uuid, titles integer, document_frequency integer,
        owner_org text, visibility text)
    where p.entity_id = x.entity_id and p.visibility = x.visibility and p.owner_org is not distinct from x.owner_org
    returning p.entity_id, p.titles, p.document_frequency
)
select entity_id as id from fewer where titles = 0 and document_frequency = 0;

-- name: remove_phrases
delete from unified.phrases where entity_id = any(%(ids)s);

-- name: withdraw_statements
delete from unified.statements where passage_id = any(%(ids)s) returning src, dst;

-- name: insert_statements
insert into unified.statements (passage_id, src, dst, predicate, owner_org, visibility, collection)
select passage_id, src, dst, predicate, owner_org, visibility, collection
from jsonb_to_recordset(%(rows)s) as x (passage_id uuid, src uuid, dst uuid, predicate text, owner_org text,
    visibility text, collection text)
on conflict do nothing;

-- name: stated
-- What is said of some pairs of phrases, in the words of the first that says so.
select s.src, s.dst, min(s.predicate) as predicate
from unnest(%(sources)s::uuid[], %(targets)s::uuid[]) as wanted (src, dst)
join unified.statements s on s.src = wanted.src and s.dst = wanted.dst
group by s.src, s.dst;

-- name: analyze
analyze unified.entities, unified.relationships, unified.documents, unified.passages, unified.phrases,
        unified.statements;
