import type { Random } from '@everwarm/testkit';
import { literal, type OwnPools, randomValue } from './random-values.ts';
import { type Column, quoteName, type Table } from './source.ts';

/** One thing a transaction does: a statement, or rows streamed in by COPY. */
export type Operation = { readonly sql: string; readonly copy?: string };

/** What statements are made from. */
export type Making = { readonly random: Random; readonly tables: readonly Table[]; readonly own: OwnPools };

type Maker = (making: Making, table: Table) => Operation;

/** A random statement that writes to a random table. It may well fail: on a key that is taken, a row that is referenced. */
export function randomStatement(making: Making): Operation {
  const { random, tables } = making;
  let draw = random.integer(
    1,
    makers.reduce((total, [weight]) => total + weight, 0),
  );
  for (const [weight, make] of makers) {
    draw -= weight;
    if (draw <= 0) return make(making, random.pick(tables));
  }
  return insert(making, random.pick(tables));
}

const insert: Maker = (making, table) => ({ sql: `insert into ${table.sql} (${names(table.columns)}) values ${tuples(making, table)}` });

/** Rows for a table, those whose keys are new. */
export const fill: Maker = (making, table) => ({ sql: `${insert(making, table).sql} on conflict do nothing` });

const upsert: Maker = (making, table) => {
  const key = table.key.map(quoteName).join(', ');
  const rest = nonKey(table);
  const set = rest.map(({ name }) => `${quoteName(name)} = excluded.${quoteName(name)}`).join(', ');
  const action = rest.length === 0 || making.random.chance(0.2) ? 'nothing' : `update set ${set}`;
  return { sql: `${insert(making, table).sql} on conflict (${key}) do ${action}` };
};

/** A few columns of a few rows, keys among them: a changed key, a row that moves from one parent to another. */
const update: Maker = (making, table) => {
  const columns = some(making.random, table.columns, 2);
  const set = columns.map((column) => `${quoteName(column.name)} = ${oneValue(making, table, column)}`).join(', ');
  return { sql: `update ${table.sql} set ${set} where ${condition(making, table)}` };
};

/** Every row gets another key or another parent, by exchange of two values. */
const exchange: Maker = (making, table) => {
  const column = making.random.pick(table.columns.filter(({ type }) => /^(integer|bigint|text|uuid|date)$/.test(type)));
  const name = quoteName(column.name);
  const [left, right] = [oneValue(making, table, column), oneValue(making, table, column)];
  return {
    sql: `update ${table.sql} set ${name} = case when ${name} = ${left} then ${right} else ${left} end where ${name} in (${left}, ${right})`,
  };
};

const touch: Maker = ({ random }, table) => {
  const name = quoteName(random.pick(table.columns).name);
  return { sql: `update ${table.sql} set ${name} = ${name}` };
};

const remove: Maker = (making, table) => ({ sql: `delete from ${table.sql} where ${condition(making, table)}` });

const truncate: Maker = ({ random }, table) => ({ sql: `truncate ${table.sql}${random.chance(0.8) ? ' cascade' : ''}` });

const merge: Maker = (making, table) => {
  const on = table.key.map((column) => `t.${quoteName(column)} = s.${quoteName(column)}`).join(' and ');
  const rest = nonKey(table);
  const set = rest.map(({ name }) => `${quoteName(name)} = s.${quoteName(name)}`).join(', ');
  const pickOne = quoteName(making.random.pick(table.columns).name);
  const clauses = [
    `when matched and s.${pickOne} is null then delete`,
    ...(rest.length > 0 ? [`when matched then update set ${set}`] : []),
    `when not matched then insert (${names(table.columns)}) values (${table.columns.map(({ name }) => `s.${quoteName(name)}`).join(', ')})`,
  ];
  return {
    sql: `merge into ${table.sql} t using (values ${tuples(making, table)}) s (${names(table.columns)}) on ${on} ${clauses.join(' ')}`,
  };
};

const copy: Maker = ({ random, own }, table) => {
  const rows = Array.from({ length: random.integer(1, 4) }, () =>
    table.columns.map((column) => copyText(randomValue(random, table.id, column, own))).join('\t'),
  );
  return { sql: `copy ${table.sql} (${names(table.columns)}) from stdin`, copy: `${rows.join('\n')}\n` };
};

/** Two writes in one statement: both see the snapshot before it. */
const combined: Maker = (making, table) => {
  const other = making.random.pick(making.tables);
  return { sql: `with first as (${remove(making, table).sql} returning 1), second as (${upsert(making, other).sql} returning 1) select 1` };
};

/** A write that is undone by an exception inside a function, beside one that stays. */
const caught: Maker = (making, table) => ({
  sql: `do $do$ begin ${upsert(making, table).sql}; begin ${remove(making, table).sql}; raise exception 'undo'; exception when others then null; end; end $do$`,
});

/** More rows than fit into one batch, one job or one look at the outbox; at times they go again. */
const flood: Maker = (making, table) => {
  const key = table.columns.find(({ name, type }) => table.key.includes(name) && /^(integer|bigint)$/.test(type));
  if (!key) return update(making, table);
  if (making.random.chance(0.4)) return { sql: `delete from ${table.sql} where ${quoteName(key.name)} between 1001 and 9999` };
  const values = table.columns.map((column) => (column === key ? 'g' : oneValue(making, table, column)));
  const last = 1001 + (making.random.chance(0.2) ? 5500 : making.random.integer(500, 2500));
  return {
    sql: `insert into ${table.sql} (${names(table.columns)}) select ${values.join(', ')} from generate_series(1001, ${last}) g on conflict do nothing`,
  };
};

const makers: readonly (readonly [weight: number, Maker])[] = [
  [10, insert],
  [40, fill],
  [60, upsert],
  [50, update],
  [8, exchange],
  [8, touch],
  [12, remove],
  [30, merge],
  [20, copy],
  [10, combined],
  [10, caught],
  [3, truncate],
  [1, flood],
];

const names = (columns: readonly Column[]): string => columns.map(({ name }) => quoteName(name)).join(', ');
const nonKey = (table: Table): Column[] => table.columns.filter(({ name }) => !table.key.includes(name));
const oneValue = ({ random, own }: Making, table: Table, column: Column): string =>
  literal(randomValue(random, table.id, column, own), column);

/** Rows of distinct keys: a statement that touches one row twice is refused by upsert and merge. */
function tuples(making: Making, table: Table): string {
  const rows = new Map<string, string>();
  for (let count = making.random.integer(1, 8); count > 0; count--) {
    const values = table.columns.map((column) => oneValue(making, table, column));
    rows.set(JSON.stringify(table.key.map((key) => values[table.columns.findIndex(({ name }) => name === key)])), `(${values.join(', ')})`);
  }
  return [...rows.values()].join(', ');
}

function condition(making: Making, table: Table): string {
  if (making.random.chance(0.02)) return 'true';
  const column = making.random.pick(table.columns.filter(({ type }) => type !== 'json'));
  const values = Array.from({ length: making.random.integer(1, 2) }, () => oneValue(making, table, column));
  return `${quoteName(column.name)} in (${values.join(', ')})`;
}

function some<Item>(random: Random, items: readonly Item[], most: number): Item[] {
  return random.shuffle(items).slice(0, random.integer(1, Math.min(most, items.length)));
}

function copyText(text: string | null): string {
  if (text === null) return '\\N';
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
}
