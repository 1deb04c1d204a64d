import type { Random } from '@everwarm/testkit';
import type { Swarm } from './features.ts';
import type { Kind } from './kind.ts';
import { kindOf } from './kinds.ts';
import {
  type AggregateSpec,
  type ColumnSpec,
  type Condition,
  type ListSpec,
  type ModelSpec,
  type NodeSpec,
  type OrderSpec,
  type RelationSpec,
  relationsOf,
  type SchemaSpec,
  type TableSpec,
  tableOf,
  type WithSpec,
} from './program.ts';
import { randomNames } from './random-names.ts';
import { randomWritten } from './random-written.ts';

type Making = {
  readonly random: Random;
  readonly swarm: Swarm;
  readonly schema: SchemaSpec;
  /** Those that may stand inside others. */
  readonly models: readonly ModelSpec[];
  nodes: number;
};

/** Up to four read models; a later one may embed an earlier. */
export function randomModels(random: Random, swarm: Swarm, schema: SchemaSpec): ModelSpec[] {
  const models: ModelSpec[] = [];
  for (let index = random.integer(1, 4); index > 0; index--) {
    const making = { random, swarm, schema, models, nodes: 0 };
    const table = random.pick(schema.tables);
    const written = swarm('hand-written SQL') && random.chance(0.4) ? writtenNode(making, table) : null;
    const node = written ?? randomNode(making, table, swarm('deep') ? 4 : 2);
    const where = written ? written.where : maybeCondition(making, table, 0.5);
    models.push({
      name: `model_${models.length}`,
      root: table.property,
      node: { ...node, orderBy: [], limit: null, where },
      ...(swarm('transforms') && random.chance(0.3) && { transformed: true }),
      ...(swarm('facts outside the database') && random.chance(0.4) && { outside: true }),
      ...(written && { written: true }),
    });
  }
  return models;
}

/** Written SQL is not looked through for the time. */
function writtenNode(making: Making, table: TableSpec): NodeSpec | null {
  const steady: Making = { ...making, swarm: (feature) => feature !== 'time' && making.swarm(feature) };
  return randomWritten({ ...making, condition: (of, share) => maybeCondition(steady, of, share) }, table);
}

/** Some of the read models as a later release has them. */
export function randomLater(random: Random, swarm: Swarm, schema: SchemaSpec, models: readonly ModelSpec[]): ModelSpec[] {
  if (!swarm('definition changes')) return [];
  const later: ModelSpec[] = [];
  for (const [index, model] of models.entries()) {
    if (random.chance(0.4)) continue;
    const before = models.slice(0, index).map((other) => later.find(({ name }) => name === other.name) ?? other);
    const making = { random, swarm, schema, models: before, nodes: 0 };
    const table = tableOf(schema, model.root);
    if (model.written) {
      later.push({ ...model, node: writtenNode(making, table) ?? model.node });
      continue;
    }
    const where = random.chance(0.5) ? model.node.where : maybeCondition(making, table, 0.5);
    later.push({ ...model, node: { ...randomNode(making, table, swarm('deep') ? 4 : 2), orderBy: [], limit: null, where } });
  }
  return later;
}

/** Up to three lists over them. */
export function randomLists(random: Random, swarm: Swarm, schema: SchemaSpec, models: readonly ModelSpec[]): ListSpec[] {
  const items = models.filter(({ written }) => !written);
  if (!swarm('lists') || items.length === 0) return [];
  const making = { random, swarm, schema, models, nodes: 0 };
  return Array.from({ length: random.integer(1, 3) }, (_, index) => {
    const item = random.pick(items);
    const table = tableOf(schema, item.root);
    const orderBy = randomOrder(making, table, ({ by }) => by !== null);
    const byKey = { column: random.pick(table.key), descending: random.chance(0.5) };
    return {
      name: `list_${index}`,
      item: item.name,
      partitionBy: randomPartition(making, table),
      where: maybeCondition(making, table, 0.4),
      orderBy: orderBy.length > 0 ? orderBy : [byKey],
      ...(swarm('short lists in Redis') && random.chance(0.7) && { keep: random.integer(1, 6) }),
      ...(swarm('counted lists') && { count: random.chance(0.7) }),
    };
  });
}

