import { isTouch, maskOf, type Source } from '#contracts/change.ts';
import type { CompiledModel, Dependency } from '#contracts/compiled.ts';
import { keyTextSql } from '#model/sql/forms.ts';
import { textLiteral } from '#model/sql/literal.ts';
import { type FunctionSql, functionSql, searchPath } from './function-sql.ts';

/** A generation that is written in its writers' transactions. */
export type InlineGeneration = { readonly id: number; readonly model: CompiledModel };

/** The name of the function that finds the keys of a generation. */
export const keysFunction = (generation: number): string => `inline_${generation}_keys`;

/**
 * The functions that find which keys of a generation the given changes may affect, by its stored ways back: `(everwarm.outbox[], integer)`
 * gives the keys as text[], null where they cannot be known (a TRUNCATE, a capture that broke). No way back is followed further than
 * to so many keys as the second parameter says; `path` is where stored SQL finds what it names without a schema. The same as the relay's `resolve`, in Postgres: what it does not find, that one does.
 */
export function changedKeysSql({ id, model }: InlineGeneration, sources: readonly Source[], path: readonly string[]): FunctionSql[] {
  const unknown: string[] = [];
  const branches: string[] = sources.filter(isTouch).map(({ id: touch }) => touchedSql(touch, model.name));
  const ways: FunctionSql[] = [];
  for (const dependency of model.dependencies) {
    const read = sources.filter(({ table }) => table.schema === dependency.table.schema && table.name === dependency.table.name);
    const way = dependency.wayBack.kind === 'query' ? `inline_${id}_way_${ways.length}` : null;
    if (way !== null) ways.push(wayBackSql(way, dependency, path));
    for (const source of read) {
      const concerned = `o.source = ${source.id} and (o.mask & (${maskOf(source, dependency.columns)})::bigint) <> 0`;
      const positions = dependency.link.map((column) => source.links.indexOf(column) + 1);
      if (positions.includes(0)) {
        unknown.push(concerned);
        continue;
      }
      unknown.push(`${concerned} and o.vals is null`);
      branches.push(branchSql(dependency, concerned, positions, way));
    }
  }
  const find = functionSql(keysFunction(id), {
    parameters: ['everwarm.outbox[]', 'integer'],
    returns: 'text[]',
    declare: 'keys text[];',
    body: `if exists (select from unnest($1) o where ${unknown.length === 0 ? 'false' : unknown.map((condition) => `(${condition})`).join('\n    or ')}) then return null; end if;
  select array_agg(distinct d.key) into keys from (
    ${branches.length === 0 ? 'select null::text as key where false' : branches.join('\n    union all ')}
  ) d;
  return coalesce(keys, '{}');`,
  });
  return [...ways, find];
}

/** Keys that somebody named in the same transaction. */
function touchedSql(source: number, model: string): string {
  return `select o.vals[2] as key from unnest($1) o where o.source = ${source} and o.vals[1] = ${textLiteral(model)}`;
}

/** The keys of one dependency. A row with a null in its link joins nothing, unless the SQL is the user's own. */
function branchSql({ wayBack }: Dependency, concerned: string, positions: readonly number[], way: string | null): string {
  const seesNulls = wayBack.kind === 'query' && wayBack.nulls === true;
  const links = positions.map((position) => `o.vals[${position}]`);
  const rows = [concerned, ...(seesNulls ? [] : links.map((link) => `${link} is not null`))].join(' and ');
  if (way === null) return `select ${keyTextSql(links)} as key from unnest($1) o where ${rows}`;
  const aggregated = links.map((_, index) => `array_agg(c.v${index}) as v${index}`);
  const distinct = `select distinct ${links.map((link, index) => `${link} as v${index}`).join(', ')} from unnest($1) o where ${rows}`;
  return `select w.key from (select ${aggregated.join(', ')} from (${distinct}) c) p cross join lateral everwarm.${way}(${links.map((_, index) => `p.v${index}`).join(', ')}, $2) w (key)`;
}

/** A way back with the parameters it was written for, and one more: how many keys at most. Strict: without a row that concerns it, it is not run. */
function wayBackSql(name: string, { link, wayBack }: Dependency, path: readonly string[]): FunctionSql {
  const sql = wayBack.kind === 'query' ? wayBack.sql : '';
  return functionSql(name, {
    parameters: [...link.map(() => 'text[]'), 'integer'],
    returns: 'setof text',
    strict: true,
    options: searchPath(path),
    body: `return query select w.key::text from (${sql}) w limit $${link.length + 1};`,
  });
}
