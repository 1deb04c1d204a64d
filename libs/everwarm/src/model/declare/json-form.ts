import { type Column, type ColumnBuilderBase, SQL, StringChunk } from 'drizzle-orm';

/** What a column's values are in documents, by the names that `typeof` has for it; `unknown` for arrays and objects. */
export type JsonTypes = { string: string; number: number; boolean: boolean; unknown: unknown };

/** A column's own JSON form: SQL over its value, whose `to_json` is written, and the type that this gives. */
export type DeclaredForm<Type extends keyof JsonTypes> = {
  /** `value` stands for the column. Immutable, over this value alone. */
  readonly sql: (value: SQL) => SQL;
  readonly type: Type;
};

/** A column builder whose documents have this type. */
export type WithJsonForm<Builder, Type extends keyof JsonTypes> = Builder & { _: { jsonForm: JsonTypes[Type] } };

const declared = Symbol('JSON form');

/**
 * Declares how a column is written into documents: for types of the application's own, which Everwarm refuses otherwise, and
 * for any other whose usual form is not wanted. Wrap the column where the table is declared:
 *
 *     photo: jsonForm(bytea('photo'), { sql: (value) => sql`encode(${value}, 'hex')`, type: 'string' })
 *
 * Returns the same builder. Give it last, after `notNull()` and the like.
 */
export function jsonForm<Builder extends ColumnBuilderBase, Type extends keyof JsonTypes>(
  builder: Builder,
  form: DeclaredForm<Type>,
): WithJsonForm<Builder, Type> {
  const config: unknown = Reflect.get(builder, 'config');
  if (typeof config === 'object' && config !== null) Reflect.set(config, declared, form);
  return builder as WithJsonForm<Builder, Type>;
}

/** The expression that a column's own form gives over a column; undefined where nothing was declared. */
export function declaredForm(column: Column, value: Column): SQL | undefined {
  const config: unknown = Reflect.get(column, 'config');
  const form: unknown = typeof config === 'object' && config !== null ? Reflect.get(config, declared) : undefined;
  if (typeof form !== 'object' || form === null) return undefined;
  return (form as DeclaredForm<'unknown'>).sql(new SQL([new StringChunk('('), value, new StringChunk(')')]));
}
