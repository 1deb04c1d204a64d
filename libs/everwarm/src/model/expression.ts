import { aliasedTableColumn, Column, is, Param, Placeholder, SQL, StringChunk, sql, Table } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { Fragment } from '#contracts/compiled.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { valueLiteral } from './literal.ts';
import { type Casing, type ColumnInfo, definition, type TableInfo } from './schema.ts';
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
  /** Renders an expression the user wrote. Throws E_DEFINITION when it reaches beyond this table. */
  render(expression: SQL | Column, path: string): Expression;
};

class LiteralDialect extends PgDialect {
  override escapeParam(_index: number, value?: unknown): string {
    const literal = valueLiteral(value);
    if (literal === null) throw new EverwarmError('E_DEFINITION', `A value of type ${typeof value} has no SQL literal.`);
    return literal;
  }
}

/**
 * Opens a scope. Columns are recognised by identity, whether the user took them from the callback or from the imported
 * table; Drizzle's own re-aliasing would also rewrite columns of other tables. Every rendered expression is added to `fragments`.
 */
export function tableScope(info: TableInfo, alias: string, casing: Casing | undefined, fragments: Fragment[]): TableScope {
  const dialect = new LiteralDialect(casing ? { casing } : undefined);
  const bound = new Map<Column, ColumnInfo>();
  const fields: Record<string, Column> = {};
  for (const column of info.columns) {
    const field = aliasedTableColumn(column.column, alias);
    fields[column.property] = field;
    bound.set(field, column).set(column.column, column);
  }

  const render = (expression: SQL | Column, path: string): Expression => {
    const columns = new Set<ColumnInfo>();
    const visit = (chunk: unknown): unknown => {
      if (chunk === undefined || chunk === null || is(chunk, StringChunk)) return chunk;
      if (Array.isArray(chunk)) return chunk.map(visit);
      if (is(chunk, Column)) {
        const column = bound.get(chunk);
        if (!column)
          throw definition(
            path,
            `reads the column "${chunk.name}" of another table. Only columns of "${info.property}" may be used here; use a relation for others.`,
          );
        columns.add(column);
        return fields[column.property];
      }
      if (is(chunk, SQL)) return sql.join(chunk.queryChunks.map((inner) => visit(inner) as SQL));
      if (is(chunk, Param) && !is(chunk.value, Placeholder)) return chunk;
      if (typeof chunk !== 'object') return chunk;
      throw definition(
        path,
        `contains ${is(chunk, Table) ? 'a table' : is(chunk, SQL.Aliased) ? 'an aliased expression' : 'a subquery, view or placeholder'}, which is not supported inside an expression. Reach other tables by relations and aggregates, and write values out.`,
      );
    };
    const text = toText(dialect, visit(is(expression, Column) ? sql`${expression}` : expression) as SQL, path);
    const timed = timedExpression(text, alias, [...columns], path);
    fragments.push({ path, table: info.name, alias, sql: timed?.atRest ?? text });
    return { sql: text, columns: [...columns], timed };
  };

  return { info, alias, fields, render };
}

function toText(dialect: PgDialect, expression: SQL, path: string): string {
  try {
    return dialect.sqlToQuery(expression).sql;
  } catch (cause) {
    throw definition(
      path,
      'uses a value that cannot be written as an SQL literal. Use text, numbers, booleans, dates, bytes or arrays of them.',
      cause,
    );
  }
}
