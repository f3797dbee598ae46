-- A reader's search by range cannot use an index: the range operators are not leakproof, so row security comes first.
-- Comparisons of moments are. Most events are over in two days, so those of a window start little before it; the
-- few that run for longer are kept apart.

set local search_path = unified;

drop index events_during;
alter table events add column is_long boolean not null generated always as (until - starts_at > interval '48 hours') stored;
create index events_long on events (until) where is_long;
