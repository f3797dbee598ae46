// name: naming
// The passages that name some phrases, the strongest first, as of one moment and as one caller may see them.
UNWIND $ids AS start
MATCH (a:Entity {id: start}) WITH a MATCH (a)<-[r:NAMES]-(b)
WHERE r.collection = $collection AND r.valid_from <= $known_by AND r.valid_to > $at
  AND (r.visibility = 'public' OR $staff OR (r.visibility = 'org' AND r.owner_org = $org))
WITH a, b, coalesce(r.w_knowledge, r.weight) AS weight ORDER BY weight DESC
RETURN a.id, collect([b.id, weight])[0..$fanout]

// name: named
// The phrases that some passages name, those that tell most first: titles, and the rest by how few passages share them.
UNWIND $ids AS start
MATCH (a:Entity {id: start}) WITH a MATCH (a)-[r:NAMES]->(b)
WHERE r.collection = $collection AND r.valid_from <= $known_by AND r.valid_to > $at
  AND (r.visibility = 'public' OR $staff OR (r.visibility = 'org' AND r.owner_org = $org))
  AND (b.is_title OR b.document_frequency <= $common)
WITH a, b, coalesce(r.w_knowledge, r.weight) AS weight ORDER BY b.document_frequency
RETURN a.id, collect([b.id, weight])[0..$fanout]
