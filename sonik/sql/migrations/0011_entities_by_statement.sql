-- A foreign key looks its entity up once a row: an event with a dozen acts asked thirty times for the same few. As with
-- codes, the same is asked once a statement here; and an entity that is deleted takes along what is told of it.

set local search_path = unified;

create function know_entities() returns trigger language plpgsql as $$
declare
    named text;
    stranger uuid;
begin
    -- tg_argv: the columns that name entities. The look-up is a value, so that it stays one step into the index: a join
    -- might read every entity there is.
    select string_agg(format('select distinct %I as id from added', col), ' union ') into named from unnest(tg_argv) as col;
    execute format('select a.id from (%s) a where (select e.id from unified.entities e where e.id = a.id) is null limit 1',
                   named)
    into stranger;
    if stranger is not null then
        raise foreign_key_violation using message = format('%s names entity %s, which there is not', tg_table_name, stranger);
    end if;
    return null;
end
$$;

-- A row lock for each entity named would cost what is saved, so whoever deletes waits for all that write, and they for it.
create function entities_part() returns trigger language plpgsql as $$
begin
    lock table unified.identifiers, unified.aliases, unified.facts, unified.tellings, unified.relationships
        in share row exclusive mode;
    return null;
end
$$;
create trigger entities_part before delete on entities for each statement execute function entities_part();

create function entities_take_along() returns trigger language plpgsql as $$
begin
    delete from unified.identifiers t using gone where t.entity_id = gone.id;
    delete from unified.aliases t using gone where t.entity_id = gone.id;
    delete from unified.facts t using gone where t.entity_id = gone.id;
    delete from unified.tellings t using gone where t.entity_id = gone.id;
    delete from unified.relationships t where t.src in (select id from gone) or t.dst in (select id from gone);
    return null;
end
$$;
create trigger entities_take_along after delete on entities referencing old table as gone
    for each statement execute function entities_take_along();

do $$
declare
    held record;
    col text;
    columns text;
begin
    for held in
        select * from (values ('identifiers', '{entity_id}'::text[]), ('aliases', '{entity_id}'), ('facts', '{entity_id}'),
                              ('tellings', '{entity_id}'), ('relationships', '{src, dst}')) as v (name, cols)
    loop
        foreach col in array held.cols loop
            execute format('alter table %1$I drop constraint %1$s_%2$s_fkey', held.name, col);
        end loop;
        select string_agg(quote_literal(one), ', ') into columns from unnest(held.cols) as one;
        execute format('create trigger %1$s_known_added after insert on %1$I referencing new table as added
                        for each statement execute function know_entities(%2$s)', held.name, columns);
        execute format('create trigger %1$s_known_changed after update on %1$I referencing new table as added
                        for each statement execute function know_entities(%2$s)', held.name, columns);
    end loop;
end
$$;

alter table tellings drop constraint tellings_source_fkey;
create trigger tellings_source_added after insert on tellings referencing new table as added
    for each statement execute function know_codes('source', 'sources');
create trigger tellings_source_changed after update on tellings referencing new table as added
    for each statement execute function know_codes('source', 'sources');

-- One index tells both what stands and what once stood: of the first the last column is null, and equal to itself. An
-- event is new and its acts are not, so by its end first what is written together lies together.
drop index relationships_current, relationships_dst;
create unique index relationships_current on relationships
    (dst, type, src, (case when retracted_at is not null then eid end)) nulls not distinct;
drop index facts_current, facts_entity;
create unique index facts_current on facts
    (entity_id, attribute, source, (case when valid_to is not null then id end)) nulls not distinct;
