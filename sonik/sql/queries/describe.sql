-- name: tables
-- The tables of the truth with their columns, as the catalogue describes them.
select c.relname as name, coalesce(obj_description(c.oid, 'pg_class'), '') as about,
       (select coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
                                                     'about', col_description(c.oid, a.attnum)) order by a.attnum), '[]')
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'unified' and c.relkind in ('r', 'p', 'v') and not c.relispartition
order by c.relname;

-- name: statuses
select domain, status, label_es, label_pt, label_en, is_terminal from unified.status_registry order by domain, position;

-- name: market_counts
-- How much is known of each market: venues, and events that are still to come.
select e.market, count(*) filter (where e.entity_type = 'venue') as venues,
       count(*) filter (where ev.until > %(now)s and ev.status not in ('cancelled', 'postponed')) as coming_events
from unified.entities e
left join unified.events ev on ev.entity_id = e.id
where e.collection = %(collection)s and e.deleted_at is null and e.market is not null
  and e.entity_type in ('venue', 'event')
group by e.market;