function randomPartition({ random, swarm, schema }: Making, table: TableSpec): ListSpec['partitionBy'] {
  if (swarm('partitions through a join') && random.chance(0.5)) {
    const many = relationsOf(schema, table.property).filter(({ kind }) => kind === 'many');
    const relation = many.length > 0 ? random.pick(many) : null;
    const columns = relation ? tableOf(schema, relation.to).columns.filter(({ kind }) => kindOf(kind).key) : [];
    if (relation && columns.length > 0) return [relation.name, random.pick(columns).property];
  }
  const columns = table.columns.filter(({ kind }) => kindOf(kind).key);
  return swarm('partitions') && random.chance(0.7) && columns.length > 0 ? random.pick(columns).property : null;
}

function randomNode(making: Making, table: TableSpec, depth: number, kind: 'one' | 'many' = 'many'): NodeSpec {
  const { random, swarm, schema } = making;
  making.nodes++;
  const names = randomNames(random, swarm);
  const taken = new Set([...table.columns.map(({ property }) => property), ...relationsOf(schema, table.property).map(({ name }) => name)]);
  const fresh = (): string => {
    for (;;) {
      const name = names.property();
      if (!taken.has(name)) return taken.add(name) && name;
    }
  };
  const relations = relationsOf(schema, table.property);
  const nested = depth > 0 && making.nodes < 10;
  const deeper = nested ? random.shuffle(relations).slice(0, random.integer(0, 2)) : [];
  const many = relations.filter((relation) => relation.kind === 'many');
  const texts = table.columns.filter((column) => ['text', 'varchar'].includes(column.kind));
  const aggregated = (depth === 4 || swarm('nested aggregates')) && swarm('aggregates') && many.length > 0;
  const others = relations.filter(({ to: target }) => target !== table.property);
  const through = nested && swarm('through') && many.length > 0 && random.chance(0.4) ? random.pick(many) : null;
  const second = through ? relationsOf(schema, through.to) : [];
  const to = second.length > 0 ? random.pick(second) : null;
  return {
    columns: randomColumns(random, table),
    extras: [
      ...(swarm('extras') && texts.length > 0 && random.chance(0.3) ? [{ name: fresh(), column: random.pick(texts).property }] : []),
      ...(swarm('written SQL') && others.length > 0 && random.chance(0.4) ? [{ name: fresh(), counted: random.pick(others).name }] : []),
    ],
    with: deeper.map((relation) => randomWith(making, relation, depth - 1)),
    through:
      through && to
        ? [
            {
              name: fresh(),
              via: through.name,
              to: to.name,
              joinWhere: maybeCondition(making, tableOf(schema, through.to), 0.3),
              node: randomNode(making, tableOf(schema, to.to), depth - 1),
            },
          ]
        : [],
    aggregates: aggregated
      ? Array.from({ length: random.integer(0, 3) }, () => randomAggregate(making, random.pick(many), fresh())).flat()
      : [],
    ...(kind === 'many' ? randomTerms(making, table) : { where: null, orderBy: [], limit: null }),
  };
}

/** What a relation to many rows may have, around a read model, too. */
function randomTerms(making: Making, table: TableSpec): Pick<NodeSpec, 'where' | 'orderBy' | 'limit'> {
  const { random, swarm } = making;
  return {
    where: maybeCondition(making, table, 0.4),
    orderBy: randomOrder(making, table, ({ by }) => by !== null),
    limit: swarm('limits') && random.chance(0.3) ? random.integer(0, 4) : null,
  };
}

const empty: NodeSpec = { columns: null, extras: [], with: [], through: [], aggregates: [], where: null, orderBy: [], limit: null };

