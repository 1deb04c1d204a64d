import type { CompiledModel, TableName } from '#contracts/compiled.ts';
import type { Database, Transactions } from '#contracts/database.ts';
import { qualified } from '#model/sql/literal.ts';
import { readFacts, type TableFacts } from './facts.ts';
import { changedUnseen, fingerprintOf } from './fingerprint.ts';
import { probe } from './probe.ts';
import { type Problem, problemsOf } from './problems.ts';
import { type Remembered, rememberedTables } from './remembered.ts';

/** What is wrong with one captured table, as `status` and `doctor` show it. */
export type Mark = Problem & { readonly table: TableName; readonly since: Date };

/** Begins the walk over all keys of these generations. */
type Reconcile = (tx: Database, generations: readonly number[]) => Promise<void>;

type Live = { readonly id: number; readonly model: CompiledModel; readonly stalled: string | null };
type Look = Remembered & { readonly facts: TableFacts };

/**
 * One look at the captured tables, for what no trigger sees: a few catalogue rows, no lock on any table. Where something
 * happened (a partition came or went, a type or a label changed, a trigger was off for a while) the documents that draw on the
 * table are all looked at again, by `reconcile`. Where that is not enough the table is marked, until it is put right. A stalled
 * generation whose statements run again goes on, and all its keys are looked at.
 */
export async function watchTables(db: Transactions, reconcile: Reconcile): Promise<void> {
  const looks = await look(db);
  const healed = await keepMarks(
    db,
    looks.flatMap((seen) => problemsOf(seen, seen.facts).map((problem) => ({ ...problem, table: seen.table }))),
  );
  const changed = looks.filter((seen) => changedUnseen(seen.fingerprint, nowOf(seen)));
  const hiding = looks.filter(({ facts }) => facts.hidesRows);
  const { rows: live } = await db.query<Live>(
    `select id, model, stalled from everwarm.generations where state <> 'dropped' and (stalled is not null or $1) order by id`,
    [changed.length + hiding.length + healed.length > 0],
  );
  if (live.length === 0) return;
  const touched = live.filter(({ model }) => [...changed.map(({ table }) => table), ...healed].some((table) => reads(model, table)));
  await db.transaction(async (tx) => {
    for (const seen of changed) await note(tx, seen);
    await reconcile(
      tx,
      touched.map(({ id }) => id),
    );
  });
  for (const generation of live) {
    const hidden = hiding.find(({ table }) => reads(generation.model, table));
    // What is hidden must not be taken for deleted.
    const reason = hidden
      ? `${qualified(hidden.table)} hides rows from the role of the workers`
      : ((await probe(db, generation.model)) ?? uncaptured(generation.model, looks));
    if ((reason?.slice(0, 500) ?? null) !== generation.stalled) await setStalled(db, generation, reason, reconcile);
  }
}

async function look(db: Database): Promise<Look[]> {
  const remembered = await rememberedTables(db);
  if (remembered.length === 0) return [];
  const facts = await readFacts(
    db,
    remembered.map(({ table, columns, fingerprint }) => ({ table, columns, known: fingerprint.relation })),
  );
  return remembered.flatMap((table, index) => (facts[index] ? [{ ...table, facts: facts[index] }] : []));
}

const nowOf = ({ facts, fingerprint }: Look) => fingerprintOf(facts, fingerprint.relation);

/** Only when nobody else noted it meanwhile: a migration that ran in between knows better. */
async function note(tx: Database, seen: Look): Promise<void> {
  const { table, text } = seen;
  await tx.query('update everwarm.captured set facts = $4 where schema_name = $1 and table_name = $2 and facts = $3', [
    table.schema,
    table.name,
    text,
    JSON.stringify(nowOf(seen)),
  ]);
}

/** Brings the marks up to date. Returns the tables of which rows were out of sight and are not any more. */
async function keepMarks(db: Database, marks: readonly (Problem & { readonly table: TableName })[]): Promise<TableName[]> {
  const { rows } = await db.query<TableName>(
    `with now as (select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) as m (schema_name, table_name, kind, problem, cure)),
gone as (delete from everwarm.source_marks s where not exists (select from now n where (n.schema_name, n.table_name, n.kind) = (s.schema_name, s.table_name, s.kind)) returning s.*),
written as (insert into everwarm.source_marks (schema_name, table_name, kind, problem, cure) select * from now
on conflict (schema_name, table_name, kind) do update set problem = excluded.problem, cure = excluded.cure
where (source_marks.problem, source_marks.cure) <> (excluded.problem, excluded.cure))
select schema_name as schema, table_name as name from gone where kind in ('row security', 'subscription')`,
    [
      marks.map(({ table }) => table.schema),
      marks.map(({ table }) => table.name),
      marks.map(({ kind }) => kind),
      marks.map(({ problem }) => problem),
      marks.map(({ cure }) => cure),
    ],
  );
  return rows;
}

async function setStalled(db: Transactions, { id, stalled }: Live, reason: string | null, reconcile: Reconcile): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query('update everwarm.generations set stalled = left($2, 500) where id = $1', [id, reason]);
    await tx.query('update everwarm.relay set revision = revision + 1');
    if (stalled !== null && reason === null) await reconcile(tx, [id]);
  });
}

/** A generation that a migration left aside goes on only when capture sees again all that it reads. */
function uncaptured({ dependencies }: CompiledModel, looks: readonly Look[]): string | null {
  const lost = dependencies.find(({ table, columns }) => {
    const seen = looks.find((other) => other.table.schema === table.schema && other.table.name === table.name);
    return !columns.every((column) => seen?.columns.includes(column));
  });
  return lost ? `${qualified(lost.table)} is not captured whole for ${lost.path}: run everwarm migrate` : null;
}

function reads({ dependencies }: CompiledModel, { schema, name }: TableName): boolean {
  return dependencies.some(({ table }) => table.schema === schema && table.name === name);
}

/** What was wrong with the captured tables when a worker last looked. */
export async function readMarks(db: Database): Promise<Mark[]> {
  const { rows } = await db.query<{ schema: string; name: string; kind: Problem['kind']; problem: string; cure: string; since: Date }>(
    'select schema_name as schema, table_name as name, kind, problem, cure, since from everwarm.source_marks order by 1, 2, 3',
  );
  return rows.map(({ schema, name, ...mark }) => ({ ...mark, table: { schema, name } }));
}
