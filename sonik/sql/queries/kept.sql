-- name: installation
-- Whose answers they are, where several databases keep theirs in one Redis: no two were made at the same microsecond.
select md5(extract(epoch from min(applied_at))::text || current_database()) as id from unified.migrations;

-- name: holds
-- What a kept answer rests on, as its reader sees it now: how many of its entities have the version it used, how many
-- of its edges still hold, and the generations of its nights, and of all nights from the first of them on.
select (select count(*) from unified.entities e
        join unnest(%(ids)s::uuid[], %(versions)s::bigint[]) as used (id, version) using (id, version)
        where e.deleted_at is null) as entities,
       (select count(*) from unified.relationships r
        where r.eid = any(%(eids)s::uuid[]) and (r.valid_to is null or r.valid_to > %(now)s)) as edges,
       coalesce(sum(g.raised) filter (where g.night <= %(last)s::date), 0)::bigint as within,
       coalesce(sum(g.raised), 0)::bigint as onward
from unified.generations g
where g.collection = %(collection)s and g.kind = any(%(kinds)s)
  and (%(market)s::text is null or g.market in ('', %(market)s))
  and (g.night >= %(first)s::date or g.night = '-infinity');

-- name: before
-- The generations before an answer is looked for; whether every sink shows all that they count, the graphs being at a
-- place they told themselves; and the place of the vectors. A change that no sink would take shows nowhere.
select v.txid > 0 and v.status = 'idle' and not exists (select from unified.dead_letters where sink in ('graph', 'vectors'))
       and not exists (
            select from unified.outbox o
            where o.aggregatetype in ('entity', 'relationship')
              and ((o.txid, o.seq) > (v.txid::text::xid8, v.seq)
                   or (o.txid, o.seq) > (%(txid)s::text::xid8, %(seq)s::bigint))) as settled,
       v.txid, v.seq, g.within, g.onward
from unified.sync_state v
cross join lateral (
    select coalesce(sum(g.raised) filter (where g.night <= %(last)s::date), 0)::bigint as within,
           coalesce(sum(g.raised), 0)::bigint as onward
    from unified.generations g
    where g.collection = %(collection)s and g.kind = any(%(kinds)s)
      and (%(market)s::text is null or g.market in ('', %(market)s))
      and (g.night >= %(first)s::date or g.night = '-infinity')
) g
where v.sink = 'vectors';
