import { Column, is, SQL, type TableRelationalConfig, type TablesRelationalConfig } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { CompiledModel, KeyColumn } from '#contracts/compiled.ts';
import type { KeyType } from '#contracts/key.ts';
import type { Lifecycle } from '#contracts/lifecycle.ts';
import { type Casing, definition } from '#model/schema.ts';
import { castText, keyColumn, keyPartSql, keyTextSql } from '#model/sql/forms.ts';
import { identifier } from '#model/sql/literal.ts';
import { and, keysRelation } from '#model/sql/node-sql.ts';
import { checkName, documentModel, type ReadModel } from './define.ts';
import { checkLifecycle } from './lifecycle.ts';
import { asRelation, compileSqlDependencies, type SqlDependency, writtenSql } from './sql-dependency.ts';
import type { Jsonified } from './types.ts';

/** The columns that the query names a document by: a family of types, or the column whose type each has. */
export type SqlKey = { readonly [column: string]: KeyType | PgColumn };

type KeyValue<V> = V extends PgColumn ? V['_']['data'] : V extends 'integer' ? number : V extends 'bigint' ? number | bigint : string;
type IsOne<Names, All = Names> = Names extends unknown ? ([All] extends [Names] ? true : false) : never;
type KeyOfSql<K extends SqlKey> =
  IsOne<keyof K> extends true ? { [C in keyof K]: KeyValue<K[C]> }[keyof K] : { -readonly [C in keyof K]: KeyValue<K[C]> };

/** The config of {@link defineSqlReadModel}. */
export type SqlReadModelConfig<Doc, K extends SqlKey, D extends readonly PgTable[]> = {
  readonly name: string;
  readonly key: K;
  /** Gives one row per document: the key's columns under their names, and `doc`, of type json (its text is kept as it is) or jsonb. */
  readonly query: SQL<Doc>;
  /** Every table that the query reads. */
  readonly dependencies: { readonly [I in keyof D]: SqlDependency<D[I]> };
  /** When documents are written: `async` (the default), `inline` or lazy. May be changed at any time by `migrate`. */
  readonly lifecycle?: Lifecycle;
};

/**
 * Declares a document model by hand-written SQL, for what a relational query cannot say. Drizzle's tables and columns may be
 * interpolated, and values, which become literals. The engine asks the query for keys by a condition on the key's columns,
 * which Postgres can use an index for where it could push down the same condition written by hand. What the query reads is
 * checked at `migrate` against what is declared. The type of the document is that of the query: sql<Doc>`…`.
 * Throws E_DEFINITION.
 */
export function defineSqlReadModel<Doc, const K extends SqlKey, const D extends readonly PgTable[]>(
  config: SqlReadModelConfig<Doc, K, D>,
): ReadModel<Jsonified<Doc>, KeyOfSql<K>, TablesRelationalConfig, TableRelationalConfig, 'transformed'> {
  const name = checkName(config.name);
  if (!is(config.query, SQL)) throw definition(`${name}.query`, 'must be SQL, written with sql`…`.');
  const dependencies = config.dependencies as readonly SqlDependency[];
  if (!Array.isArray(dependencies) || dependencies.length === 0)
    throw definition(`${name}.dependencies`, 'is empty. Declare every table that the query reads.');
  const compile = (casing?: Casing) => compileSql(name, config.key, config.query, dependencies, casing);
  compile();
  const declared = () => {
    throw definition(
      name,
      'is hand-written SQL, of which the engine knows no columns: it cannot be embedded or listed. Use defineReadModel.',
    );
  };
  return documentModel({ name, lifecycle: checkLifecycle(name, config.lifecycle), compile, transformation: null, declared });
}

function compileSql(
  name: string,
  spec: SqlKey,
  query: SQL,
  dependencies: readonly SqlDependency[],
  casing: Casing | undefined,
): CompiledModel {
  const key = Object.entries(spec).map(([property, type]) => keyPart(`${name}.key.${property}`, property, type));
  if (key.length === 0) throw definition(`${name}.key`, 'names no column. Name those by which a document is asked for.');
  const rows = asRelation(writtenSql(query, `${name}.query`, casing), 'q');
  const columns = key.map(({ column }) => `q.${identifier(column.name)}`);
  const cast = (text: (index: number) => string) => key.map(({ castFrom }, index) => castFrom(text(index)));
  const asked = cast((index) => keyPartSql('k.key', index, key.length)).map((value, index) => `${columns[index]} = ${value}`);
  const after = cast((index) => `($1::text[])[${index + 1}]`);
  const compiled = compileSqlDependencies(
    `${name}.dependencies`,
    dependencies,
    key.map(({ column }) => column),
    casing,
  );
  return {
    name,
    kind: 'document',
    root: compiled[0]?.table ?? { schema: '', name: '' },
    key: key.map(({ column }) => column),
    // Asked key by key, so that the condition is a constant of the query, which Postgres pushes as deep as it can.
    recompute: `select k.key, (select q.doc::text from ${rows} where ${and(asked)}) as doc\nfrom ${keysRelation}`,
    enumerate: `select ${keyTextSql(columns)} as key, array[${columns.map((column) => `${column}::text`).join(', ')}] as position
from ${rows} where ${and([`($1::text[] is null or (${columns.join(', ')}) > (${after.join(', ')}))`, ...columns.map((column) => `${column} is not null`)])} order by ${columns.join(', ')} limit $2::integer`,
    present: `select k.key from ${keysRelation} where exists (select from ${rows} where ${and(asked)})`,
    dependencies: compiled,
    fragments: [],
    written: `select * from ${rows}`,
  };
}

const casts: Record<KeyType, string> = { integer: 'bigint', bigint: 'bigint', uuid: 'uuid', text: 'text', char: 'bpchar', date: 'date' };

function keyPart(path: string, property: string, type: KeyType | PgColumn): { column: KeyColumn; castFrom: (text: string) => string } {
  if (is(type, Column)) {
    const info = { property, name: property, column: type };
    return { column: keyColumn(info, path), castFrom: (text) => castText(info, text) };
  }
  if (!Object.hasOwn(casts, type))
    throw definition(path, `is of type ${String(type)}. A key may be ${Object.keys(casts).join(', ')}, or a Drizzle column of its type.`);
  return { column: { name: property, property, type }, castFrom: (text) => `(${text})::${casts[type]}` };
}
