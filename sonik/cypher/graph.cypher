// name: register
// One write that names every property of the graph: replayed or reloaded ids of names then never differ.
CREATE (n:SchemaRegister) SET {assignments} WITH n DELETE n

// name: register_label
CREATE (n:{label}) WITH n DELETE n

// name: register_edge
CREATE (a:SchemaRegister)-[r:{type}]->(b:SchemaRegister) DELETE r, a, b

// name: indexes
CALL db.indexes() YIELD label, properties, status RETURN label, properties, status

// name: any_vertex
MATCH (n) RETURN n.id LIMIT 1

// name: cursor
MATCH (c:SinkCursor {sink: 'graph'}) RETURN c.txid, c.seq

// name: make_cursor
// Nothing has been projected yet: the graph is being made.
MERGE (c:SinkCursor {sink: 'graph'}) SET c.txid = 0, c.seq = 0

// name: move_cursor
// Only from where it was read: a graph that was emptied, or goes on from a snapshot, must not pass for whole.
MATCH (c:SinkCursor {sink: 'graph'}) WHERE c.txid = $from_txid AND c.seq = $from_seq
SET c.txid = $txid, c.seq = $seq
RETURN c.txid, c.seq

// name: label_vertices
// Vertices that an edge made before they came themselves. Asked for apart from the upsert: setting a label on a
// vertex the same query made takes time that grows with the graph.
UNWIND $ids AS id MATCH (n:Entity {id: id}) WHERE NOT n:{label} SET n:{label}

// name: upsert_vertices
// The label comes from the ontology; SET n = map drops what the map lacks, so it is a true replacement.
// A late write of a projector that has lost its lease must not undo a newer version.
UNWIND $rows AS row
MERGE (n:Entity:{label} {id: row.id})
WITH n, row WHERE n.version IS NULL OR n.version <= row.version
SET n = row

// name: delete_vertices
UNWIND $ids AS id MATCH (n:Entity {id: id}) DELETE n

// name: upsert_edges
// A row is source, target, then the values of {properties}, of which the id comes first.
UNWIND $rows AS row
MERGE (a:Entity {id: row[0]})
MERGE (b:Entity {id: row[1]})
MERGE (a)-[r:{type} {eid: row[2]}]->(b)
SET r = {{properties}}

// name: create_edges
// The same where none of them can be there yet, in a graph that is being made: three times as fast.
UNWIND $rows AS row
MERGE (a:Entity {id: row[0]})
MERGE (b:Entity {id: row[1]})
CREATE (a)-[r:{type} {{properties}}]->(b)

// name: delete_edges
UNWIND $eids AS eid MATCH ()-[r:{type} {eid: eid}]->() DELETE r

// name: vertex_states
// By exact ids: a range of texts is answered wrongly by the index, which takes some beyond it and leaves others out.
UNWIND $ids AS id MATCH (n:Entity {id: id}) RETURN n.id, n.version, labels(n)

// name: count_vertices
MATCH (n:Entity) RETURN count(n)

// name: vertices
MATCH (n:Entity) RETURN n.id, n.version, labels(n)

// name: edge_states
// No labels at the ends: with one, every edge is looked up once for every vertex.
UNWIND $ids AS eid MATCH (a)-[r:{type} {eid: eid}]->(b) RETURN r.eid, a.id, b.id, r.weight, r.valid_to

// name: count_edges
MATCH ()-[r:{type}]->() RETURN count(r)

// name: edges
MATCH (a)-[r:{type}]->(b) RETURN r.eid, a.id, b.id, r.weight, r.valid_to

// name: neighbourhood
// The strongest edges around some vertices, as of one moment and as one caller may see them. Only edges are sorted and
// gathered: with what is told of each the sort takes twice as long. The first label of every vertex is Entity.
UNWIND $ids AS start
MATCH (a:Entity {id: start}) WITH a MATCH (a)-[r:{types}]-(b)
WHERE r.collection = $collection AND r.valid_from <= $known_by AND r.valid_to > $at
  AND (r.visibility = 'public' OR $staff OR (r.visibility = 'org' AND r.owner_org = $org))
  AND (b.visibility = 'public' OR $staff OR (b.visibility = 'org' AND b.owner_org = $org))
  AND (b.starts_at IS NULL OR (b.starts_at < $until AND b.ends_at > $since))
WITH a, r ORDER BY coalesce(r.{weight}, r.weight) DESC
WITH a, collect(r)[0..$fanout] AS strongest
UNWIND strongest AS r
WITH r, startNode(r) AS s, endNode(r) AS t
RETURN r.eid, type(r), s.id, t.id, coalesce(r.{weight}, r.weight), labels(s)[1], labels(t)[1]
LIMIT $budget

// name: walk
// One step of some routes from some vertices: out along the types in $out, in along those in $into, the strongest
// first and of equals the latest; as of one moment, and as one caller may see them.
UNWIND $ids AS start
MATCH (a:Entity {id: start}) WITH a MATCH (a){tail}[r:{types}]{head}(b)
WHERE r.collection = $collection AND r.valid_from <= $known_by AND r.valid_to > $at AND r.confidence >= $min_confidence
  AND ((startNode(r) = a AND type(r) IN $out) OR (endNode(r) = a AND type(r) IN $into))
  AND (r.visibility = 'public' OR $staff OR (r.visibility = 'org' AND r.owner_org = $org))
  AND (b.visibility = 'public' OR $staff OR (b.visibility = 'org' AND b.owner_org = $org))
WITH a, r, coalesce(r.{weight}, r.weight) AS weight, b.starts_at AS starts_at ORDER BY weight DESC, starts_at DESC
WITH a, collect(r)[0..$fanout] AS strongest
UNWIND strongest AS r
WITH a, r, startNode(r) = a AS outgoing
WITH a, r, outgoing, CASE WHEN outgoing THEN endNode(r) ELSE startNode(r) END AS b
RETURN a.id, r.eid, type(r), outgoing, b.id, coalesce(r.{weight}, r.weight), labels(b)[1], b.name, r.position
LIMIT $budget
