-- What use teaches: questions and verdicts in an order that loses none, the evidence drawn from them, and the runs that
-- drew it. What an edge has learned is a function of its evidence, so that a run can be taken back.

set local search_path = unified;

-- `carried` tells which edges led to which hit, `words` is the question as it is counted.
alter table traversal_log
    add column carried jsonb not null default '[]',
    add column words   text  not null default '',
    add column seq     bigint generated always as identity,
    add column txid    xid8 not null default pg_current_xact_id();
create index traversal_log_place on traversal_log (txid, seq);
create index traversal_log_words on traversal_log (collection, words, at);

-- A trace is judged once. `refs` are the hits that were meant; with none, all of them.
create table verdicts (
    trace_id       text primary key,
    verdict_domain text not null generated always as ('verdict') stored,
    verdict        text not null,
    refs           uuid[] not null default '{}',
    at             timestamptz not null,
    actor          text not null,
    owner_org      text,
    collection     text not null,
    seq            bigint generated always as identity,
    txid           xid8 not null default pg_current_xact_id(),
    foreign key (verdict_domain, verdict) references status_registry (domain, status)
);
create index verdicts_place on verdicts (txid, seq);

-- How far each stream has been learned from; `lost` counts what never reached the log.
create table learning_cursors (
    stream text primary key,
    txid   bigint not null default 0,
    seq    bigint not null default 0,
    lost   bigint not null default 0
);
insert into learning_cursors (stream) values ('traces'), ('verdicts');

create table learning_runs (
    id          uuid primary key,
    at          timestamptz not null,
    actor       text not null,
    reverted_at timestamptz,
    reverted_by text
);

-- What one actor's use of an edge on a day says for it: `walks` counts the answers it carried, `reward` sums the
-- verdicts on them and `said` their sizes. Who belongs to no organisation has the empty one.
create table edge_evidence (
    eid       uuid not null references relationships (eid) on delete cascade,
    lens      text not null,
    day       date not null,
    owner_org text not null,
    actor     text not null,
    run_id    uuid not null references learning_runs (id),
    walks     bigint not null default 0,
    reward    double precision not null default 0,
    said      double precision not null default 0,
    last_at   timestamptz not null,
    primary key (eid, lens, day, owner_org, actor, run_id)
);
create index edge_evidence_run on edge_evidence (run_id);
create index edge_evidence_day on edge_evidence (day);

-- The day an edge was last weighed; one that has new evidence waits at minus infinity.
alter table edge_learning add column weighed_on date not null default '-infinity';
create index edge_learning_weighed on edge_learning (weighed_on);

-- Who asked what is seen by their organisation, and by those who run Sonik.
do $$
declare
    asked text;
begin
    foreach asked in array array['traversal_log', 'verdicts'] loop
        execute format('alter table %I enable row level security', asked);
        execute format('create policy write_all on %I for all to sonik_writer using (true) with check (true)', asked);
        execute format($p$create policy read_scope on %I for select to sonik_reader using (
            collection = (select current_setting('sonik.collection', true))
            and ((select current_setting('sonik.role', true)) in ('staff', 'ops')
                 or owner_org is not distinct from (select nullif(current_setting('sonik.org', true), ''))))$p$, asked);
    end loop;
end
$$;

grant select, insert on verdicts to sonik_writer;
grant select, update on learning_cursors to sonik_writer;
grant select, insert, update, delete on learning_runs, edge_evidence to sonik_writer;
grant maintain on verdicts, learning_runs, edge_evidence to sonik_writer;
grant select on traversal_log, verdicts to sonik_reader;
