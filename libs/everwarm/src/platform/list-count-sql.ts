/**
 * The step of the engine's schema that counts list entries. A partition's count is the sum of its rows: whoever writes entries
 * appends what they changed in the same transaction and waits for nobody, and folding replaces many rows by their sum. In every
 * snapshot the sum is the number of entries.
 */
export const listCountSchema = `
create table everwarm.list_counts (
  generation integer not null,
  partition text collate "C" not null,
  n bigint not null,
  folded boolean not null default false
) with (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
create index on everwarm.list_counts (generation, partition);
create index on everwarm.list_counts (generation, partition) where not folded;

-- The count with a ticket drawn before the snapshot that counts: of several counts, the one with the highest ticket knows of every
-- change whose writer drew one before it. Volatile, so that the second statement has a snapshot of its own.
create function everwarm.count_entries(wanted integer, part text, out ticket text, out total bigint) language plpgsql volatile
set search_path = pg_catalog, pg_temp as $count$
begin
  ticket := lpad(nextval('everwarm.version_seq')::text, 19, '0');
  select coalesce(sum(c.n), 0)::bigint into total from everwarm.list_counts c where c.generation = wanted and c.partition = part;
end
$count$;
`;
