/**
 * The step of the engine's schema that sets keys apart which fail by their own value. A key that fails stays in the ledger, with
 * `attempts` above zero and its next try at `queued_at`, in the future; after its last attempt it is in `quarantine` instead. A
 * newer change owes it again, beginning with the attempts and the time that the quarantine has for it. Whoever acknowledges a key
 * takes it out.
 */
export const quarantineSchema = `
alter table everwarm.ledger add column code text, add column failed_at timestamptz, add column source integer;
-- Only of columns that no change and no refill writes, so that those updates need no new index entries.
create index on everwarm.ledger (generation) where attempts > 0;

create table everwarm.quarantine (
  generation integer not null,
  key text not null,
  since timestamptz not null,
  code text not null,
  error text not null,
  attempts integer not null,
  first_failed_at timestamptz not null,
  last_failed_at timestamptz not null,
  retry_at timestamptz not null,
  causes jsonb not null,
  primary key (generation, key)
);

create or replace function everwarm.acknowledge(wanted integer, keys text[], seqs bigint[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $acknowledge$
declare
  claim record;
begin
  perform set_config('synchronous_commit', 'off', true);
  for claim in select c.key, c.seq from unnest(keys, seqs) as c (key, seq) order by c.key collate "C" loop
    delete from everwarm.ledger l where l.generation = wanted and l.key = claim.key and l.seq = claim.seq;
  end loop;
  if exists (select from everwarm.quarantine q where q.generation = wanted) then
    delete from everwarm.quarantine q where q.generation = wanted and q.key = any(keys);
  end if;
end
$acknowledge$;
`;
