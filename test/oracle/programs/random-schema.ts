import type { Random } from '@everwarm/testkit';
import { soon } from '../random-values.ts';
import type { Swarm } from './features.ts';
import { kindOf, kinds } from './kinds.ts';
import {
  type ColumnSpec,
  type Constraint,
  columnOf,
  type Declarations,
  type ReferenceSpec,
  type SchemaSpec,
  type TableSpec,
} from './program.ts';
import { type Names, randomNames } from './random-names.ts';
import { columnName, tableId } from './to-ddl.ts';

const keyKinds = Object.keys(kinds).filter((kind) => kinds[kind]?.key);
const plainKinds = ['integer', 'text', 'boolean', 'numeric', 'timestamptzText'];
/** What a column may be that refers to a column of this kind without a constraint. */
const otherKinds: Readonly<Record<string, readonly string[]>> = {
  integer: ['bigintNumber', 'smallint'],
  serial: ['bigintBig'],
  smallint: ['integer', 'bigintNumber'],
  text: ['varchar'],
  varchar: ['text'],
};

type Making = { readonly random: Random; readonly swarm: Swarm; readonly names: Names };
type Draft = { -readonly [Part in keyof TableSpec]: TableSpec[Part] } & { columns: ColumnSpec[] };

/** A random schema of two to eight tables. */
export function randomSchema(random: Random, swarm: Swarm): SchemaSpec {
  const making = { random, swarm, names: randomNames(random, swarm) };
  const casing = swarm('casing') ? random.pick(['snake_case', 'camelCase'] as const) : null;
  const count = random.pick([2, 2, 3, 3, 4, 5, 6, 8]);
  const tables: Draft[] = [];
  const references: ReferenceSpec[] = [];
  for (let index = 0; index < count; index++) {
    const table = randomTable(making, tables);
    const columns = columnMaker(making, casing, table);
    const joined = swarm('join tables') && tables.length > 0 && random.chance(0.35) ? [random.pick(tables), random.pick(tables)] : [];
    for (const target of joined) {
      const own = target.key.map((property) => columns.referring(columnOf(target, property), false, false));
      references.push(reference(making, table, own, target, target.key));
      table.key = [...table.key, ...own];
    }
    if (joined.length > 0) table.key = random.shuffle(table.key).slice(0, 6);
    else
      table.key = random.shuffle(
        Array.from({ length: swarm('composite keys') && random.chance(0.4) ? random.integer(2, 3) : 1 }, () => columns.key()),
      );
    for (let more = random.integer(1, 5); more > 0; more--) columns.other();
    tables.push(table);
  }
  for (const table of tables) {
    const columns = columnMaker(making, casing, table);
    for (let more = random.pick([0, 1, 1, 2]); more > 0; more--) {
      const target = swarm('self-references') && random.chance(0.3) ? table : random.pick(tables);
      if (target === table && !swarm('self-references')) continue;
      const other = swarm('references to other columns') && random.chance(0.3) ? random.pick(target.columns) : null;
      const to = other && kinds[other.kind]?.key && !other.virtual ? [other.property] : target.key;
      const mixed = swarm('references of another kind') && random.chance(0.3);
      const own = to.map((property) => columns.referring(columnOf(target, property), random.chance(0.7), mixed));
      const plain = mixed || to !== target.key;
      references.push({ ...reference(making, table, own, target, to), ...(plain && { constraint: null }) });
    }
    for (const column of table.columns) {
      if (
        !swarm('generated columns') ||
        !['text', 'integer'].includes(column.kind) ||
        table.key.includes(column.property) ||
        !random.chance(0.4)
      )
        continue;
      if (
        column.generatedFrom === undefined &&
        !references.some((each) => each.from === table.property && each.columns.includes(column.property))
      )
        columns.generated(column);
    }
    if (swarm('partitioned tables') && random.chance(0.4)) table.partitions = random.integer(1, 3);
    table.columns = random.chance(0.5) ? random.shuffle(table.columns) : table.columns;
  }
  const columns = new Set(tables.flatMap((table) => table.columns.map(({ property }) => property)));
  const relationName = (): string => {
    const name = making.names.property();
    return columns.has(name) ? relationName() : name;
  };
  return { casing, tables, references: references.map((each) => ({ ...each, one: relationName(), back: relationName() })) };
}