function randomWith(making: Making, { name, to, kind }: RelationSpec, depth: number): WithSpec {
  const { random, swarm, schema, models } = making;
  // A large one inside a large one would have documents that nobody can read.
  const fitting = models.filter(
    (model) => model.root === to && !model.transformed && !model.outside && !model.written && JSON.stringify(model).length < 1500,
  );
  const table = tableOf(schema, to);
  if (!swarm('embedding') || fitting.length === 0 || random.chance(0.4))
    return { relation: name, node: randomNode(making, table, depth, kind) };
  const around = kind === 'many' && random.chance(0.6) ? randomTerms(making, table) : {};
  return { relation: name, node: { ...empty, ...around }, model: random.pick(fitting).name };
}

function randomColumns(random: Random, table: TableSpec): NodeSpec['columns'] {
  if (random.chance(0.4)) return null;
  const names = random.shuffle(table.columns.map(({ property }) => property));
  const take = random.chance(0.7);
  return { take, names: names.slice(0, random.integer(1, take ? names.length : Math.max(1, names.length - 1))) };
}

function randomAggregate({ random, schema, ...making }: Making, relation: { name: string; to: string }, name: string): AggregateSpec[] {
  const table = tableOf(schema, relation.to);
  const where = maybeCondition({ random, schema, ...making }, table, 0.5);
  const wanted = random.pick(['count', 'count', 'sum', 'avg', 'min', 'max'] as const);
  if (wanted === 'count') return [{ name, function: wanted, relation: relation.name, column: null, where }];
  const summed = wanted === 'sum' || wanted === 'avg';
  const columns = table.columns.filter(({ kind }) => (summed ? kindOf(kind).summed : kindOf(kind).extreme));
  return columns.length === 0 ? [] : [{ name, function: wanted, relation: relation.name, column: random.pick(columns).property, where }];
}

function randomOrder({ random, swarm }: Making, table: TableSpec, fits: (kind: Kind) => boolean): OrderSpec[] {
  const columns = random.shuffle(table.columns.filter(({ kind }) => fits(kindOf(kind))));
  return columns.slice(0, random.integer(0, 3)).map(({ property }) => ({
    column: property,
    descending: random.chance(0.5),
    ...(swarm('nulls first and last') && random.chance(0.5) && { nulls: random.pick(['first', 'last'] as const) }),
  }));
}

function maybeCondition(making: Making, table: TableSpec, share: number): Condition | null {
  return making.random.chance(share) ? randomCondition(making, table, making.swarm('nested conditions') ? 2 : 0) : null;
}

function randomCondition(making: Making, table: TableSpec, depth: number): Condition {
  const { random } = making;
  const inner = () => randomCondition(making, table, depth - 1);
  if (depth > 0 && random.chance(0.4))
    return random.chance(0.3) ? { is: 'not', of: inner() } : { is: random.pick(['and', 'or'] as const), of: [inner(), inner()] };
  const comparable = table.columns.filter(({ kind }) => literalsOf(kind).length > 0);
  const any = random.pick(table.columns);
  const moments = table.columns.filter(({ kind }) => kind.startsWith('timestamptz'));
  if (making.swarm('time') && moments.length > 0 && random.chance(0.4)) return { is: 'over', column: random.pick(moments).property };
  if (comparable.length === 0 || random.chance(0.3)) return { is: random.pick(['null', 'not null'] as const), column: any.property };
  const column: ColumnSpec = random.pick(comparable);
  const values = literalsOf(column.kind);
  if (random.chance(0.3))
    return {
      is: random.pick(['in', 'not in'] as const),
      column: column.property,
      texts: random.shuffle(values).slice(0, random.integer(0, 3)),
    };
  const by = random.pick(['=', '<>', '<', '<=', '>', '>='] as const);
  return { is: 'compare', column: column.property, by, text: random.pick(values) };
}

/** Values to compare a column with; none where values of the kind do not compare. */
function literalsOf(name: string): readonly string[] {
  const kind = kindOf(name);
  return kind.by === null ? [] : (kind.literals ?? kind.pool ?? kind.key ?? []);
}
