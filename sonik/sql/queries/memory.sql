-- name: memories
-- Notes in the order of `ids`, or the newest first; a blocker is a note of that kind.
select e.id, e.slug as ref,
       case when e.entity_type = 'note' and e.metadata ->> 'kind' = 'blocker' then 'blocker' else e.entity_type end as kind,
       coalesce(e.metadata ->> 'description', e.name) as text, e.metadata ->> 'verdict' as verdict,
       e.metadata ->> 'trace_id' as trace_id,
       (select s.name from unified.relationships r join unified.entities s on s.id = r.dst
        where r.src = e.id and r.type = 'IN_SESSION' and r.retracted_at is null limit 1) as session,
       coalesce((select f.source from unified.facts f where f.entity_id = e.id and f.valid_to is null
                 order by f.trust desc limit 1), '') as by,
       e.updated_at as at
from unified.entities e
where e.collection = %(collection)s and e.deleted_at is null and e.entity_type in ('note', 'outcome', 'decision')
  and (%(ids)s::uuid[] is null or e.id = any(%(ids)s))
  and case when e.entity_type = 'note' and e.metadata ->> 'kind' = 'blocker' then 'blocker' else e.entity_type end
      = any(%(kinds)s)
  and (%(session)s::text is null or exists (
      select from unified.relationships r
      join unified.identifiers i on i.entity_id = r.dst and i.scheme = %(scheme)s and i.value = %(session)s
      where r.src = e.id and r.type = 'IN_SESSION' and r.retracted_at is null))
order by array_position(%(ids)s::uuid[], e.id), e.updated_at desc, e.id desc
limit %(limit)s;
