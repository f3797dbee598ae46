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
