/**
 * Acknowledges keys that Postgres has as they should be and that Redis is owed from now on, in one step, as long as the copy in
 * Redis is known to be behind under this very token: the row's lock keeps it from becoming whole meanwhile. A key that was dirtied
 * again stays owed in the ledger too, as after any acknowledgement. Returns whether it was done.
 */
export const oweRedisSchema = `
create function everwarm.owe_redis(wanted integer, keys text[], seqs bigint[], seen text) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $owe$
begin
  perform 1 from everwarm.redis_copy where state = 'behind' and token = seen for share;
  if not found then return false; end if;
  insert into everwarm.redis_owed (generation, key) select wanted, k.key from unnest(keys) as k (key) order by k.key collate "C" on conflict do nothing;
  perform everwarm.acknowledge(wanted, keys, seqs);
  return true;
end
$owe$;
revoke execute on function everwarm.owe_redis(integer, text[], bigint[], text) from public;
`;
