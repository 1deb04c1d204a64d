import { identifier } from '#model/sql/literal.ts';

/** A function of the schema `everwarm` as it should be: its whole statement, and by what it is known. */
export type FunctionSql = {
  readonly name: string;
  readonly parameters: readonly string[];
  /** The text between the quotes, which the catalogue keeps as it is. */
  readonly source: string;
  readonly sql: string;
};

/** What a function is made of. */
export type FunctionParts = {
  /** Types, or names with types. Without names, stored SQL finds its own `$1`, `$2`, … in them. */
  readonly parameters: readonly string[];
  readonly returns: string;
  readonly strict?: boolean;
  /** `security definer`, and settings. */
  readonly options?: string;
  readonly declare?: string;
  readonly body: string;
};

/** The setting under which stored SQL finds what it names without a schema: as when it was stored. */
export function searchPath(path: readonly string[]): string {
  return ` set search_path = ${[...path.map(identifier), 'pg_temp'].join(', ')}`;
}

/** A function in PL/pgSQL, which plans each of its statements once per session. Names in its SQL are columns first. */
export function functionSql(
  name: string,
  { parameters, returns, strict = false, options = '', declare = '', body }: FunctionParts,
): FunctionSql {
  // The text is what an installed function is compared by: its settings are part of it.
  const source = `
#variable_conflict use_column
${options === '' ? '' : `--${options.replaceAll('\n', ' ')}\n`}${declare === '' ? '' : `declare\n  ${declare}\n`}begin
  ${body}
end
`;
  let quote = '$inline$';
  for (let n = 0; source.includes(quote); n++) quote = `$inline${n}$`;
  const head = `everwarm.${identifier(name)}(${parameters.join(', ')}) returns ${returns}`;
  const sql = `create or replace function ${head} language plpgsql volatile${strict ? ' strict' : ''}${options} as ${quote}${source}${quote}`;
  return { name, parameters, source, sql };
}
