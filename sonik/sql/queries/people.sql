-- name: insert_account
-- Gives no row if somebody who may sign in has the name already.
insert into unified.accounts (name, name_key, password, role, owner_org, collection, created_at, created_by, password_at)
values (%(name)s, %(name_key)s, %(password)s, %(role)s, %(organisation)s, %(collection)s, %(now)s, %(actor)s, %(now)s)
on conflict (name_key) where revoked_at is null do nothing
returning id, name, role, owner_org, collection, created_at, created_by, password_at, signed_in_at, revoked_at;

-- name: visible_accounts
select id, name, role, owner_org, collection, created_at, created_by, password_at, signed_in_at, revoked_at
from unified.accounts
order by created_at desc, id desc;

-- name: account_of_name
-- The one query that reads a password's hash.
select password, version, id, name, role, owner_org, collection, created_at, created_by, password_at, signed_in_at,
    revoked_at
from unified.accounts where name_key = %(name_key)s and revoked_at is null;

-- name: revoke_account
update unified.accounts
set revoked_at = coalesce(revoked_at, %(now)s), password = null,
    version = version + case when revoked_at is null then 1 else 0 end
where id = %(id)s
returning old.revoked_at is null as ended, id, name, role, owner_org, collection, created_at, created_by, password_at,
    signed_in_at, revoked_at;

-- name: change_password
update unified.accounts set password = %(password)s, password_at = %(now)s, version = version + 1
where id = %(id)s and revoked_at is null
returning id, name, role, owner_org, collection, created_at, created_by, password_at, signed_in_at, revoked_at;

-- name: change_role
update unified.accounts set role = %(role)s, owner_org = %(organisation)s, version = version + 1
where id = %(id)s and revoked_at is null
returning id, name, role, owner_org, collection, created_at, created_by, password_at, signed_in_at, revoked_at;

-- name: note_sign_in
-- Gives no row if the account changed since its password was read; one that changes meanwhile is waited for.
update unified.accounts set signed_in_at = %(now)s
where id = %(id)s and version = %(version)s and revoked_at is null
returning id, name, role, owner_org, collection, created_at, created_by, password_at, signed_in_at, revoked_at;

-- name: insert_session
insert into unified.sessions (hash, account_id, started_at, seen_at) values (%(hash)s, %(id)s, %(now)s, %(now)s);

-- name: held_session
select s.started_at, s.seen_at, a.id, a.name, a.role, a.owner_org, a.collection, a.created_at, a.created_by,
    a.password_at, a.signed_in_at, a.revoked_at
from unified.sessions s
join unified.accounts a on a.id = s.account_id
where s.hash = %(hash)s and s.started_at > %(started_after)s and s.seen_at > %(seen_after)s and a.revoked_at is null;

-- name: note_seen
-- A row that another process holds is being noted, or ended, there.
with due as (
    select hash from unified.sessions where hash = %(hash)s and seen_at <= %(before)s for update skip locked
)
update unified.sessions s set seen_at = %(now)s from due where s.hash = due.hash;

-- name: end_session
delete from unified.sessions where hash = %(hash)s;

-- name: end_sessions
delete from unified.sessions where account_id = %(id)s;

-- name: sweep_sessions
-- What another process holds is swept, or ended, there.
with over as (
    select hash from unified.sessions
    where started_at <= %(started_after)s or seen_at <= %(seen_after)s
    order by hash limit 1000 for update skip locked
)
delete from unified.sessions s using over where s.hash = over.hash;
