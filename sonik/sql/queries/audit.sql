-- name: hold_chain
-- Seals are put on one after the other.
select pg_advisory_xact_lock(hashtextextended('sonik.audit.seal', 0));

-- name: horizon
-- Every row up to here has been committed or never will be.
select unified.audit_epoch() as epoch, (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)::text as txid,
       9223372036854775807 as seq;

-- name: stretch
-- Rows in their order, as they are digested.
select epoch, txid::text as txid, seq, id::text as id, (extract(epoch from at) * 1000000)::bigint as at, correlation_id,
       actor, organisation, key, role, action, target, outcome, ms, arguments, collection, details::text as details
from unified.audit_log
where (epoch, txid, seq) > (%(epoch)s, %(txid)s::text::xid8, %(seq)s)
  and (epoch, txid, seq) <= (%(to_epoch)s, %(to_txid)s::text::xid8, %(to_seq)s)
order by audit_log.epoch, audit_log.txid, audit_log.seq
limit %(limit)s;

-- name: beyond
select count(*) as rows, min(at) as oldest from unified.audit_log
where (epoch, txid, seq) > (%(epoch)s, %(txid)s::text::xid8, %(seq)s);

-- name: forgotten_beyond
-- What the rows behind the last seal say of rows that were forgotten.
select details::text as details from unified.audit_log
where (epoch, txid, seq) > (%(epoch)s, %(txid)s::text::xid8, %(seq)s) and action = 'audit.forget';

-- name: last_seal
select number, epoch, txid::text as txid, seq, rows, root, leaves, previous, digest, mark, sealed_at
from unified.audit_seals order by number desc limit 1;

-- name: seals_after
select number, epoch, txid::text as txid, seq, rows, root, leaves, previous, digest, mark, sealed_at
from unified.audit_seals where number > %(number)s order by number limit %(limit)s;

-- name: seal_total
select count(*) as seals from unified.audit_seals;

-- name: insert_seal
insert into unified.audit_seals (number, epoch, txid, seq, rows, root, leaves, previous, digest, mark, sealed_at)
values (%(number)s, %(epoch)s, %(txid)s::text::xid8, %(seq)s, %(rows)s, %(root)s, %(leaves)s, %(previous)s, %(digest)s,
        %(mark)s, %(sealed_at)s);

-- name: forget
select through, swept from unified.forget_audit(%(before)s, %(most)s);

-- name: entries
-- The newest first. An organisation's own operators see what it did.
select at, correlation_id as trace, actor as caller, organisation, key, role, action, target, outcome, ms, arguments,
       details
from unified.audit_log
where collection = %(collection)s
  and (%(organisation)s::text is null or organisation = unified.audit_ref(%(organisation)s))
  and (%(trace)s::text is null or correlation_id = %(trace)s)
  and (%(since)s::timestamptz is null or at >= %(since)s)
  and (%(caller)s::text is null or %(caller)s in (actor, organisation, key)
       or unified.audit_ref(%(caller)s) in (actor, organisation))
order by at desc, seq desc
limit %(limit)s;
