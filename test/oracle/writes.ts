import { atPlay, literal } from './random-values.ts';
import { type Column, quoteName, type Table } from './source.ts';

/** Column names with the texts of their values. */
export type Values = Readonly<Record<string, string | null>>;

/** Rows in which a column has one of these values; null stands for all rows. */
export type Where = { readonly column: string; readonly texts: readonly (string | null)[] } | null;

/**
 * One thing a transaction does, as data: it can be printed, made smaller and played in a schema that has lost some of its columns.
 * Tables are named by their ids. It may well be refused: by a key that is taken, by a row that is referenced.
 */
export type Write =
  | { readonly do: 'insert'; readonly table: string; readonly rows: readonly Values[]; readonly conflict: 'nothing' | 'update' | null }
  | { readonly do: 'copy'; readonly table: string; readonly rows: readonly Values[] }
  | { readonly do: 'merge'; readonly table: string; readonly rows: readonly Values[]; readonly dropWhereNull: string }
  | { readonly do: 'update'; readonly table: string; readonly set: Values; readonly where: Where }
  | {
      readonly do: 'exchange';
      readonly table: string;
      readonly column: string;
      readonly left: string | null;
      readonly right: string | null;
    }
  | { readonly do: 'touch'; readonly table: string; readonly column: string }
  | { readonly do: 'delete'; readonly table: string; readonly where: Where }
  | { readonly do: 'truncate'; readonly table: string; readonly cascade: boolean }
  | { readonly do: 'flood'; readonly table: string; readonly column: string; readonly last: number; readonly row: Values }
  | { readonly do: 'ebb'; readonly table: string; readonly column: string }
  | { readonly do: 'combine'; readonly first: Write; readonly second: Write }
  | { readonly do: 'catch'; readonly kept: Write; readonly undone: Write }
  | { readonly do: 'call'; readonly write: Write };

/** What is sent to Postgres: a statement, or rows streamed in by COPY. */
export type Operation = { readonly sql: string; readonly copy?: string };

/** The write for tables as they are now; null where it names what they do not have. */
export function render(write: Write, tables: readonly Table[]): Operation | null {
  const inner = (nested: Write): string => render(nested, tables)?.sql ?? 'select 1';
  switch (write.do) {
    case 'combine':
      // Both see the snapshot before the statement.
      return { sql: `with first as (${inner(write.first)} returning 1), second as (${inner(write.second)} returning 1) select 1` };
    case 'catch':
      return {
        sql: `do $do$ begin ${inner(write.kept)}; begin ${inner(write.undone)}; raise exception 'undo'; exception when others then null; end; end $do$`,
      };
    case 'call':
      return {
        sql: `create or replace function pg_temp.write_it() returns void language plpgsql as $body$ begin ${inner(write.write)}; end $body$; select pg_temp.write_it()`,
      };
    case 'copy':
    case 'delete':
    case 'ebb':
    case 'exchange':
    case 'flood':
    case 'insert':
    case 'merge':
    case 'touch':
    case 'truncate':
    case 'update': {
      const table = tables.find(({ id }) => id === write.table);
      return table ? renderOn(write, table) : null;
    }
  }
}

