-- name: insert_key
-- Gives no row if another key has the prefix already.
insert into unified.api_keys (prefix, hash, name, role, owner_org, acts_as, collection, created_at, created_by, expires_at)
values (%(prefix)s, %(hash)s, %(name)s, %(role)s, %(organisation)s, %(user)s, %(collection)s, %(now)s, %(actor)s,
        %(expires_at)s)
on conflict (prefix) do nothing
returning id, prefix, name, role, owner_org, acts_as, collection, created_at, created_by, expires_at, last_used_at,
    revoked_at;

-- name: held_key
-- The one query that reads a hash.
select hash, id, prefix, name, role, owner_org, acts_as, collection, created_at, created_by, expires_at, last_used_at,
    revoked_at
from unified.api_keys where prefix = %(prefix)s;

-- name: visible_keys
select id, prefix, name, role, owner_org, acts_as, collection, created_at, created_by, expires_at, last_used_at,
    revoked_at
from unified.api_keys
order by created_at desc, id desc;

-- name: revoke_key
update unified.api_keys set revoked_at = coalesce(revoked_at, %(now)s) where id = %(id)s
returning old.revoked_at is null as ended, id, prefix, name, role, owner_org, acts_as, collection, created_at,
    created_by, expires_at, last_used_at, revoked_at;

-- name: note_use
-- A row that another process holds is being noted, or revoked, there.
with due as (
    select id from unified.api_keys
    where id = any(%(ids)s) and (last_used_at is null or last_used_at <= %(before)s)
    order by id for update skip locked
)
update unified.api_keys k set last_used_at = %(now)s from due where k.id = due.id;
