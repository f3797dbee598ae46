-- name: log_traversals
insert into unified.traversal_log
    (trace_id, at, actor, role, owner_org, collection, lens, query, words, hits, understood, steps, edges, carried)
select trace_id, at, actor, role, owner_org, collection, lens, query, words, hits, understood, steps, edges, carried
from jsonb_to_recordset(%(rows)s::jsonb) as x (trace_id text, at timestamptz, actor text, role text, owner_org text,
    collection text, lens text, query text, words text, hits integer, understood jsonb, steps jsonb, edges jsonb,
    carried jsonb);

-- name: count_lost
update unified.learning_cursors set lost = lost + %(lost)s where stream = 'traces';

-- name: judged_trace
-- A trace of the caller's own organisation, what carried its hits, and the verdict on it, if there is one.
select l.trace_id, l.query, l.carried, v.verdict, v.refs
from unified.traversal_log l
left join unified.verdicts v on v.trace_id = l.trace_id
where l.trace_id = %(trace_id)s and l.collection = %(collection)s
  and l.owner_org is not distinct from %(owner_org)s::text
limit 1;

-- name: put_verdict
insert into unified.verdicts (trace_id, verdict, refs, at, actor, owner_org, collection)
values (%(trace_id)s, %(verdict)s, %(refs)s, %(now)s, %(actor)s, %(owner_org)s, %(collection)s);

-- name: place
-- Keeps other runs away until this step ends.
select txid, seq from unified.learning_cursors where stream = %(stream)s for update;

-- name: move_place
update unified.learning_cursors set txid = %(txid)s, seq = %(seq)s where stream = %(stream)s;

-- name: begin_run
insert into unified.learning_runs (id, at, actor) values (%(run)s, %(now)s, %(actor)s) on conflict do nothing;

-- name: next_traces
-- The place of the last trace of the next batch: in an order that cannot lose a late committer.
with batch as (
    select txid, seq from unified.traversal_log
    where (txid, seq) > (%(txid)s::text::xid8, %(seq)s) and txid < pg_snapshot_xmin(pg_current_snapshot())
    order by txid, seq limit %(limit)s)
select count(*) as rows, (array_agg(txid::text::bigint order by txid desc, seq desc))[1] as txid,
       (array_agg(seq order by txid desc, seq desc))[1] as seq from batch;

-- name: next_verdicts
with batch as (
    select txid, seq from unified.verdicts
    where (txid, seq) > (%(txid)s::text::xid8, %(seq)s) and txid < pg_snapshot_xmin(pg_current_snapshot())
    order by txid, seq limit %(limit)s)
select count(*) as rows, (array_agg(txid::text::bigint order by txid desc, seq desc))[1] as txid,
       (array_agg(seq order by txid desc, seq desc))[1] as seq from batch;

-- name: learn_traces
-- What was walked, edge by edge; of edges that are gone nothing is learned.
insert into unified.edge_evidence as known (eid, lens, day, owner_org, actor, run_id, walks, last_at)
select r.eid, l.lens, (l.at at time zone 'utc')::date, coalesce(l.owner_org, ''), l.actor, %(run)s, count(*), max(l.at)
from unified.traversal_log l
cross join lateral jsonb_to_recordset(l.edges) as walked (eid uuid)
join unified.relationships r on r.eid = walked.eid
where (l.txid, l.seq) > (%(txid)s::text::xid8, %(seq)s)
  and (l.txid, l.seq) <= (%(to_txid)s::text::xid8, %(to_seq)s)
group by 1, 2, 3, 4, 5
on conflict (eid, lens, day, owner_org, actor, run_id) do update
    set walks = known.walks + excluded.walks, last_at = greatest(known.last_at, excluded.last_at);

