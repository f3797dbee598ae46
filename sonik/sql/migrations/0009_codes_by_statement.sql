-- A foreign key looks its legend up once a row, and a delivery has a dozen rows a record that all name the same few
-- codes: a fifth of what taking it in cost. The same is asked once a statement here. That a code stays as long as it
-- is used is kept by rights: only the owner may delete one.

set local search_path = unified;

create function know_codes() returns trigger language plpgsql as $$
declare
    stranger text;
begin
    -- tg_argv: the column that holds codes, then the legend they come from.
    execute format('select a.code from (select distinct %I as code from added) a
                    where not exists (select from unified.%I l where l.code = a.code) limit 1', tg_argv[0], tg_argv[1])
    into stranger;
    if stranger is not null then
        raise foreign_key_violation using message = format('%s "%s" of %s is not in %s', tg_argv[0], stranger,
                                                           tg_table_name, tg_argv[1]);
    end if;
    return null;
end
$$;

do $$
declare
    held record;
begin
    for held in
        select * from (values ('identifiers', 'entity_type', 'legend_entity_types'), ('identifiers', 'source', 'sources'),
                              ('aliases', 'source', 'sources'), ('facts', 'source', 'sources'),
                              ('relationships', 'type', 'legend_relationship_types'), ('relationships', 'source', 'sources'))
            as v (name, col, legend)
    loop
        execute format('alter table %1$I drop constraint %1$s_%2$s_fkey', held.name, held.col);
        execute format('create trigger %1$s_%2$s_added after insert on %1$I referencing new table as added
                        for each statement execute function know_codes(%2$L, %3$L)', held.name, held.col, held.legend);
        execute format('create trigger %1$s_%2$s_changed after update on %1$I referencing new table as added
                        for each statement execute function know_codes(%2$L, %3$L)', held.name, held.col, held.legend);
    end loop;
end
$$;

revoke delete, truncate on sources, legend_entity_types, legend_relationship_types from sonik_writer;
