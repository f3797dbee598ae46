-- name: phrases_named
-- Phrases of the graph that a question may name.
select folded, entity_id as id, name, titles, document_frequency
from unified.phrases
where collection = %(collection)s and folded = any(%(keys)s) and entity_id is not null;

-- name: of_kind
-- Which of these kinds a collection holds.
select kind from unnest(%(kinds)s::text[]) as kind
where exists (select from unified.entities e
              where e.collection = %(collection)s and e.entity_type = kind and e.deleted_at is null);

-- name: documents_of
select entity_id::text as passage, document_id::text as document from unified.passages where entity_id = any(%(ids)s);
