import { shardCount, shardLockSpace } from '#contracts/names.ts';
import { versionLength } from '#contracts/version.ts';
import { textLiteral } from '#model/sql/literal.ts';
import { type InlineGeneration, keysFunction } from './changed-keys-sql.ts';
import { type FunctionSql, functionSql } from './function-sql.ts';
import { writeFunction, writtenColumns } from './write-keys-sql.ts';

/** The errors that `everwarm.inline` raises where a rule is broken, by SQLSTATE. */
export const inlineRefusals = { isolation: 'EW001', again: 'EW002' } as const;

/** Transactions that captured more than this are left to the relay, whose batches are made for them. */
export const mostChanges = 5000;

/**
 * A transaction that began so long after the outbox was turned over has all of its rows in one table, and looks at no other: a look is a
 * lock until the commit, and among many such transactions the other table would never be free to be emptied.
 */
const turnedSeconds = 2;

/** The digits of a version's number. */
const digits = versionLength - 5;

/** What a row of `everwarm.inline` has. The first one is a summary: no generation, `detail` the number of captured changes. */
const columns =
  'generation integer, model text, partition text, key text, member bytea, doc text, version text, as_of float8, problem text, detail text';

/**
 * `everwarm.inline(most, bytes, patience)`, the whole of writing inline in one statement: what the transaction has changed so far, the
 * keys of the inline generations that it affects, their shards' locks in one order, a number drawn under them, then the statements of the
 * workers. It runs with its owner's rights, since the bytes of a document must not depend on whose transaction writes it: not on the
 * role's rights or row level security, nor on the session's settings.
 *
 * It takes no lock after the first shard's but rows of those shards' documents, so two such transactions never wait in a circle (the
 * caller has done what was deferred to the commit, foreign keys say). Whatever stands in its way is told, and left to the workers, to whom
 * the captured changes go in any case, with a mark that says which generations are written: more keys than `most`, locks that are not had within `patience` milliseconds, a document that fails.
 */
export function dispatchSql(generations: readonly InlineGeneration[]): FunctionSql {
  return functionSql('inline', {
    parameters: ['most integer', 'bytes integer', 'patience integer'],
    returns: `table (${columns})`,
    options: settings,
    declare: `me xid8 := pg_current_xact_id_if_assigned();
  table_used integer;
  seen bigint;
  changes everwarm.outbox[];
  epoch integer;
  live integer[];
  of_one text[];
  gs integer[] := '{}';
  ks text[] := '{}';
  widest integer;
  shard integer;
  drawn text;
  moment timestamptz;
  done text[] := '{}';`,
    body: `if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = '${inlineRefusals.isolation}', message = format('A transaction that is %s cannot write documents inline: its snapshot is older than their locks. Begin it with ISOLATION LEVEL READ COMMITTED.', current_setting('transaction_isolation'));
  end if;
  if current_setting('everwarm.inlined', true) = me::text then
    raise exception using errcode = '${inlineRefusals.again}', message = 'This transaction has written its documents inline already: that is its last step, once. Write everything before it.';
  end if;
  select case when o.since + interval '${turnedSeconds} seconds' < now() then o.slot end into table_used from everwarm.outbox_slot o;
  if table_used = 0 then
    ${ownChanges('outbox_0')}
  elsif table_used = 1 then
    ${ownChanges('outbox_1')}
  else
    ${ownChanges('outbox')}
  end if;
  select e.ordinal into epoch from everwarm.epochs e, pg_control_system() c
  where e.system_identifier = c.system_identifier::text and e.timeline = left(pg_walfile_name(pg_current_wal_insert_lsn()), 8);
  return query select null::integer, null::text, null::text, me::text, null::bytea, null::text, epoch::text, null::float8, null::text, seen::text;
  if seen = 0 then return; end if;
  select coalesce(array_agg(g.id), '{}') into live from everwarm.generations g
  where g.id = any(${ids(generations)}) and g.lifecycle = '"inline"' and g.state in ('serving', 'previous') and g.stalled is null;
  if seen > ${mostChanges} or epoch is null then
    return query ${told('l.id', `case when epoch is null then 'epoch' else 'changes' end`, { from: 'from unnest(live) as l (id)' })};
    return;
  end if;
${generations.map(keysOf).join('\n')}
  while cardinality(gs) > most loop
    select u.g into widest from unnest(gs) as u (g) group by u.g order by count(*) desc, u.g limit 1;
    return query ${told('widest', textLiteral('keys'))};
    select coalesce(array_agg(u.g), '{}'), coalesce(array_agg(u.k), '{}') into gs, ks from unnest(gs, ks) as u (g, k) where u.g <> widest;
  end loop;
  if cardinality(gs) = 0 then return; end if;
  perform set_config('everwarm.inlined', me::text, true), set_config('lock_timeout', patience::text, true);
  begin
    for shard in select distinct u.g * ${shardCount} + everwarm.shard(u.k) from unnest(gs, ks) as u (g, k) order by 1 loop
      perform pg_advisory_xact_lock(${shardLockSpace}, shard);
    end loop;
  exception when lock_not_available or deadlock_detected then
    return query ${told('u.g', textLiteral('busy'), { from: 'from (select distinct d.g from unnest(gs) as d (g)) u' })};
    return;
  end;
  -- A version that readers were shown must never be issued twice, so this commit is one that outlives a crash.
  if current_setting('synchronous_commit') = 'off' then perform set_config('synchronous_commit', 'on', true); end if;
  drawn := lpad(epoch::text, 4, '0') || '-' || lpad(nextval('everwarm.version_seq')::text, ${digits}, '0');
  moment := clock_timestamp();
${generations.map(writeOf).join('\n')}
  insert into everwarm.outbox (slot, source, mask, vals)
  select (select slot from everwarm.outbox_slot), s.id, -1, done from everwarm.sources s where s.schema_name = 'everwarm' and s.table_name = 'inline';`,
  });
}

