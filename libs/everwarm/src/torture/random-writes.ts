import { identifier } from '#model/sql/literal.ts';
import { randomValue } from './random-values.ts';
import type { Random } from './types.ts';
import type { Reference, WrittenColumn, WrittenTable } from './written-tables.ts';

/** Rows are drawn from among the first so many of a table, and statements over many rows take so many. */
const [drawnFrom, many] = [2000, 25];

/** One or several statements of one transaction over tables of any schema. They may well be refused: by a key that is taken, a row that is referenced. */
export function randomWrites(random: Random, tables: readonly WrittenTable[]): string {
  return Array.from({ length: random.integer(1, 3) }, () => randomWrite(random, random.pick(tables))).join(';\n');
}

function randomWrite(random: Random, table: WrittenTable): string {
  const draw = random.next();
  if (draw < 0.4) return insert(random, table) ?? update(random, table, 1);
  if (draw < 0.46) return remove(random, table);
  return update(random, table, draw < 0.5 ? many : 1);
}

const remove = (random: Random, table: WrittenTable): string =>
  `delete from ${table.sql} where ctid = any(array(${someRows(random, table, 1)}))`;

function insert(random: Random, table: WrittenTable): string | null {
  const referred = referredColumns(table);
  const own = table.columns.filter(({ name }) => !referred.has(name));
  const given: (readonly [column: string, value: string])[] = [];
  for (const column of own) {
    // What the database fills in by itself is left to it, mostly.
    if (column.hasDefault && random.chance(0.7)) continue;
    const value = randomValue(random, column);
    if (value !== null) given.push([column.name, value]);
    else if (!column.nullable && !column.hasDefault) return null;
  }
  const parents = table.references.map((reference, index) => ({ reference, alias: `parent_${index}` }));
  for (const { reference, alias } of parents)
    for (const [index, column] of reference.columns.entries())
      if (!given.some(([name]) => name === column)) given.push([column, `${alias}.${identifier(reference.targetColumns[index]!)}`]);
  const nullable = (reference: Reference) =>
    reference.columns.every((name) => table.columns.find((column) => column.name === name)?.nullable);
  const from = parents
    .map(
      ({ reference, alias }) =>
        ` ${nullable(reference) ? 'left' : 'inner'} join lateral (${oneOf(random, reference.target)}) ${alias} on true`,
    )
    .join('');
  const columns = given.map(([name]) => identifier(name)).join(', ');
  return `insert into ${table.sql} (${columns}) select ${given.map(([, value]) => value).join(', ')} from (select) nothing${from} on conflict do nothing`;
}

/** One or two columns of some rows, among them what refers to other rows: then they move from one parent to another. */
function update(random: Random, table: WrittenTable, count: number): string {
  const moves = table.references.filter(({ columns }) =>
    columns.every((name) => table.columns.some((column) => column.name === name && !column.inKey)),
  );
  const rows = `ctid = any(array(${someRows(random, table, count)}))`;
  if (moves.length > 0 && random.chance(0.35)) {
    const { columns, target, targetColumns } = random.pick(moves);
    const list = (names: readonly string[]) => names.map(identifier).join(', ');
    return `update ${table.sql} set (${list(columns)}) = (select ${list(targetColumns)} from (${oneOf(random, target)}) parent) where ${rows} and exists (select from ${target})`;
  }
  const referred = referredColumns(table);
  const plain = table.columns.filter(({ name, inKey }) => !inKey && !referred.has(name));
  const set = random
    .shuffle(plain)
    .slice(0, random.integer(1, 2))
    .flatMap((column: WrittenColumn) => {
      const value = randomValue(random, column);
      return value === null ? [] : [`${identifier(column.name)} = ${value}`];
    });
  if (set.length > 0) return `update ${table.sql} set ${set.join(', ')} where ${rows}`;
  // A table of nothing but keys: its rows can only come and go.
  return (random.chance(0.3) ? null : insert(random, table)) ?? remove(random, table);
}

const referredColumns = (table: WrittenTable): ReadonlySet<string> => new Set(table.references.flatMap(({ columns }) => columns));

/** Places of rows that are next to each other, somewhere in the table. */
const someRows = (random: Random, { sql }: WrittenTable, count: number): string =>
  `select ctid from ${sql} limit ${count} offset (select floor(${random.next()} * least(count(*), ${drawnFrom}))::integer from (select from ${sql} limit ${drawnFrom}) first)`;

const oneOf = (random: Random, target: string): string =>
  `select * from ${target} limit 1 offset (select floor(${random.next()} * least(count(*), ${drawnFrom}))::integer from (select from ${target} limit ${drawnFrom}) first)`;
