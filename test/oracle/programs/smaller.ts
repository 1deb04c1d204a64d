import type { Program } from './program.ts';

/*
 * What could be left out of a program. It is plain data, so one rule serves all of it: leave out some elements of an array, or
 * say null where null is allowed. What then refers to nothing is refused when it is declared, before anything is played.
 */

type Path = readonly (string | number)[];
type Edit = (program: Program) => Program;

/** Properties that may be null, and arrays whose length others rely on. */
const nullable = new Set(['where', 'joinWhere', 'limit', 'constraint', 'partitionBy', 'columns', 'release', 'lifecycle']);
const fixed = new Set(['order', 'turns', 'key', 'references', 'texts', 'columns']);

/** Every way to make a program smaller by one piece, the large pieces first. */
export function smallerBy(program: Program): Edit[] {
  const { history, schema, later } = program;
  return [
    ...pieces(history.length).map((piece) => without(['history'], piece)),
    ...['later', 'lists', 'models'].flatMap((name) => elements(program, [name])),
    ...inside(history, ['history']),
    ...inside(program.lists, ['lists']),
    ...inside(program.models, ['models']),
    ...inside(later, ['later']),
    ...elements(program, ['schema', 'references']),
    ...elements(program, ['schema', 'tables']),
    ...inside(schema.references, ['schema', 'references']),
    ...schema.tables.flatMap((table, index) =>
      pieces(table.columns.length).map((piece) => without(['schema', 'tables', index, 'columns'], piece)),
    ),
  ];
}

type Piece = { readonly from: number; readonly count: number };

/** Halves, quarters and so on down to single elements, the last ones first: what came late is needed least. */
function pieces(length: number): Piece[] {
  const found: Piece[] = [];
  for (let count = Math.ceil(length / 2); count >= 1; count = count === 1 ? 0 : Math.ceil(count / 2))
    for (let from = length - count; from > -count; from -= count)
      found.push({ from: Math.max(0, from), count: Math.min(count, count + from) });
  return found;
}

function elements(program: Program, path: Path): Edit[] {
  const array = at(program, path);
  return Array.isArray(array) ? pieces(array.length).map((piece) => without(path, piece)) : [];
}

function inside(value: unknown, path: Path): Edit[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]): Edit[] => {
    const place = [...path, Array.isArray(value) ? Number(name) : name];
    const own: Edit[] = Array.isArray(inner) && !fixed.has(name) ? pieces(inner.length).map((piece) => without(place, piece)) : [];
    const none: Edit[] =
      nullable.has(name) && inner !== null && !(Array.isArray(inner) && name === 'columns')
        ? [(program) => replaced(program, place, () => null)]
        : [];
    return [...own, ...none, ...inside(inner, place)];
  });
}

const without =
  (path: Path, { from, count }: Piece): Edit =>
  (program) =>
    replaced(program, path, (array) => (array as unknown[]).toSpliced(from, count));

const at = (value: unknown, path: Path): unknown => path.reduce((inner, name) => (inner as Record<string | number, unknown>)[name], value);

/** A copy in which what is at that place is another. */
function replaced<Value>(value: Value, [name, ...rest]: Path, change: (inner: unknown) => unknown): Value {
  if (name === undefined) return change(value) as Value;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string | number, unknown>;
  copy[name] = replaced(copy[name], rest, change);
  return copy as Value;
}