function randomTable({ random, swarm, names }: Making, others: readonly TableSpec[]): Draft {
  const property = names.property();
  const schema = swarm('several schemas') && random.chance(0.5) ? names.schema() : null;
  const namesake = others.find(
    (other) => other.schema !== schema && !others.some((one) => one.schema === schema && one.name === other.name),
  );
  const name =
    namesake && random.chance(0.5) ? namesake.name : random.chance(0.5) && Buffer.byteLength(property) < 60 ? property : names.stored();
  const clash = others.some((other) => other.schema === schema && other.name === name);
  return { property, schema, name: clash ? names.stored() : name, columns: [], key: [] };
}

function columnMaker({ random, swarm }: Making, casing: SchemaSpec['casing'], table: Draft) {
  const names = randomNames(random, swarm);
  const schema = { casing, tables: [], references: [] };
  const add = (kind: string, nullable: boolean, generatedFrom?: string, virtual = false): string => {
    for (;;) {
      const column = {
        property: names.property(),
        name: random.chance(0.5) ? names.stored() : null,
        kind,
        nullable,
        ...(generatedFrom !== undefined && { generatedFrom }),
        ...(virtual && { virtual }),
      };
      const stored = columnName(schema, column);
      if (table.columns.some((other) => other.property === column.property || columnName(schema, other) === stored)) continue;
      table.columns.push(column);
      return column.property;
    }
  };
  return {
    key: () => add(swarm('keys of every kind') ? random.pick(keyKinds) : random.pick(['integer', 'identity', 'uuid', 'text']), false),
    other: () => add(random.pick(swarm('columns of every kind') ? Object.keys(kinds) : plainKinds), random.chance(0.7)),
    generated: (from: ColumnSpec) => add(from.kind, true, from.property, swarm('virtual columns') && random.chance(0.5)),
    referring: (column: ColumnSpec, nullable: boolean, mixed: boolean) => {
      const other = mixed ? otherKinds[column.kind] : undefined;
      const whole = column.kind === 'serial' || column.kind === 'identity' ? 'integer' : column.kind;
      return add(other ? random.pick(other) : whole, nullable);
    },
  };
}

function reference(
  { random, swarm }: Making,
  from: TableSpec,
  columns: readonly string[],
  to: TableSpec,
  references: readonly string[],
): ReferenceSpec {
  const nullable = columns.every((property) => columnOf(from, property).nullable);
  const constraint: Constraint = {
    onDelete: random.pick(nullable ? ['cascade', 'set null', 'restrict', 'no action'] : ['cascade', 'cascade', 'restrict', 'no action']),
    onUpdate: random.pick(['cascade', 'cascade', 'no action']),
    deferrable: random.chance(0.3),
  };
  const single = swarm('one to one') && random.chance(0.3);
  return {
    from: from.property,
    columns,
    to: to.property,
    references,
    constraint: swarm('constraints') && random.chance(0.8) ? constraint : null,
    one: '',
    back: '',
    single,
  };
}

/** Moments that come soon after they are written. */
const comingUp = [150, 400, 700, 900, 1200].map(soon);

/** The values that the columns of a schema hold: keys and what refers to them meet in a few values. */
export function valuePools(
  random: Random,
  { schema, moments = false }: Pick<Declarations, 'schema' | 'moments'>,
): Record<string, readonly string[]> {
  const pools: Record<string, readonly string[]> = {};
  const place = (table: TableSpec, property: string) => `${tableId(table)}.${columnName(schema, columnOf(table, property))}`;
  for (const table of schema.tables) {
    const few = table.key.length === 1 ? 8 : table.key.length === 2 ? 4 : 3;
    for (const column of table.columns) {
      const kind = kindOf(column.kind);
      const isKey = table.key.includes(column.property);
      if (isKey && kind.key) pools[place(table, column.property)] = random.shuffle(kind.key).slice(0, few);
      else if (moments && column.kind.startsWith('timestamptz')) pools[place(table, column.property)] = [...(kind.pool ?? []), ...comingUp];
      else if (kind.pool) pools[place(table, column.property)] = kind.pool;
    }
  }
  for (const { from, columns, to, references } of schema.references) {
    const [child, parent] = [
      schema.tables.find(({ property }) => property === from),
      schema.tables.find(({ property }) => property === to),
    ];
    if (!child || !parent) continue;
    for (const [index, property] of columns.entries()) {
      const target = references[index] ?? '';
      const column = columnOf(child, property);
      const values = pools[place(parent, target)] ?? kindOf(columnOf(parent, target).kind).key ?? [];
      const fitting =
        column.kind === 'smallint'
          ? values.filter((text) => Math.abs(Number(text)) < 32_768)
          : column.kind === 'varchar'
            ? values.filter((text) => text.length <= 12)
            : values;
      pools[place(child, property)] = fitting.length > 0 ? fitting : ['1'];
    }
  }
  return pools;
}