/** Reads what the transaction has changed. */
function ownChanges(table: 'outbox' | 'outbox_0' | 'outbox_1'): string {
  return `select count(*), array_agg(s.change) into seen, changes from (select o::everwarm.outbox as change from everwarm.${table} o where o.xid = me limit ${mostChanges + 1}) s;`;
}

/**
 * A document's text must be the same in every session, and its plans those of the workers. What row level security would hide fails
 * instead. Nothing here is found in a schema where others may create functions; what stored SQL needs of those, its own functions set.
 */
const settings = ` security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC' set datestyle = 'ISO, YMD' set intervalstyle = 'postgres'
set bytea_output = 'hex' set extra_float_digits = 1 set jit = off set plan_cache_mode = force_generic_plan set enable_seqscan = off set row_security = off set lock_timeout = 0`;

function ids(generations: readonly InlineGeneration[]): string {
  return `'{${generations.map(({ id }) => id).join(', ')}}'::integer[]`;
}

/** What is left to the workers, and why. */
function told(generation: string, problem: string, { detail = 'null::text', from = '' } = {}): string {
  return `select ${generation}, (select n.name from everwarm.generations n where n.id = ${generation}), null::text, null::text, null::bytea, null::text, null::text, null::float8, ${problem}::text, ${detail} ${from}`;
}

function keysOf({ id }: InlineGeneration): string {
  return `  if ${id} = any(live) then
    begin
      of_one := everwarm.${keysFunction(id)}(changes, most + 1);
      if of_one is null then
        return query ${told(String(id), textLiteral('unknown'))};
      elsif cardinality(of_one) > most then
        return query ${told(String(id), textLiteral('keys'))};
      else
        gs := gs || array_fill(${id}, array[cardinality(of_one)]);
        ks := ks || of_one;
      end if;
    exception when others then
      return query ${told(String(id), textLiteral('failed'), { detail: 'sqlstate' })};
    end;
  end if;`;
}

function writeOf({ id, model }: InlineGeneration): string {
  const isList = model.kind === 'list';
  const row = isList
    ? `w.partition, w.key, w.member, null::text, w.version, null::float8, null::text, null::text`
    : `null::text, w.key, null::bytea, w.doc, w.version, w.as_of, case when w.excess is not null then 'failed' end, case when w.excess is not null then '54000' end`;
  return `  if ${id} = any(gs) then
    begin
      return query select ${id}, ${textLiteral(model.name)}::text, ${row}
      from everwarm.${writeFunction(id)}((select array_agg(u.k) from unnest(gs, ks) as u (g, k) where u.g = ${id}), drawn, bytes, moment) as w (${writtenColumns[model.kind]});
      done := done || '${id}'::text;
    exception when others then
      return query ${told(String(id), textLiteral('failed'), { detail: 'sqlstate' })};
    end;
  end if;`;
}
