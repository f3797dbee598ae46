-- name: phrases_named
-- Phrases of the graph that a question may name.
select folded, entity_id as id, name, titles, document_frequency
from unified.phrases
where collection = %(collection)s and folded = any(%(keys)s) and entity_id is not null;

-- name: titles_like
-- Titles that begin like some names and are about as long: one of them may be misspelt.
select p.folded, p.entity_id as id, p.name, p.titles, p.document_frequency
from unnest(%(names)s::text[], %(beginnings)s::text[], %(endings)s::text[]) as n (name, least, most)
cross join lateral (
    select * from unified.phrases
    where collection = %(collection)s and folded >= n.least and folded < n.most and titles > 0
      and entity_id is not null and abs(length(folded) - length(n.name)) <= 2
    limit 200
) p;

-- name: held
-- Whether a collection holds documents, and whether it holds anything beside them, their passages and phrases. Ranges
-- are found by index where "none of these" would read every row.
select
    exists (
        select from unified.entities e
        where e.collection = %(collection)s and e.entity_type = 'document' and e.deleted_at is null) as documents,
    exists (
        select from unified.entities e
        where e.collection = %(collection)s and e.deleted_at is null
          and (e.entity_type < 'document' or (e.entity_type > 'document' and e.entity_type < 'passage')
               or (e.entity_type > 'passage' and e.entity_type < 'phrase') or e.entity_type > 'phrase')) as others;

-- name: words_in
-- How many of some words each of these passages has.
select entity_id::text as id, (select count(*) from unnest(%(words)s::text[]) as word where word = any(p.words)) as count
from unified.passages p
where entity_id = any(%(ids)s);

-- name: edges_between
-- The edges along some ways, whichever end they start at.
select r.eid::text as eid, r.src::text as src, r.type, r.dst::text as dst
from unnest(%(ones)s::uuid[], %(others)s::uuid[]) as step (one, other)
join unified.relationships r on (r.src, r.dst) in ((step.one, step.other), (step.other, step.one))
    and r.type in ('NAMES', 'RELATED_TO') and r.valid_to is null;

-- name: documents_of
select entity_id::text as passage, document_id::text as document from unified.passages where entity_id = any(%(ids)s);
