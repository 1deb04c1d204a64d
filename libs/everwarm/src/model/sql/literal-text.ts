import type { SQL } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import { EverwarmError } from '#contracts/errors.ts';
import { type Casing, definition } from '#model/schema.ts';
import { valueLiteral } from './literal.ts';

class LiteralDialect extends PgDialect {
  override escapeParam(_index: number, value?: unknown): string {
    const literal = valueLiteral(value);
    if (literal === null) throw new EverwarmError('E_DEFINITION', `A value of type ${typeof value} has no SQL literal.`);
    return literal;
  }
}

/** Writes Drizzle's SQL out, values as literals, for a schema of this casing. Throws E_DEFINITION, naming the path, for a value without a literal. */
export function literalText(casing: Casing | undefined): (expression: SQL, path: string) => string {
  const dialect = new LiteralDialect(casing ? { casing } : undefined);
  return (expression, path) => {
    try {
      return dialect.sqlToQuery(expression).sql;
    } catch (cause) {
      throw definition(
        path,
        'uses a value that cannot be written as an SQL literal. Use text, numbers, booleans, dates, bytes or arrays of them.',
        cause,
      );
    }
  };
}
