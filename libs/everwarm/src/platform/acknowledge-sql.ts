/**
 * Takes keys out of the ledger, each for exactly the number that was seen, in key order as the relay locks them. Key by key through
 * the index, and planned so whatever the statistics say: the ledger is empty most of the time, and a join planned for an empty
 * one took seven seconds for 300 keys beside 15,000 others. The commit is not waited for: an acknowledgement lost in a crash
 * means one more recompute.
 */
export const acknowledgeSchema = `
create function everwarm.acknowledge(wanted integer, keys text[], seqs bigint[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set plan_cache_mode = force_generic_plan as $acknowledge$
declare
  claim record;
begin
  perform set_config('synchronous_commit', 'off', true);
  for claim in select c.key, c.seq from unnest(keys, seqs) as c (key, seq) order by c.key collate "C" loop
    delete from everwarm.ledger l where l.generation = wanted and l.key = claim.key and l.seq = claim.seq;
  end loop;
end
$acknowledge$;
revoke execute on function everwarm.acknowledge(integer, text[], bigint[]) from public;
`;
