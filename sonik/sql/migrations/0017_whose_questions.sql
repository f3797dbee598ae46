-- Whose questions those are that were asked: what staff ask about everybody is for those who run Sonik, and who runs it
-- for one organisation sees that organisation's.

set local search_path = unified;

-- Of what was asked before nobody knows by whom; null is read as anybody's.
alter table traversal_log add column role text;

drop policy read_scope on traversal_log;
create policy read_scope on traversal_log for select to sonik_reader using (
    collection = (select current_setting('sonik.collection', true))
    and ((select current_setting('sonik.role', true)) = 'staff'
         or ((select current_setting('sonik.role', true)) = 'ops'
             and (select coalesce(current_setting('sonik.org', true), '')) = '')
         or (owner_org is not distinct from (select nullif(current_setting('sonik.org', true), ''))
             and role is distinct from 'staff'))
);

drop policy read_scope on verdicts;
create policy read_scope on verdicts for select to sonik_reader using (
    collection = (select current_setting('sonik.collection', true))
    and ((select current_setting('sonik.role', true)) = 'staff'
         or ((select current_setting('sonik.role', true)) = 'ops'
             and (select coalesce(current_setting('sonik.org', true), '')) = '')
         or owner_org is not distinct from (select nullif(current_setting('sonik.org', true), '')))
);
