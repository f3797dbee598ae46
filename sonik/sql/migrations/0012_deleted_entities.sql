-- An edge whose end is deleted stays out of the graph: which entities are, without reading all of them.

set local search_path = unified;

create index entities_deleted on entities (id) where deleted_at is not null;
