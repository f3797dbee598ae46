-- name: migrations
select name from unified.migrations where name like '%.sql' order by name;

-- name: holds_data
-- Whether anything was ever taken in: a migration makes markets and nothing else.
select exists (select from unified.entities where entity_type <> 'market')
    or exists (select from unified.audit_log) as found;

-- name: make_room
drop schema unified cascade;

-- name: forget_places
-- Places in the outbox that was left behind mean nothing here, and nobody should wait for them.
update unified.idempotency_keys set response = response || '{"txid": 0, "seq": 0}' where response ? 'txid';
-- What was learned from stands before every place to come, and what was not among those of now.
update unified.traversal_log l
set txid = case when (l.txid, l.seq) <= (c.txid::text::xid8, c.seq) then '0' else pg_current_xact_id() end
from unified.learning_cursors c where c.stream = 'traces';
update unified.verdicts v
set txid = case when (v.txid, v.seq) <= (c.txid::text::xid8, c.seq) then '0' else pg_current_xact_id() end
from unified.learning_cursors c where c.stream = 'verdicts';
update unified.learning_cursors set txid = 0, seq = 9223372036854775807;
-- The audit log goes on behind the rows that were restored, though transactions count anew.
update unified.audit_base set epoch = epoch + 1;
