-- What may go after a time. The traversal log is append-only for its writer; only what is old leaves it, through this.

set local search_path = unified;

create function forget_traces(before timestamptz, most integer) returns bigint
language sql security definer set search_path = unified, pg_temp as $$
    with gone as (
        delete from traversal_log where ctid in (select ctid from traversal_log where at < before limit most) returning 1
    )
    select count(*) from gone;
$$;
revoke all on function forget_traces (timestamptz, integer) from public;
grant execute on function forget_traces (timestamptz, integer) to sonik_writer;

create index embeddings_cache_age on embeddings_cache (created_at);
create index idempotency_keys_age on idempotency_keys (created_at);
