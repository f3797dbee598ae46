-- The audit log holds every call, names people by salted references, and is sealed in batches.

set local search_path = unified;

-- One row: what references are salted with, and how often truth was restored, for transactions count anew then.
create table audit_base (
    the_one boolean primary key default true check (the_one),
    salt    bytea not null default sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
    epoch   integer not null default 0
);
insert into audit_base default values;

create function audit_ref(named text) returns text
language sql stable strict security definer set search_path = unified, pg_temp as $$
    select encode(substr(sha256(salt || convert_to(named, 'UTF8')), 1, 8), 'hex') from audit_base;
$$;
create function audit_epoch() returns integer
language sql stable security definer set search_path = unified, pg_temp as $$
    select epoch from audit_base;
$$;

-- A row's place is (epoch, txid, seq). Calls have a target, an outcome and the digest of their arguments.
alter table audit_log
    add column epoch        integer not null default audit_epoch(),
    add column txid         xid8 not null default pg_current_xact_id(),
    add column seq          bigint generated always as identity,
    add column organisation text,
    add column key          text,
    add column target       text,
    add column outcome      text not null default 'ok',
    add column ms           double precision,
    add column arguments    text;
create unique index audit_log_place on audit_log (epoch, txid, seq);
create index audit_log_at on audit_log (at);

update audit_log set actor = audit_ref(actor);
update audit_log set details = details - 'name' - 'user' - 'organisation' where action like 'key.%';

-- A seal is the digest of the rows up to a place, and of the seal before. `leaves` are the digests of its rows; a seal
-- whose rows were forgotten has none, and its own digest still holds.
create table audit_seals (
    number    bigint primary key check (number > 0),
    epoch     integer not null,
    txid      xid8 not null,
    seq       bigint not null,
    rows      integer not null check (rows > 0),
    root      bytea not null,
    leaves    bytea,
    previous  bytea not null,
    digest    bytea not null,
    mark      bytea,
    sealed_at timestamptz not null
);

-- The roles of the server may not change what was written; this also stops an owner's slip.
create function keep_audit() returns trigger language plpgsql as $$
begin
    if coalesce(current_setting('sonik.forgetting', true), '') = 'on' then
        return case tg_op when 'DELETE' then old else new end;
    end if;
    raise insufficient_privilege using message = 'the audit log is only appended to';
end
$$;
create trigger audit_log_kept before update or delete on audit_log for each row execute function keep_audit();
create trigger audit_seals_kept before update or delete on audit_seals for each row execute function keep_audit();

-- Forgets the rows of the oldest seals, at most so many, and returns the last of them; nothing where none is old.
create function forget_audit(before timestamptz, most integer) returns table (through bigint, swept bigint)
language sql security definer set search_path = unified, pg_temp set sonik.forgetting = 'on' as $$
    with old as (
        select number, epoch, txid, seq from audit_seals
        where leaves is not null and sealed_at < before
          and number < (select coalesce(min(number), 9223372036854775807) from audit_seals
                        where leaves is not null and sealed_at >= before)
        order by number limit most for update),
    last as (select * from old order by number desc limit 1),
    gone as (
        delete from audit_log a using last where (a.epoch, a.txid, a.seq) <= (last.epoch, last.txid, last.seq)
        returning 1),
    emptied as (update audit_seals s set leaves = null from old where s.number = old.number)
    select last.number, (select count(*) from gone) from last;
$$;

revoke all on function audit_ref (text), audit_epoch (), forget_audit (timestamptz, integer) from public;
grant execute on function audit_ref (text), audit_epoch (), forget_audit (timestamptz, integer) to sonik_writer;
grant select, insert on audit_seals to sonik_writer;
grant maintain on audit_seals to sonik_writer;
grant usage, select on all sequences in schema unified to sonik_writer;
