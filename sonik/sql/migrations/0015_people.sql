-- People who sign in with a browser, and the sessions they are signed in by.

set local search_path = unified;

-- `name_key` is the name as it is compared. `password` is a slow salted hash, which goes when the account ends.
-- `version` counts changes of password, role and end: a sign-in that began before one does not outlive it.
create table accounts (
    id           uuid primary key default uuidv7(),
    name         text not null check (name <> ''),
    name_key     text not null check (name_key <> ''),
    password     text,
    role         text not null,
    owner_org    text check (owner_org <> ''),
    collection   text not null,
    version      integer not null default 0,
    created_at   timestamptz not null,
    created_by   text not null,
    password_at  timestamptz not null,
    signed_in_at timestamptz,
    revoked_at   timestamptz,
    check ((password is null) = (revoked_at is not null))
);
create unique index accounts_name on accounts (name_key) where revoked_at is null;
create index accounts_newest on accounts (collection, created_at, id);

-- `hash` is SHA-256 of the session's token, which only the browser has. A session that ended has no row.
create table sessions (
    hash       bytea primary key check (octet_length(hash) = 32),
    account_id uuid not null references accounts,
    started_at timestamptz not null,
    seen_at    timestamptz not null
);
create index sessions_account on sessions (account_id);

-- People are seen by those who run Sonik: staff those of their collection, ops of an organisation only its own.
alter table accounts enable row level security;
create policy write_all on accounts for all to sonik_writer using (true) with check (true);
create policy read_scope on accounts for select to sonik_reader using (
    collection = (select current_setting('sonik.collection', true))
    and ((select current_setting('sonik.role', true)) = 'staff'
         or ((select current_setting('sonik.role', true)) = 'ops'
             and (select coalesce(current_setting('sonik.org', true), '')) in ('', owner_org)))
);

-- An account is never deleted: the audit log speaks of it. Nobody who reads sees a password's hash or a session.
grant select, insert, update (password, role, owner_org, version, password_at, signed_in_at, revoked_at)
    on accounts to sonik_writer;
grant maintain on accounts to sonik_writer;
grant select (id, name, role, owner_org, collection, created_at, created_by, password_at, signed_in_at, revoked_at)
    on accounts to sonik_reader;
grant select, insert, update (seen_at), delete on sessions to sonik_writer;
grant maintain on sessions to sonik_writer;