-- name: learn_verdicts
-- A verdict counts whole for each hit it names; one that names none is shared by all hits. What was answered while a
-- store was away says nothing of the edges.
with judged as (
    select v.trace_id, v.refs, v.at, v.actor, coalesce(v.owner_org, '') as owner_org, l.lens, l.carried,
           (%(rewards)s::jsonb ->> v.verdict)::double precision
               / case when v.refs = '{}' then greatest(jsonb_array_length(l.carried), 1) else 1 end as reward
    from unified.verdicts v
    join unified.traversal_log l on l.trace_id = v.trace_id and l.collection = v.collection
         and not l.understood ? 'missing'
    where (v.txid, v.seq) > (%(txid)s::text::xid8, %(seq)s)
      and (v.txid, v.seq) <= (%(to_txid)s::text::xid8, %(to_seq)s)
), credited as (
    select j.trace_id, j.at, j.actor, j.owner_org, j.lens, edge.eid::uuid as eid,
           greatest(-1, least(1, sum(j.reward))) as reward
    from judged j
    cross join lateral jsonb_to_recordset(j.carried) as hit (id uuid, edges jsonb)
    cross join lateral jsonb_array_elements_text(hit.edges) as edge (eid)
    where j.refs = '{}' or hit.id = any(j.refs)
    group by 1, 2, 3, 4, 5, 6
)
insert into unified.edge_evidence as known (eid, lens, day, owner_org, actor, run_id, reward, said, last_at)
select r.eid, c.lens, (c.at at time zone 'utc')::date, c.owner_org, c.actor, %(run)s, sum(c.reward), sum(abs(c.reward)),
       max(c.at)
from credited c join unified.relationships r on r.eid = c.eid
group by 1, 2, 3, 4, 5
on conflict (eid, lens, day, owner_org, actor, run_id) do update
    set reward = known.reward + excluded.reward, said = known.said + excluded.said,
        last_at = greatest(known.last_at, excluded.last_at);

-- name: mark_unweighed
-- What a run has evidence of, through its own lens and through all of them, is to be weighed anew.
insert into unified.edge_learning as known (eid, lens, learned)
select distinct e.eid, through.lens, 0
from unified.edge_evidence e cross join lateral (values (e.lens), ('all')) as through (lens)
where e.run_id = %(run)s
on conflict (eid, lens) do update set weighed_on = '-infinity' where known.weighed_on <> '-infinity';

-- name: unweighed
-- What waits to be weighed, and what has faded since it last was.
select eid, lens, learned, traversals, rewards, last_at
from unified.edge_learning
where weighed_on < %(today)s and (weighed_on = '-infinity' or learned <> 0)
order by weighed_on, eid, lens limit %(limit)s
for update;

-- name: voices
-- Who has spoken for an edge: their evidence, faded to the day they last did.
with asked as (
    select * from unnest(%(eids)s::uuid[], %(lenses)s::text[]) as a (eid, lens)
), spoken as (
    select a.eid, a.lens, e.owner_org, e.actor, e.day, e.walks, e.reward, e.said, e.last_at,
           max(e.day) filter (where e.said > 0) over (partition by a.eid, a.lens, e.owner_org, e.actor) as last_day
    from asked a
    join unified.edge_evidence e on e.eid = a.eid and (a.lens = 'all' or e.lens = a.lens)
    join unified.learning_runs run on run.id = e.run_id and run.reverted_at is null
)
select eid, lens, owner_org as organisation, actor, sum(walks)::bigint as walks, sum(reward) as rewards,
       coalesce(sum(reward * power(0.5, (last_day - day) / %(half_life)s::double precision)), 0) as reward,
       coalesce(sum(said * power(0.5, (last_day - day) / %(half_life)s::double precision)), 0) as said,
       coalesce(%(today)s::date - max(last_day), 0) as age_days, max(last_at) as last_at
from spoken
group by eid, lens, owner_org, actor;

-- name: put_lessons
update unified.edge_learning known
set learned = x.learned, traversals = x.traversals, rewards = x.rewards, last_at = x.last_at,
    weighed_on = %(today)s
from jsonb_to_recordset(%(rows)s) as x (eid uuid, lens text, learned real, traversals bigint, rewards double precision,
    last_at timestamptz)
where known.eid = x.eid and known.lens = x.lens;

-- name: revert_run
update unified.learning_runs set reverted_at = %(now)s, reverted_by = %(actor)s
where id = %(run)s and reverted_at is null;

-- name: runs
select run.id, run.at, run.actor, run.reverted_at, count(distinct e.eid) as edges,
       coalesce(sum(e.walks), 0)::bigint as walks, coalesce(sum(e.said), 0) as verdicts
