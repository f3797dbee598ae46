// name: mentions
// What some passages name, who names some phrases and what these are related to: the strongest first, then the phrases
// that fewest share; as of one moment, and as one caller may see them. A phrase that is too common and no title leads nowhere.
UNWIND $ids AS start
MATCH (a:Entity {id: start}) WITH a MATCH (a)-[r:NAMES|RELATED_TO]-(b)
WHERE r.collection = $collection AND r.valid_from <= $known_by AND r.valid_to > $at
  AND (r.visibility = 'public' OR $staff OR (r.visibility = 'org' AND r.owner_org = $org))
  AND (b.is_title OR coalesce(b.document_frequency, 0) <= $common)
WITH a, b, coalesce(r.w_knowledge, r.weight) AS weight, coalesce(b.document_frequency, 0) AS shared
ORDER BY weight DESC, shared
// One text for each start, since a reply of many small cells takes longer to read. Such numbers have six decimals.
RETURN a.id, string.join(collect(b.id + ' ' + toString(weight) + ' ' + toString(shared))[0..$fanout], ',')
