import type { ShapeField, ShapeRows } from '#contracts/shape.ts';
import { formatSql } from '#model/explain/format-sql.ts';
import type { Explained } from '#operations/observe/explain.ts';

/** An explanation as a text of sections, each with a heading at the margin. */
export function explanationText(explained: Explained): string {
  const sections = [
    head(explained),
    ['document', documentLines(explained)],
    ['list', listLines(explained)],
    ['watches', watchLines(explained)],
    ['ways back', wayBackLines(explained)],
    ['aggregates', aggregateLines(explained)],
    ['time', timeLines(explained)],
    ['recompute', sqlLines(explained.recompute)],
  ] as const;
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([heading, lines]) => [heading, ...indented(lines)].join('\n'))
    .join('\n\n');
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => (line === '' ? '' : `  ${line}`));
const sqlLines = (sql: string): string[] => formatSql(sql).split('\n');

/** Columns of words, each as wide as its widest but the last. */
function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((word, column) => word.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function head({ name, kind, root, key, hash, shape, transform, list, generations }: Explained): readonly [string, string[]] {
  const what =
    kind === 'list'
      ? `pages of ${list?.item}`
      : transform === null
        ? 'a document'
        : `a document, made by a transform (revision ${transform}),`;
  const rows = shape === null ? 'hand-written SQL' : `for each row of ${root}${conditions(shape.rows)}`;
  const states = (generations ?? []).map(({ id, state, isThis }) => `${id} ${state}${isThis ? '' : ' (another definition)'}`);
  const generation =
    generations === null ? 'unknown: no database of ours answers' : states.join(', ') || 'none: everwarm migrate has not run';
  return [
    name,
    [
      `${what}${kind === 'list' ? ', an entry' : ''} ${shape === null ? 'by ' : ''}${rows}`,
      '',
      ...columns([
        ['key', key.map(({ property, type }) => `${property} (${type})`).join(', ')],
        ['definition', hash],
        ['generations', generation],
      ]),
    ],
  ];
}

const conditions = ({ where }: ShapeRows): string => (where.length === 0 ? '' : ` where ${where.join(' and ')}`);

function documentLines({ shape }: Explained): string[] {
  return shape === null ? [] : columns(shape.fields.flatMap((field) => fieldRows(field, '')));
}

function fieldRows(field: ShapeField, margin: string): (readonly string[])[] {
  const { name, kind, json, sql, nullable, rows, fields = [] } = field;
  const origin =
    rows === undefined
      ? kind === 'extra'
        ? `= ${sql}`
        : (sql ?? '')
      : `${kind === 'one' || kind === 'many' || kind === 'through' ? '' : `${kind} over `}${rowsWords(rows)}`;
  return [[margin + name, json + (nullable ? ' or null' : ''), origin], ...fields.flatMap((inner) => fieldRows(inner, `${margin}  `))];
}

function rowsWords(rows: ShapeRows): string {
  const order = rows.orderBy.length === 0 ? '' : ` order by ${rows.orderBy.join(', ')}`;
  const on = rows.join.length === 0 ? '' : ` on ${rows.join.join(' and ')}`;
  return `${rows.table}${on}${conditions(rows)}${order}${rows.limit === null ? '' : ` limit ${rows.limit}`}`;
}

function listLines({ list, shape, key }: Explained): string[] {
  if (!list) return [];
  const order = [
    ...(shape?.rows.orderBy ?? []),
    ...key.map(({ name }) => `"${name}"`).filter((name) => !shape?.rows.orderBy.some((term) => term.startsWith(name))),
  ];
  return columns([
    [
      'partition',
      list.partition === null
        ? 'none: one list'
        : `${list.partition.property} (${list.partition.type})${list.through === null ? '' : `, of ${list.through}`}`,
    ],
    ['order', order.join(', ')],
    ['member', 'the order and the key as bytes that sort as they do; in Redis, in Postgres and in cursors alike'],
    ['in Redis', `the first ${list.keep} entries of each partition; all of them in Postgres`],
    ['count', list.count ? 'kept for each partition' : 'not kept'],
  ]);
}

function watchLines({ name, watches }: Explained): string[] {
  return watches.flatMap(({ table, columns: watched }) => [
    table,
    ...indented(columns(watched.map(({ column, paths }) => [column, paths.map((path) => shortPath(name, path)).join(', ')]))),
  ]);
}

const shortPath = (name: string, path: string): string => (path === name ? 'the root' : path.replace(`${name}.`, ''));

function wayBackLines({ name, waysBack }: Explained): string[] {
  return waysBack.flatMap(({ path, table, link, sql }) => {
    const from = `${shortPath(name, path)}: ${table} by ${link.join(', ')}`;
    return sql === null ? [`${from}, which is the key`] : [from, ...indented(sqlLines(sql))];
  });
}

function aggregateLines({ name, aggregates }: Explained): string[] {
  return columns(
    aggregates.map((aggregate) => [
      shortPath(name, aggregate.path),
      aggregate.function,
      aggregate.kept === 'deltas'
        ? 'kept by deltas: a change adds its difference, and no row is read again'
        : `reads its rows again: ${aggregate.why}`,
    ]),
  );
}

function timeLines({ moments }: Explained): string[] {
  return moments === null
    ? []
    : ['The time alone changes documents. The next moment of each key is kept, and found by', ...sqlLines(moments)];
}
