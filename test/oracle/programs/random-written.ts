import type { Random } from '@everwarm/testkit';
import { type Condition, type NodeSpec, relationsOf, type SchemaSpec, type TableSpec, tableOf } from './program.ts';

/** Kinds whose JSON Postgres writes by itself as documents have it. */
const plainKinds = new Set(
  [
    'integer',
    'serial',
    'identity',
    'smallint',
    'bigintNumber',
    'text',
    'varchar',
    'char',
    'uuid',
    'enum',
    'otherEnum',
    'boolean',
    'date',
  ].concat(['json', 'jsonb']),
);

/** What of a table may stand in a read model written by hand: nothing that is computed when it is read. */
const steady = (table: TableSpec): TableSpec => ({ ...table, columns: table.columns.filter(({ virtual }) => !virtual) });

type Making = {
  readonly random: Random;
  readonly schema: SchemaSpec;
  /** A condition on a table, or none. */
  readonly condition: (table: TableSpec, share: number) => Condition | null;
};

/** A node that can be written as SQL by hand; null where the table has no column fit for it. */
export function randomWritten({ random, schema, condition }: Making, table: TableSpec): NodeSpec | null {
  const plain = (of: TableSpec, where: Condition | null): NodeSpec | null => {
    const names = random.shuffle(
      steady(of)
        .columns.filter(({ kind }) => plainKinds.has(kind))
        .map(({ property }) => property),
    );
    if (names.length === 0) return null;
    const columns = { take: true, names: names.slice(0, random.integer(1, names.length)) };
    return { columns, extras: [], with: [], through: [], aggregates: [], where, orderBy: [], limit: null };
  };
  const root = plain(table, condition(steady(table), 0.4));
  const relations = random.shuffle(relationsOf(schema, table.property));
  const many = relations.filter(({ kind }) => kind === 'many');
  const taken = new Set([...table.columns.map(({ property }) => property), ...relations.map(({ name }) => name)]);
  const counted = many.slice(0, random.integer(0, 2)).map((relation, index) => ({ relation, name: `count ${index}` }));
  return (
    root && {
      ...root,
      with: relations.slice(0, random.integer(0, 2)).flatMap(({ name, to, kind }) => {
        const target = tableOf(schema, to);
        const node = plain(target, kind === 'many' ? condition(steady(target), 0.4) : null);
        return node ? [{ relation: name, node }] : [];
      }),
      aggregates: counted
        .filter(({ name }) => !taken.has(name))
        .map(({ relation, name }) => ({
          name,
          function: 'count',
          relation: relation.name,
          column: null,
          where: condition(steady(tableOf(schema, relation.to)), 0.4),
        })),
    }
  );
}
