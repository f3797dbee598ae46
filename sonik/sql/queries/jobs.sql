-- name: enqueue
insert into unified.jobs (name, key, arguments, run_at, most_attempts, role, actor, owner_org, collection, created_at)
values (%(name)s, %(key)s, %(arguments)s, %(run_at)s, %(most_attempts)s, %(role)s, %(actor)s, %(owner_org)s,
        %(collection)s, %(now)s)
on conflict (collection, owner_org, key) where key is not null do nothing
returning id;

-- name: find_by_key
select id from unified.jobs
where key = %(key)s and collection = %(collection)s and owner_org is not distinct from %(owner_org)s;

-- name: arguments
select arguments from unified.jobs where id = %(id)s;

-- name: describe
-- What is known only once the whole input was read.
update unified.jobs set arguments = arguments || %(arguments)s, total = %(total)s where id = %(id)s;

-- name: put_part
insert into unified.job_inputs (job_id, part, content) values (%(id)s, %(part)s, %(content)s);

-- name: parts
select part from unified.job_inputs where job_id = %(id)s order by part;

-- name: part
select content from unified.job_inputs where job_id = %(id)s and part = %(part)s;

-- name: due
-- Jobs whose time has come, and those whose worker is gone: it held an advisory lock, which went with it.
select j.id
from unified.jobs j
where j.name = any(%(names)s) and j.finished_at is null and (j.run_at <= %(now)s or j.status = 'running')
  and not exists (
      select from pg_locks l
      where l.locktype = 'advisory' and l.objsubid = 1
        and l.database = (select oid from pg_database where datname = current_database())
        and (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('sonik.job.' || j.id, 0))
order by j.run_at, j.id
limit %(limit)s;

-- name: open_jobs
select count(*) as jobs from unified.jobs where name = any(%(names)s) and finished_at is null;

-- name: claim
update unified.jobs set fence = fence + 1, attempts = attempts + 1, started_at = coalesce(started_at, %(now)s),
    status = case status when 'queued' then 'running' else status end
where id = %(id)s and finished_at is null and (run_at <= %(now)s or status = 'running')
returning id, name, arguments, status, fence, attempts, most_attempts, cancelling, done, total, summary, error, role,
    actor, owner_org, collection;

-- name: steps
select key, result, undone_at is not null as undone from unified.job_steps where job_id = %(id)s order by position;

-- name: hold
-- Keeps the row until the transaction ends, and is empty for a worker that has lost the job.
select cancelling from unified.jobs where id = %(id)s and fence = %(fence)s and status = %(status)s for update;

-- name: record_step
insert into unified.job_steps (job_id, key, result, done_at) values (%(id)s, %(key)s, %(result)s, %(now)s);

-- name: advance
update unified.jobs set attempts = 1, error = null, done = %(done)s, total = %(total)s, summary = %(summary)s
where id = %(id)s;

-- name: record_undone
update unified.job_steps set undone_at = %(now)s where job_id = %(id)s and key = %(key)s;

-- name: give_back
-- A worker that stops of its own accord takes no try from the job.
update unified.jobs set status = case status when 'running' then 'queued' else status end,
    attempts = greatest(attempts - 1, 0), run_at = least(run_at, %(now)s)
where id = %(id)s and fence = %(fence)s and finished_at is null;

-- name: postpone
update unified.jobs set status = case status when 'running' then 'queued' else status end, run_at = %(run_at)s,
    error = %(error)s
where id = %(id)s and fence = %(fence)s and finished_at is null;

-- name: begin_undoing
update unified.jobs set status = 'undoing', attempts = 1, error = coalesce(%(error)s, error)
where id = %(id)s and fence = %(fence)s and status = 'running';

-- name: outcome
select cancelling, error from unified.jobs where id = %(id)s;

-- name: finish
update unified.jobs set status = %(status)s, finished_at = %(now)s, error = %(error)s, cancelling = false
where id = %(id)s and fence = %(fence)s and finished_at is null;

-- name: drop_inputs
-- A failed job keeps its input, so that it can be tried again.
delete from unified.job_inputs where job_id = %(id)s;

-- name: cancel
-- One that has done nothing yet is cancelled at once; the worker of another undoes what it did.
update unified.jobs j set cancelling = true, run_at = least(run_at, %(now)s),
    status = case when untouched then 'cancelled' else status end,
    finished_at = case when untouched then %(now)s::timestamptz end
from (select k.id, k.status = 'queued' and not exists (select from unified.job_steps s where s.job_id = k.id) as untouched
      from unified.jobs k where k.id = %(id)s for update) as before
where j.id = before.id and j.finished_at is null
returning j.status;

-- name: retry
update unified.jobs set status = 'queued', attempts = 0, error = null, run_at = %(now)s, finished_at = null
where id = %(id)s and status in ('queued', 'failed')
returning status;

-- name: forget_undone
delete from unified.job_steps where job_id = %(id)s and undone_at is not null;

-- name: wake
select pg_notify('sonik_jobs', '');

-- name: visible
-- Those who run Sonik see every job that row security lets them see; others see the ones they asked for.
select id, name, status, cancelling, attempts, most_attempts, run_at, done, total, summary, error, actor,
       created_at, started_at, finished_at
from unified.jobs
where (%(everyones)s or actor = %(actor)s) and (%(id)s::uuid is null or id = %(id)s)
  and (%(status)s::text is null or status = %(status)s)
order by id desc
limit %(limit)s;
