-- Jobs: work that outlives the process that asked for it, with its input and the steps it has taken.

set local search_path = unified;

-- `fence` goes up each time a worker takes the job, so that one who lost it can write no more. `attempts` counts the
-- tries since the last step, and `arguments` and `summary` belong to the handler that `name` names.
create table jobs (
    id            uuid primary key default uuidv7(),
    name          text not null check (name <> ''),
    key           text unique,
    arguments     jsonb not null default '{}',
    status_domain text not null generated always as ('job') stored,
    status        text not null default 'queued',
    run_at        timestamptz not null,
    fence         bigint not null default 0,
    attempts      integer not null default 0,
    most_attempts integer not null check (most_attempts > 0),
    cancelling    boolean not null default false,
    done          bigint not null default 0 check (done >= 0),
    total         bigint check (total >= 0),
    summary       jsonb not null default '{}',
    error         jsonb,
    role          text not null,
    actor         text not null,
    owner_org     text,
    collection    text not null default 'live',
    created_at    timestamptz not null,
    started_at    timestamptz,
    finished_at   timestamptz,
    foreign key (status_domain, status) references status_registry (domain, status)
);
create index jobs_open on jobs (run_at, id) where finished_at is null;
create index jobs_latest on jobs (collection, id);

-- A step is written in the transaction of what it did: it is here exactly when that happened.
create table job_steps (
    job_id    uuid not null references jobs (id) on delete cascade,
    position  bigint not null generated always as identity,
    key       text not null check (key <> ''),
    result    jsonb not null default '{}',
    done_at   timestamptz not null,
    undone_at timestamptz,
    primary key (job_id, key)
);

-- What a job is to work on, in parts that fit into one step.
create table job_inputs (
    job_id  uuid not null references jobs (id) on delete cascade,
    part    integer not null check (part >= 0),
    content bytea not null,
    primary key (job_id, part)
);

create function notify_jobs() returns trigger language plpgsql as $$
begin
    perform pg_notify('sonik_jobs', '');
    return null;
end
$$;
create trigger jobs_notify after insert on jobs for each statement execute function notify_jobs();

-- A job is seen by the organisation it was asked for, and by staff; the platform counts as an organisation.
alter table jobs enable row level security;
create policy write_all on jobs for all to sonik_writer using (true) with check (true);
create policy read_scope on jobs for select to sonik_reader using (
    collection = (select current_setting('sonik.collection', true))
    and ((select current_setting('sonik.role', true)) = 'staff'
         or owner_org is not distinct from (select nullif(current_setting('sonik.org', true), '')))
);

grant select, insert, update, delete on jobs, job_steps, job_inputs to sonik_writer;
grant usage, select on all sequences in schema unified to sonik_writer;
grant maintain on jobs, job_steps, job_inputs to sonik_writer;
grant select on jobs to sonik_reader;
