-- Each takes away at most `most` rows and says how many it took, so that no transaction lasts long.

-- name: traces
select unified.forget_traces(%(before)s, %(most)s) as swept;

-- name: evidence
with gone as (
    delete from unified.edge_evidence where ctid in (
        select ctid from unified.edge_evidence where day < %(before)s::date limit %(most)s)
    returning 1)
select count(*) as swept from gone;

-- name: jobs
with gone as (
    delete from unified.jobs where id in (
        select id from unified.jobs where finished_at < %(before)s order by finished_at limit %(most)s)
    returning 1)
select count(*) as swept from gone;

-- name: keys
with gone as (
    delete from unified.idempotency_keys where ctid in (
        select ctid from unified.idempotency_keys where created_at < %(before)s limit %(most)s)
    returning 1)
select count(*) as swept from gone;

-- name: dead_letters
with gone as (
    delete from unified.dead_letters where id in (
        select id from unified.dead_letters where created_at < %(before)s limit %(most)s)
    returning 1)
select count(*) as swept from gone;

-- name: vectors
-- Only the newest stay; a vector that is wanted again is made again.
with cut as (select created_at from unified.embeddings_cache order by created_at desc offset %(rows)s limit 1),
gone as (
    delete from unified.embeddings_cache c
    using (select model, text_hash from unified.embeddings_cache
           where created_at <= (select created_at from cut) order by created_at limit %(most)s) old
    where (c.model, c.text_hash) = (old.model, old.text_hash)
    returning 1)
select count(*) as swept from gone;

-- name: outbox
-- Only the newest stay. That older ones went is written down, so that a sink that had not come so far begins anew.
with cut as (select txid, seq from unified.outbox order by txid desc, seq desc offset %(rows)s limit 1),
gone as (
    delete from unified.outbox o
    using (select b.txid, b.seq from unified.outbox b, cut where (b.txid, b.seq) <= (cut.txid, cut.seq)
           order by b.txid, b.seq limit %(most)s) old
    where o.txid = old.txid and o.seq = old.seq
    returning o.txid::text::bigint as txid, o.seq),
last as (select txid, seq from gone order by txid desc, seq desc limit 1),
told as (
    update unified.sync_state s set pruned_txid = last.txid, pruned_seq = last.seq
    from last where (s.pruned_txid, s.pruned_seq) < (last.txid, last.seq))
select count(*) as swept from gone;
