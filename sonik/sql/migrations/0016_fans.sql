-- What people attended, bought, shared and came by: staff see it singly, an organizer how many, and nobody else.

set local search_path = unified;

-- Edges that say what a person did as a fan; sonik.ontology names the same.
create function fan_edges() returns text[] language sql immutable parallel safe
    return array['ATTENDED', 'PURCHASED', 'SHARED', 'REFERRED', 'CONVERTED_VIA'];

alter policy read_scope on relationships using (
    collection = (select current_setting('sonik.collection', true))
    and (visibility = 'public'
         or (select current_setting('sonik.role', true)) = 'staff'
         or (visibility = 'org' and owner_org = (select nullif(current_setting('sonik.org', true), ''))))
    and (type <> all (fan_edges()) or (select current_setting('sonik.role', true)) = 'staff')
    and exists (select from entities e where e.id = src)
    and exists (select from entities e where e.id = dst)
);

-- A purchase is somebody's.
alter policy read_scope on entities using (
    collection = (select current_setting('sonik.collection', true))
    and (visibility = 'public'
         or (select current_setting('sonik.role', true)) = 'staff'
         or (visibility = 'org' and owner_org = (select nullif(current_setting('sonik.org', true), ''))))
    and (entity_type <> 'purchase' or (select current_setting('sonik.role', true)) = 'staff')
);

-- How many people did what with an entity, for an organizer of those that are their organisation's: at least five, and
-- only in fives, so that two questions do not differ by one person. Past row security, so the scope is checked here.
create function audience(entity uuid, at timestamptz) returns table (type text, people bigint)
language sql stable security definer set search_path = unified, pg_temp as $$
    with asker as (
        select current_setting('sonik.collection', true) as collection, current_setting('sonik.role', true) as role,
               nullif(current_setting('sonik.org', true), '') as org
    ), counted as (
        select r.type, asker.role, count(distinct r.src) as people
        from asker
        join relationships r on r.dst = audience.entity and r.collection = asker.collection
        join entities p on p.id = r.src and p.entity_type = 'person' and p.deleted_at is null
        join entities e on e.id = r.dst and e.entity_type <> 'person' and e.deleted_at is null
        where r.type = any (fan_edges()) and (r.valid_to is null or r.valid_to > audience.at)
          and (asker.role = 'staff' or (asker.role = 'organizer' and r.owner_org = asker.org and r.visibility <> 'staff'
               and p.visibility <> 'staff' and (e.visibility = 'public' or (e.visibility = 'org' and e.owner_org = asker.org))))
        group by r.type, asker.role
    )
    select counted.type, case when role = 'staff' then counted.people else counted.people / 5 * 5 end
    from counted where role = 'staff' or counted.people >= 5
$$;
revoke execute on function audience(uuid, timestamptz) from public;
grant execute on function audience(uuid, timestamptz) to sonik_reader;
