/** One token of an SQL expression. `text` is as written, words in lower case; `start` and `end` are its place in the source. */
export type SqlToken = {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'operator' | 'symbol';
  readonly text: string;
  readonly start: number;
  readonly end: number;
};

/*
 * Postgres's lexical rules as far as they tell code from text: literals in all their forms, quoted names, comments. Of the
 * groups, the named one that took part says what the token is; white space and comments take part in none.
 */
const lexeme = new RegExp(
  [
    String.raw`\s+|--[^\n]*|/\*`,
    String.raw`(?<string>[eE]'(?:[^'\\]|\\[\s\S]|'')*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'|\$(?<tag>[A-Za-z_]\w*|)\$[\s\S]*?\$\k<tag>\$)`,
    `(?<quoted>(?:[uU]&)?"(?:[^"]|"")*")`,
    String.raw`(?<word>[\p{L}_][\p{L}\p{N}_$]*)`,
    String.raw`(?<number>\d[\w.]*|\.\d\w*)`,
    String.raw`(?<operator>::|(?:(?!--|/\*)[-+*/<>=~!@#%^&|?${'`'}])+)`,
    String.raw`(?<symbol>[\s\S])`,
  ].join('|'),
  'yu',
);

/** Cuts an SQL expression into tokens, without white space and comments. What is not closed becomes single symbols: Postgres refuses it later. */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  lexeme.lastIndex = 0;
  for (let match = lexeme.exec(sql); match !== null; match = lexeme.exec(sql)) {
    const start = match.index;
    if (match[0] === '/*') {
      lexeme.lastIndex = endOfComment(sql, start);
      continue;
    }
    const { groups = {} } = match;
    const kind = (['string', 'quoted', 'word', 'number', 'operator', 'symbol'] as const).find((name) => groups[name] !== undefined);
    if (kind === undefined) continue;
    const text = kind === 'operator' ? oneOperator(match[0]) : match[0];
    lexeme.lastIndex = start + text.length;
    tokens.push({ kind, text: kind === 'word' ? text.toLowerCase() : text, start, end: start + text.length });
  }
  return tokens;
}

/** Comments of this form nest. */
function endOfComment(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at++) {
    const pair = sql.slice(at, at + 2);
    if (pair === '/*' || pair === '*/') {
      depth += pair === '/*' ? 1 : -1;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return sql.length;
}

/** An operator of several characters ends in a sign only where it also has one of these; so `>-1` is two operators. */
function oneOperator(run: string): string {
  return /[~!@#%^&|?`]/.test(run) ? run : run.replace(/(?<=.)[-+]+$/, '');
}
