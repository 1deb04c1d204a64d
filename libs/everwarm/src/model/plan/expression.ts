import { aliasedTableColumn, Column, is, Name, Param, Placeholder, SQL, StringChunk, Subquery, sql, Table, View } from 'drizzle-orm';
import type { Fragment } from '#contracts/compiled.ts';
import { type Casing, type ColumnInfo, definition, type TableInfo } from '#model/schema.ts';
import { literalText } from '#model/sql/literal-text.ts';
import { checkSubquery, checkText, foreignColumn, foreignTable, type ReadableTable } from './readable.ts';
import { type Timed, timedExpression } from './timed.ts';

/** A user's expression over one table: its SQL with values as literals, the columns it reads, and whether it looks at the time. */
export type Expression = {
  readonly sql: string;
  readonly columns: readonly ColumnInfo[];
  /** Null for one that gives the same as long as its row does. */
  readonly timed: Timed | null;
};

/** One appearance of a table in a query, under an alias of its own. */
export type TableScope = {
  readonly info: TableInfo;
  readonly alias: string;
  /** What callbacks such as `where` receive: the table's columns, bound to this alias. */
  readonly fields: Readonly<Record<string, Column>>;
  /** The other tables that expressions of this place may read, as `reads` declares them. Filled before any is rendered. */
  readonly readable: ReadableTable[];
  /** Renders an expression the user wrote. Throws E_DEFINITION when it reaches beyond this table and what is readable. */
  render(expression: SQL | Column, path: string): Expression;
};

/**
 * Opens a scope. Columns are recognised by identity, whether the user took them from the callback or from the imported
 * table; Drizzle's own re-aliasing would also rewrite columns of other tables. Every rendered expression is added to `fragments`.
 */
export function tableScope(info: TableInfo, alias: string, casing: Casing | undefined, fragments: Fragment[]): TableScope {
  const toText = literalText(casing);
  const bound = new Map<Column, ColumnInfo>();
  const fields: Record<string, Column> = {};
  for (const column of info.columns) {
    const field = aliasedTableColumn(column.column, alias);
    fields[column.property] = field;
    bound.set(field, column).set(column.column, column);
  }

  const readable: ReadableTable[] = [];

  const render = (expression: SQL | Column, path: string): Expression => {
    const columns = new Set<ColumnInfo>();
    const reach = { path, own: info, alias, readable };
    const visit = (chunk: unknown): unknown => {
      if (is(chunk, StringChunk)) checkText(chunk.value.join(''), reach);
      if (typeof chunk !== 'object' || chunk === null || is(chunk, StringChunk) || is(chunk, Name)) return chunk;
      if (Array.isArray(chunk)) return chunk.map(visit);
      if (is(chunk, Column)) {
        const column = bound.get(chunk);
        // The imported table's columns mean the row itself, unless the expression may also read other rows of the same table.
        const ambiguous = chunk === column?.column && readable.some((table) => table.info === info);
        if (!column || ambiguous) return foreignColumn(chunk, reach);
        columns.add(column);
        return fields[column.property];
      }
      if (is(chunk, Table)) return foreignTable(chunk, reach);
      if (is(chunk, SQL)) return sql.join(chunk.queryChunks.map((inner) => visit(inner) as SQL));
      if (is(chunk, Param) && !is(chunk.value, Placeholder)) return chunk;
      const subquery = subqueryOf(chunk);
      if (subquery === null)
        throw definition(
          path,
          `contains ${is(chunk, SQL.Aliased) ? 'an aliased expression' : is(chunk, View) ? 'a view' : 'a placeholder or something else that is no SQL'}, which is not supported inside an expression. Reach other tables by relations and aggregates, and write values out.`,
        );
      checkSubquery(reach);
      return sql.join([new StringChunk('('), visit(subquery.query) as SQL, new StringChunk(')'), ...subquery.name]);
    };
    const text = toText(visit(is(expression, Column) ? sql`${expression}` : expression) as SQL, path);
    const timed = timedExpression(text, alias, [...columns], path);
    const reads = readable.map((table) => table.info.name);
    fragments.push({ path, table: info.name, alias, sql: timed?.atRest ?? text, ...(reads.length > 0 && { reads }) });
    return { sql: text, columns: [...columns], timed };
  };

  return { info, alias, fields, readable, render };
}

/** A query of Drizzle's builder inside an expression, with the name it has there; null for anything else. */
function subqueryOf(chunk: object): { readonly query: SQL; readonly name: readonly SQL[] } | null {
  if (is(chunk, SQL.Aliased) || is(chunk, View) || is(chunk, Placeholder) || is(chunk, Param)) return null;
  if (is(chunk, Subquery)) return chunk._.isWith ? null : { query: chunk._.sql, name: [sql` ${sql.identifier(chunk._.alias)}`] };
  const getSQL: unknown = Reflect.get(chunk, 'getSQL');
  return typeof getSQL === 'function' ? { query: Reflect.apply(getSQL, chunk, []) as SQL, name: [] } : null;
}
