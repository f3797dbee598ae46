-- API keys: by what a caller over the network is known, and as whom it acts.

set local search_path = unified;

-- `hash` is SHA-256 of the whole token, which is kept nowhere. `acts_as` is the user that its calls are put down to.
create table api_keys (
    id           uuid primary key default uuidv7(),
    prefix       text not null unique check (prefix ~ '^[a-z0-9]{8}$'),
    hash         bytea not null check (octet_length(hash) = 32),
    name         text not null check (name <> ''),
    role         text not null,
    owner_org    text check (owner_org <> ''),
    acts_as      text not null check (acts_as <> ''),
    collection   text not null,
    created_at   timestamptz not null,
    created_by   text not null,
    expires_at   timestamptz check (expires_at > created_at),
    last_used_at timestamptz,
    revoked_at   timestamptz
);
create index api_keys_newest on api_keys (collection, created_at, id);

-- Keys are seen by those who run Sonik: staff those of their collection, ops of an organisation only its own.
alter table api_keys enable row level security;
create policy write_all on api_keys for all to sonik_writer using (true) with check (true);
create policy read_scope on api_keys for select to sonik_reader using (
    collection = (select current_setting('sonik.collection', true))
    and ((select current_setting('sonik.role', true)) = 'staff'
         or ((select current_setting('sonik.role', true)) = 'ops'
             and (select coalesce(current_setting('sonik.org', true), '')) in ('', owner_org)))
);

-- What a key is stays as it was made, and it is never deleted: the audit log speaks of it. Nobody who reads sees a hash.
grant select, insert, update (last_used_at, revoked_at) on api_keys to sonik_writer;
grant maintain on api_keys to sonik_writer;
grant select (id, prefix, name, role, owner_org, acts_as, collection, created_at, created_by, expires_at, last_used_at,
              revoked_at) on api_keys to sonik_reader;