function renderOn(write: Exclude<Write, { do: 'combine' | 'catch' | 'call' }>, table: Table): Operation | null {
  if ('column' in write && !table.columns.some(({ name }) => name === write.column)) return null;
  switch (write.do) {
    case 'insert':
      return { sql: `insert into ${table.sql} ${valuesSql(table, write.rows)}${conflictSql(table, write.rows, write.conflict)}` };
    case 'copy':
      return {
        sql: `copy ${table.sql} (${names(given(table, write.rows))}) from stdin`,
        copy: write.rows
          .map(
            (row) =>
              `${given(table, write.rows)
                .map(({ name }) => copyText(row[name] ?? null))
                .join('\t')}\n`,
          )
          .join(''),
      };
    case 'merge':
      return mergeSql(table, write);
    case 'update': {
      const set = written(table).flatMap((column) =>
        Object.hasOwn(write.set, column.name) ? `${quoteName(column.name)} = ${literal(write.set[column.name] ?? null, column)}` : [],
      );
      return set.length === 0 ? null : { sql: `update ${table.sql} set ${set.join(', ')} where ${condition(table, write.where)}` };
    }
    case 'exchange': {
      const [name, left, right] = [quoteName(write.column), one(table, write.column, write.left), one(table, write.column, write.right)];
      return {
        sql: `update ${table.sql} set ${name} = case when ${name} = ${left} then ${right} else ${left} end where ${name} in (${left}, ${right})`,
      };
    }
    case 'touch':
      return { sql: `update ${table.sql} set ${quoteName(write.column)} = ${quoteName(write.column)}` };
    case 'delete':
      return { sql: `delete from ${table.sql} where ${condition(table, write.where)}` };
    case 'truncate':
      return { sql: `truncate ${table.sql}${write.cascade ? ' cascade' : ''}` };
    case 'flood': {
      const columns = given(table, [write.row]).filter(({ name }) => name !== write.column);
      const values = columns.map((column) => literal(write.row[column.name] ?? null, column));
      return {
        sql: `insert into ${table.sql} (${[quoteName(write.column), ...columns.map(({ name }) => quoteName(name))].join(', ')}) select ${['g', ...values].join(', ')} from generate_series(1001, ${write.last}) g on conflict do nothing`,
      };
    }
    case 'ebb':
      return { sql: `delete from ${table.sql} where ${quoteName(write.column)} between 1001 and 9999` };
  }
}

function mergeSql(table: Table, { rows, dropWhereNull }: Extract<Write, { do: 'merge' }>): Operation {
  const columns = given(table, rows);
  const on = table.key.map((column) => `t.${quoteName(column)} = s.${quoteName(column)}`).join(' and ');
  const set = nonKey(table, columns).map(({ name }) => `${quoteName(name)} = s.${quoteName(name)}`);
  const drop = columns.some(({ name }) => name === dropWhereNull)
    ? [`when matched and s.${quoteName(dropWhereNull)} is null then delete`]
    : [];
  const clauses = [
    ...drop,
    ...(set.length > 0 ? [`when matched then update set ${set.join(', ')}`] : []),
    `when not matched then insert (${names(columns)}) values (${columns.map(({ name }) => `s.${quoteName(name)}`).join(', ')})`,
  ];
  return { sql: `merge into ${table.sql} t using (values ${tuples(columns, rows)}) s (${names(columns)}) on ${on} ${clauses.join(' ')}` };
}

function conflictSql(table: Table, rows: readonly Values[], conflict: 'nothing' | 'update' | null): string {
  if (conflict === null) return '';
  const set = nonKey(table, given(table, rows)).map(({ name }) => `${quoteName(name)} = excluded.${quoteName(name)}`);
  if (conflict === 'nothing' || set.length === 0) return ' on conflict do nothing';
  return ` on conflict (${table.key.map(quoteName).join(', ')}) do update set ${set.join(', ')}`;
}

/** The columns that a write may set: Postgres computes the others itself. */
export const written = (table: Table): Column[] => table.columns.filter(({ generated }) => !generated);

const given = (table: Table, rows: readonly Values[]): Column[] =>
  written(table).filter(({ name }) => rows.some((row) => Object.hasOwn(row, name)));
const nonKey = (table: Table, columns: readonly Column[]): Column[] => columns.filter(({ name }) => !table.key.includes(name));
const names = (columns: readonly Column[]): string => columns.map(({ name }) => quoteName(name)).join(', ');
const tuples = (columns: readonly Column[], rows: readonly Values[]): string =>
  rows.map((row) => `(${columns.map((column) => literal(row[column.name] ?? null, column)).join(', ')})`).join(', ');
const valuesSql = (table: Table, rows: readonly Values[]): string =>
  `(${names(given(table, rows))}) values ${tuples(given(table, rows), rows)}`;

function one(table: Table, name: string, text: string | null): string {
  const column = table.columns.find((candidate) => candidate.name === name);
  return column ? literal(text, column) : 'null';
}

function condition(table: Table, where: Where): string {
  const column = where && table.columns.find(({ name }) => name === where.column);
  return column
    ? `${quoteName(column.name)} in (${where.texts.map((text) => literal(text, column)).join(', ')})`
    : where
      ? 'false'
      : 'true';
}

function copyText(text: string | null): string {
  if (text === null) return '\\N';
  return atPlay(text).replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
}
