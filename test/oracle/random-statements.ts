import type { Random } from '@everwarm/testkit';
import { type OwnPools, randomValue } from './random-values.ts';
import type { Column, Table } from './source.ts';
import { type Values, type Where, type Write, written } from './writes.ts';

/** What statements are made from. */
export type Making = {
  readonly random: Random;
  readonly tables: readonly Table[];
  readonly own: OwnPools;
  /** Whether a statement may bring more rows than fit into one batch. */
  readonly floods: boolean;
};

type Maker = (making: Making, table: Table) => Write;

/** A random statement that writes to a random table. It may well fail: on a key that is taken, a row that is referenced. */
export function randomStatement(making: Making): Write {
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

const insert: Maker = (making, table) => ({ do: 'insert', table: table.id, rows: rowsOf(making, table), conflict: null });

/** Rows for a table, those whose keys are new. */
export const fill: Maker = (making, table) => ({ do: 'insert', table: table.id, rows: rowsOf(making, table), conflict: 'nothing' });

const upsert: Maker = (making, table) => ({
  do: 'insert',
  table: table.id,
  rows: rowsOf(making, table),
  conflict: making.random.chance(0.2) ? 'nothing' : 'update',
});

/** A few columns of a few rows, keys among them: a changed key, a row that moves from one parent to another. */
const update: Maker = (making, table) => {
  const columns = some(making.random, written(table), 2);
  const set = Object.fromEntries(columns.map((column) => [column.name, oneValue(making, table, column)]));
  return { do: 'update', table: table.id, set, where: condition(making, table) };
};

/** Every row gets another key or another parent, by exchange of two values. */
const exchange: Maker = (making, table) => {
  const columns = written(table).filter(({ type }) => /^(integer|bigint|text|uuid|date)$/.test(type));
  if (columns.length === 0) return update(making, table);
  const column = making.random.pick(columns);
  const [left, right] = [oneValue(making, table, column), oneValue(making, table, column)];
  return { do: 'exchange', table: table.id, column: column.name, left, right };
};

const touch: Maker = ({ random }, table) => ({ do: 'touch', table: table.id, column: random.pick(written(table)).name });
const remove: Maker = (making, table) => ({ do: 'delete', table: table.id, where: condition(making, table) });
const truncate: Maker = ({ random }, table) => ({ do: 'truncate', table: table.id, cascade: random.chance(0.8) });
const merge: Maker = (making, table) => ({
  do: 'merge',
  table: table.id,
  rows: rowsOf(making, table),
  dropWhereNull: making.random.pick(table.columns).name,
});
const copy: Maker = (making, table) => ({ do: 'copy', table: table.id, rows: rowsOf(making, table).slice(0, 4) });
const combined: Maker = (making, table) => ({
  do: 'combine',
  first: remove(making, table),
  second: upsert(making, making.random.pick(making.tables)),
});
const caught: Maker = (making, table) => ({ do: 'catch', kept: upsert(making, table), undone: remove(making, table) });
const called: Maker = (making, table) => ({ do: 'call', write: making.random.pick([upsert, update, remove])(making, table) });

/** More rows than fit into one batch, one job or one look at the outbox; at times they go again. */
const flood: Maker = (making, table) => {
  const key = table.columns.find(({ name, type }) => table.key.includes(name) && /^(integer|bigint)$/.test(type));
  if (!key || !making.floods) return update(making, table);
  if (making.random.chance(0.4)) return { do: 'ebb', table: table.id, column: key.name };
  const last = 1001 + (making.random.chance(0.2) ? 5500 : making.random.integer(500, 2500));
  return { do: 'flood', table: table.id, column: key.name, last, row: rowOf(making, table) };
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
  [10, called],
  [3, truncate],
  [1, flood],
];

const oneValue = ({ random, own }: Making, table: Table, column: Column): string | null => randomValue(random, table.id, column, own);
const rowOf = (making: Making, table: Table): Values =>
  Object.fromEntries(written(table).map((column) => [column.name, oneValue(making, table, column)]));

/** Rows of distinct keys: a statement that touches one row twice is refused by upsert and merge. */
function rowsOf(making: Making, table: Table): Values[] {
  const rows = new Map<string, Values>();
  for (let count = making.random.pick([1, 1, 2, 2, 3, 5, 8]); count > 0; count--) {
    const row = rowOf(making, table);
    rows.set(JSON.stringify(table.key.map((key) => row[key])), row);
  }
  return [...rows.values()];
}

function condition(making: Making, table: Table): Where {
  if (making.random.chance(0.02)) return null;
  const column = making.random.pick(table.columns.filter(({ type }) => type !== 'json'));
  const texts = Array.from({ length: making.random.integer(1, 2) }, () => oneValue(making, table, column));
  return { column: column.name, texts };
}

function some<Item>(random: Random, items: readonly Item[], most: number): Item[] {
  return random.shuffle(items).slice(0, random.integer(1, Math.min(most, items.length)));
}
