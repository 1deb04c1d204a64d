/** Words that begin a line of a statement; `left`, `cross` and their like only before `join`. */
const clauses = new Set(['from', 'where', 'order', 'limit', 'group', 'having', 'union', 'join', 'left', 'cross', 'select']);
const beforeJoin = new Set(['left', 'cross']);

/** From here on a line of conditions is broken at the next `and`. */
const longLine = 100;

type Line = { readonly indent: number; text: string };

/**
 * A statement of the engine in lines that can be read: one clause to a line, subqueries set in, one property of a document to a
 * line. Strings and quoted names are left as they are. For people alone: what is executed stays one line.
 */
export function formatSql(sql: string): string {
  const tokens = sql.match(/E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--.*|[(),]|\s+|[^\s()"',]+/g) ?? [];
  const lines: Line[] = [{ indent: 0, text: '' }];
  write(tokens, 0, tokens.length, 0, lines);
  return lines
    .filter(({ text }) => text.trim() !== '')
    .map(({ indent, text }) => '  '.repeat(indent) + text.trim())
    .join('\n');
}

function write(tokens: readonly string[], start: number, end: number, indent: number, lines: Line[]): void {
  const line = () => lines.at(-1) ?? { indent, text: '' };
  const open = (depth: number) => lines.push({ indent: depth, text: '' });
  for (let index = start; index < end; index++) {
    const token = tokens[index] ?? '';
    if (token === '(') {
      const close = closing(tokens, index, end);
      const first = nextWord(tokens, index + 1);
      if (first === 'select' || first === 'with') {
        const base = line().indent;
        line().text += '(';
        open(base + 1);
        write(tokens, index + 1, close, base + 1, lines);
        open(base);
        line().text = ')';
      } else {
        line().text += '(';
        // A call's arguments may hold subqueries; its own words, as in extract(year from x), begin no line.
        if (holdsSelect(tokens, index, close)) write(tokens, index + 1, close, indent, lines);
        else
          line().text += tokens
            .slice(index + 1, close)
            .join('')
            .replaceAll(/\s+/g, ' ');
        line().text += ')';
      }
      index = close;
    } else if (token.startsWith('--')) {
      line().text += token;
      open(indent);
    } else if (/^\s+$/.test(token)) line().text += ' ';
    else {
      if (beginsLine(tokens, index, line().text)) open(indent + (isProperty(tokens, index) || token === 'and' ? 1 : 0));
      line().text += token;
    }
  }
}

function beginsLine(tokens: readonly string[], index: number, line: string): boolean {
  const token = (tokens[index] ?? '').toLowerCase();
  if (isProperty(tokens, index)) return true;
  if (token === 'and') return line.length > longLine;
  if (!clauses.has(token)) return false;
  const before = line.trimEnd().toLowerCase();
  if (beforeJoin.has(token)) return nextWord(tokens, index + 1) === 'join';
  if (token === 'join') return !/\b(left|cross)$/.test(before);
  return !(token === 'from' && before.endsWith(' is distinct')) && !(token === 'from' && before.endsWith(' is not distinct'));
}

/** Whether a concatenation goes on here with the name of the next property: `|| ',"name":'`. */
function isProperty(tokens: readonly string[], index: number): boolean {
  return tokens[index] === '||' && /^\s$/.test(tokens[index + 1] ?? '') && /^E?',?"/.test(tokens[index + 2] ?? '');
}

function nextWord(tokens: readonly string[], from: number): string {
  for (let index = from; index < tokens.length; index++) {
    const token = tokens[index] ?? '';
    if (!/^\s+$/.test(token)) return token.toLowerCase();
  }
  return '';
}

function closing(tokens: readonly string[], open: number, end: number): number {
  let depth = 0;
  for (let index = open; index < end; index++) {
    if (tokens[index] === '(') depth++;
    if (tokens[index] === ')' && --depth === 0) return index;
  }
  return end;
}

function holdsSelect(tokens: readonly string[], open: number, close: number): boolean {
  for (let index = open + 1; index < close; index++)
    if (tokens[index] === '(' && ['select', 'with'].includes(nextWord(tokens, index + 1))) return true;
  return false;
}