from unified.learning_runs run
left join unified.edge_evidence e on e.run_id = run.id
where %(id)s::uuid is null or run.id = %(id)s
group by run.id
order by run.at desc, run.id desc limit %(limit)s;

-- name: standing
select (select count(*) from unified.traversal_log l, unified.learning_cursors c
        where c.stream = 'traces' and (l.txid, l.seq) > (c.txid::text::xid8, c.seq)) as traces_waiting,
       (select count(*) from unified.verdicts v, unified.learning_cursors c
        where c.stream = 'verdicts' and (v.txid, v.seq) > (c.txid::text::xid8, c.seq)) as verdicts_waiting,
       (select lost from unified.learning_cursors where stream = 'traces') as traces_lost,
       count(*) filter (where lens = 'all' and learned > 0) as edges_raised,
       count(*) filter (where lens = 'all' and learned < 0) as edges_lowered,
       count(distinct eid) filter (where weighed_on = '-infinity') as edges_to_weigh
from unified.edge_learning;

-- name: named_edges
select r.eid, s.name as src, r.type, d.name as dst, (r.base_weight * r.confidence)::float8 as evidence
from unified.relationships r
join unified.entities s on s.id = r.src
join unified.entities d on d.id = r.dst
where r.eid = any(%(eids)s);

-- name: walks
-- Who walked the edges that were walked often today, on each day of their history.
with hot as (
    select e.eid from unified.edge_evidence e
    join unified.relationships r on r.eid = e.eid and r.collection = %(collection)s
    where e.day = %(today)s and (%(everyones)s or e.owner_org = %(owner_org)s)
    group by e.eid having sum(e.walks) >= %(fewest)s
)
select e.eid, e.day, e.owner_org, e.actor, sum(e.walks)::bigint as walks, sum(e.said) as said
from unified.edge_evidence e join hot on hot.eid = e.eid
where e.day between %(since)s and %(today)s and (%(everyones)s or e.owner_org = %(owner_org)s)
group by e.eid, e.day, e.owner_org, e.actor having sum(e.walks) > 0;

-- name: failures
-- Questions that may have led nowhere, with what the same caller asked next; not those asked while a store was away.
with asked as (
    select l.trace_id, l.at, coalesce(l.owner_org, '') || '/' || l.actor as asker, l.query, l.words, l.hits,
           l.understood, v.verdict,
           lead(l.words) over w as following, lead(l.at) over w as following_at
    from unified.traversal_log l
    left join unified.verdicts v on v.trace_id = l.trace_id
    where l.collection = %(collection)s and l.at >= %(since)s
    window w as (partition by l.owner_org, l.actor order by l.at, l.seq)
)
select trace_id, at, asker, query, words, hits, understood, verdict,
       case when following_at <= at + make_interval(secs => %(rephrased_seconds)s) then following end as next_words
from asked
where not understood ? 'missing' and (hits = 0 or understood ? 'dropped' or verdict in ('dead_end', 'wrong')
   or (following <> words and following_at <= at + make_interval(secs => %(rephrased_seconds)s)))
order by at desc, trace_id
limit %(limit)s;

-- name: top_queries
select (array_agg(l.query order by l.at desc))[1] as query, count(*) as asks,
       count(distinct (l.owner_org, l.actor)) as askers,
       count(*) filter (where (l.hits = 0 or l.understood ? 'dropped') and not l.understood ? 'missing') as empty,
       count(*) filter (where v.verdict in ('useful', 'partial')) as praised,
       count(*) filter (where v.verdict in ('wrong', 'dead_end')) as refused, max(l.at) as last_at
from unified.traversal_log l
left join unified.verdicts v on v.trace_id = l.trace_id
where l.collection = %(collection)s and l.at >= %(since)s and l.words <> ''
group by l.words
order by asks desc, last_at desc, query
limit %(limit)s;

-- name: repetition
select count(*) as asks, count(distinct (l.words, l.lens)) as distinct
from unified.traversal_log l where l.collection = %(collection)s and l.at >= %(since)s;

-- name: most_taught
select el.eid, el.lens, el.learned::float8 as learned, el.traversals
from unified.edge_learning el
join unified.relationships r on r.eid = el.eid and r.collection = %(collection)s
where el.learned <> 0 and el.lens <> 'all'
order by abs(el.learned) desc, el.eid, el.lens
limit %(limit)s;
