import type { KeptAggregate } from '#contracts/aggregates.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { aggregateLockSpace } from '#contracts/names.ts';
import { keptRowsSql } from '#model/sql/kept-rows-sql.ts';
import { qualified } from '#model/sql/literal.ts';

/** An aggregate whose bases are to be set. */
type Wanted = { readonly id: string; readonly definition: KeptAggregate; readonly resets: string; readonly mine: boolean };

/** How long an aggregate that cannot be kept is read again before its bases are tried once more. */
const retryAfter = '1 minute';

/** How many times as long as setting it took an aggregate is left alone, should something take its bases away again and again. */
const restFactor = 10;

/**
 * Sets the bases of one aggregate that has none, for all its keys in one statement and so in one snapshot: what the source holds
 * less the deltas that are not folded. From then on documents are derived from them. Waits until every transaction is over that
 * may have written before the triggers knew the aggregate. What makes the aggregate's rows unknown meanwhile (a TRUNCATE, a
 * rebuild) wins: it is a later delta, or a newer number of resets. An aggregate that cannot be kept in this database is noted
 * with the reason and goes on being read from its rows. Returns whether there was one to set.
 */
export async function setBases(db: Transactions): Promise<boolean> {
  let tried: Wanted | undefined;
  try {
    return await db.transaction(
      async (tx) => {
        const { rows } = await tx.query<Wanted>(
          `select id::text, definition, resets::text, pg_try_advisory_xact_lock(${aggregateLockSpace}, (id & 2147483647)::integer) as mine from (
  select * from everwarm.aggregates where not ready and not_before <= clock_timestamp() and installed_xid < pg_snapshot_xmin(pg_current_snapshot()) order by not_before limit 1) a`,
        );
        tried = rows[0];
        if (!tried?.mine) return false;
        const problem = await unfitness(tx, tried.definition);
        if (problem !== null) await note(tx, tried.id, problem);
        else await setAll(tx, tried);
        return true;
      },
      // The condition is resolved as the triggers resolve it. A large table takes its time.
      { opening: ['set local search_path = pg_catalog, pg_temp', 'set local statement_timeout = 0'] },
    );
  } catch (error) {
    // 21 cardinality, 22 data, 42 the statement: it would fail again, for whoever asks. Anything else is the server's trouble.
    if (!tried || !(error instanceof Error && 'code' in error && /^(21|22|42)/.test(String(error.code)))) throw error;
    await note(db, tried.id, error.message);
    return true;
  }
}

async function note(db: Database, id: string, problem: string): Promise<void> {
  await db.query(`update everwarm.aggregates set problem = $2, not_before = clock_timestamp() + interval '${retryAfter}' where id = $1`, [
    id,
    problem,
  ]);
}

async function setAll(tx: Database, { id, definition, resets }: Wanted): Promise<void> {
  await tx.query(basesSql(definition), [id]);
  await tx.query(
    `update everwarm.aggregates set ready = true, problem = null, not_before = clock_timestamp() + ${restFactor} * (clock_timestamp() - now())
where id = $1 and resets = $2`,
    [id, resets],
  );
}

/**
 * Every data-modifying part sees the one snapshot of the statement, and no two touch the same row. Deltas without a key that
 * the snapshot sees are made good by it; one that commits later stays and says that the bases do not hold.
 */
function basesSql(aggregate: KeptAggregate): string {
  return `with source as materialized (${keptRowsSql([aggregate], [{ from: qualified(aggregate.table), sign: 1 }])}),
pending as materialized (
  select key, sum(rows) as rows, sum(present) as present, sum(total) as total, sum(special) as special
  from everwarm.aggregate_deltas where aggregate = $1 and key is not null group by key
),
wanted as materialized (
  select * from (
    select coalesce(s.key, p.key) as key, coalesce(s.rows, 0) - coalesce(p.rows, 0) as rows, coalesce(s.present, 0) - coalesce(p.present, 0) as present,
      coalesce(s.total, 0) - coalesce(p.total, 0) as total, coalesce(s.special, 0) - coalesce(p.special, 0) as special
    from source s full join pending p on p.key = s.key) w
  where (w.rows, w.present, w.total, w.special) <> (0, 0, 0, 0)
),
gone as (
  delete from everwarm.aggregate_bases b where b.aggregate = $1 and not exists (select from wanted w where w.key = b.key)
),
written as (
  insert into everwarm.aggregate_bases (aggregate, key, rows, present, total, special) select $1::bigint, * from wanted
  on conflict (aggregate, key) do update set (rows, present, total, special) = (excluded.rows, excluded.present, excluded.total, excluded.special)
),
known as (
  delete from everwarm.aggregate_deltas where aggregate = $1 and key is null
)
select from wanted limit 0`;
}

/** The types whose text is the same on both sides of a join, and never anything else. */
const linkTypes = ['int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'date'];

/**
 * Why an aggregate cannot be kept in this database, or null: its columns must be what the read model's schema says, since texts
 * and digits follow from their types, and its table one whose triggers see every row that changes exactly once.
 */
async function unfitness(tx: Database, { table, link, columns, value }: KeptAggregate): Promise<string | null> {
  const { rows } = await tx.query<{ problem: string }>(
    `select case
  when c.oid is null then 'its table is not there'
  when c.relkind <> 'r' or c.relispartition or exists (select from pg_inherits i where c.oid in (i.inhrelid, i.inhparent)) then 'its table is partitioned, or inherits'
  when a.attname is null then format('its table has no column %I', w.name)
  when a.attgenerated = 'v' then format('%I is a virtual column, which triggers do not see', w.name)
  when w.link and not (t.typname = any($6::text[]) or t.typtype = 'e') then format('%I is of type %s, whose values may be equal and print differently', w.name, t.typname)
  when w.link and exists (select from pg_collation l where l.oid = a.attcollation and not l.collisdeterministic) then format('%I has a collation that calls different texts equal', w.name)
  when w.name = $5 and a.atttypid <> all('{int2,int4,int8}'::regtype[]) and not (a.atttypid = 'numeric'::regtype and a.atttypmod >= 0
    and greatest(0, ((((a.atttypmod - 4) & 2047) # 1024) - 1024)) = $7::integer) then format('%I is of type %s, not a number of %s digits behind the point', w.name, format_type(a.atttypid, a.atttypmod), $7::integer)
end as problem
from (select name, name = any($4::text[]) as link from unnest($3::text[]) as w (name)) w
left join pg_class c on c.relname = $2 and c.relnamespace = (select oid from pg_namespace where nspname = $1)
left join pg_attribute a on a.attrelid = c.oid and a.attname = w.name and a.attnum > 0 and not a.attisdropped
left join pg_type t on t.oid = a.atttypid order by 1 nulls last limit 1`,
    [table.schema, table.name, columns, link, value?.name ?? null, linkTypes, Math.max(0, value?.scale ?? 0)],
  );
  return rows[0]?.problem ?? null;
}
