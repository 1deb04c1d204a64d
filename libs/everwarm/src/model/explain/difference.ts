import type { CompiledModel, Dependency } from '#contracts/compiled.ts';
import type { ShapeField, ShapeRows } from '#contracts/shape.ts';
import { definitionHash } from '#model/compile.ts';
import { partitionTable, tableWords } from './explain.ts';

/**
 * What became of a definition, in sentences, the most visible first: properties of the document, the rows behind them, what is
 * watched, how changes find their documents. Empty exactly when the two are the same definition.
 */
export function differences(before: CompiledModel, after: CompiledModel): string[] {
  if (definitionHash(before) === definitionHash(after)) return [];
  const { name } = after;
  const found = [
    ...became(name, 'kind', before.kind, after.kind),
    ...became(name, 'key', keyWords(before), keyWords(after)),
    ...shapeDifferences(before, after),
    ...became(name, 'partition', partitionWords(before), partitionWords(after)),
    ...became(name, 'item', before.list?.item ?? '', after.list?.item ?? ''),
    ...changed(name, 'query', before.written ?? '', after.written ?? ''),
    ...transformDifferences(before, after),
    ...watchDifferences(before, after),
    ...wayBackDifferences(before, after),
    ...aggregateDifferences(before, after),
    ...timeDifferences(before, after),
  ];
  return found.length > 0 ? found : [`${name}: the engine writes its SQL in another way; what was declared is the same`];
}

const became = (path: string, what: string, from: string, to: string): string[] =>
  from === to ? [] : [`${path}: ${what} ${from || 'none'} became ${to || 'none'}`];
/** As {@link became}, for what is too long to stand in the middle of a sentence. */
const changed = (path: string, what: string, from: string, to: string): string[] =>
  from === to ? [] : [`${path}: ${what} changed: ${from || 'none'} became ${to || 'none'}`];
const keyWords = ({ key }: CompiledModel) => key.map(({ name, type }) => `${name} (${type})`).join(', ');
const partitionWords = (model: CompiledModel) => {
  const through = partitionTable(model);
  return `${model.list?.partition?.name ?? ''}${through === null ? '' : ` of ${through}`}`;
};

function shapeDifferences(before: CompiledModel, after: CompiledModel): string[] {
  if (!before.shape || !after.shape) return [];
  return [
    ...fieldDifferences(after.name, after.name, before.shape.fields, after.shape.fields),
    ...rowDifferences(after.name, before.shape.rows, after.shape.rows),
  ];
}

function rowDifferences(path: string, from: ShapeRows | undefined, to: ShapeRows | undefined, filter = 'where'): string[] {
  if (!from || !to) return [];
  return [
    ...became(path, 'table', from.table, to.table),
    ...changed(path, 'join', from.join.join(' and '), to.join.join(' and ')),
    ...changed(path, filter, from.where.join(' and '), to.where.join(' and ')),
    ...changed(path, 'order', from.orderBy.join(', '), to.orderBy.join(', ')),
    ...became(path, 'limit', String(from.limit ?? ''), String(to.limit ?? '')),
  ];
}

function fieldDifferences(model: string, path: string, before: readonly ShapeField[], after: readonly ShapeField[]): string[] {
  const from = new Map(before.map((field) => [field.name, field]));
  const to = new Map(after.map((field) => [field.name, field]));
  const at = (name: string) => `${path}.${name}`.slice(model.length + 1);
  const gone = before.filter(({ name }) => !to.has(name)).map(({ name }) => `${model} no longer has ${at(name)}`);
  const come = after.filter(({ name }) => !from.has(name)).map(({ name }) => `${model} has ${at(name)}, which it had not`);
  const kept = after.flatMap((field) => {
    const was = from.get(field.name);
    return was ? oneDifference(model, `${path}.${field.name}`, was, field) : [];
  });
  const order = (fields: readonly ShapeField[]) => fields.map(({ name }) => name).filter((name) => from.has(name) && to.has(name));
  return [...gone, ...come, ...kept, ...changed(path, 'order of properties', order(before).join(', '), order(after).join(', '))];
}

function oneDifference(model: string, path: string, from: ShapeField, to: ShapeField): string[] {
  const isAggregate = to.rows !== undefined && to.fields === undefined;
  return [
    ...became(path, 'kind', from.kind, to.kind),
    ...became(path, 'form', from.json, to.json),
    ...(from.kind === 'extra' && to.kind === 'extra' ? changed(path, 'expression', from.sql ?? '', to.sql ?? '') : []),
    ...(from.nullable === to.nullable ? [] : [`${path} ${to.nullable ? 'may now be null' : 'is no longer null'}`]),
    ...rowDifferences(path, from.rows, to.rows, isAggregate ? 'predicate' : 'where'),
    ...(from.fields && to.fields ? fieldDifferences(model, path, from.fields, to.fields) : []),
  ];
}

function transformDifferences({ transform: from }: CompiledModel, { name, transform: to }: CompiledModel): string[] {
  if (from && to) return became(name, 'transform revision', String(from.revision), String(to.revision));
  if (from) return [`${name} no longer has a transform`];
  return to ? [`${name} has a transform (revision ${to.revision}), which it had not`] : [];
}

function watchDifferences(before: CompiledModel, after: CompiledModel): string[] {
  const [from, to] = [watched(before), watched(after)];
  const only = (some: ReadonlySet<string>, others: ReadonlySet<string>) => [...some].filter((column) => !others.has(column));
  return [
    ...only(to, from).map((column) => `${after.name} watches ${column}, which it did not`),
    ...only(from, to).map((column) => `${after.name} no longer watches ${column}`),
  ];
}

const watched = ({ dependencies }: CompiledModel) =>
  new Set(dependencies.flatMap(({ table, columns }) => columns.map((column) => `${tableWords(table)}.${column}`)));

function wayBackDifferences(before: CompiledModel, after: CompiledModel): string[] {
  const from = new Map(before.dependencies.map((dependency) => [dependency.path, wayWords(dependency)]));
  return after.dependencies.flatMap((dependency) => {
    const was = from.get(dependency.path);
    return was === undefined || was === wayWords(dependency)
      ? []
      : [`${dependency.path}: a change of ${tableWords(dependency.table)} finds its documents in another way`];
  });
}

/** Aliases are numbered through the whole definition, so a property more elsewhere changes them. */
const wayWords = ({ link, wayBack }: Dependency) =>
  JSON.stringify([link, wayBack.kind === 'direct' ? '' : wayBack.sql.replaceAll(/"?\bt\d+\b"?\./g, '').replaceAll(/ t\d+\b/g, '')]);

function aggregateDifferences(before: CompiledModel, after: CompiledModel): string[] {
  const words = { deltas: 'is kept by deltas', reread: 'reads its rows again' } as const;
  const from = new Map((before.aggregates ?? []).map(({ path, kept }) => [path, kept]));
  return (after.aggregates ?? []).flatMap(({ path, kept }) => {
    const was = from.get(path);
    return was === undefined || was === kept ? [] : [`${path} ${words[kept]}, and before it did not`];
  });
}

function timeDifferences(before: CompiledModel, after: CompiledModel): string[] {
  if ((before.moments === undefined) === (after.moments === undefined)) return [];
  return [
    after.moments === undefined ? `${after.name} no longer changes with the time alone` : `${after.name} changes with the time alone`,
  ];
}
