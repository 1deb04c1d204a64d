import { createReadStream } from 'node:fs';
import { SaxesParser } from 'saxes';

/** One `<row … />` of a dump file, by the number of the line on which it begins. */
export type DumpRow = { readonly line: number; readonly attributes: Readonly<Record<string, string>> };

/** A place in a dump file that is not a row and should be. */
export type Malformed = { readonly line: number; readonly reason: string };

/**
 * Streams the rows of a dump file, in the order of the file; memory does not grow with it.
 *
 * A dump writes one row per line (line breaks inside a value are escaped), so a damaged row must not cost its neighbours: after
 * an error the rest of the line is dropped and parsing begins afresh on the next. A row over several lines is read all the same.
 * A file that ends without its closing tag, as a broken download does, is reported at its last line.
 * Rejects only when the file cannot be read.
 */
export async function* readRows(path: string): AsyncGenerator<DumpRow | Malformed> {
  let parser = rowParser();
  let begun = 0;
  let number = 0;
  let closed = false;
  for await (const line of linesOf(path)) {
    number += 1;
    const text = line.trim();
    const ends = closingTag.test(text);
    if (parser.isOpen() && (ends || text.startsWith('<row'))) {
      yield { line: begun, reason: 'the row does not end' };
      parser = rowParser();
    }
    closed ||= ends;
    if (ends || (!parser.isOpen() && aroundRows.test(text))) continue;
    if (!parser.isOpen()) {
      begun = number;
      if (!text.startsWith('<row')) {
        yield { line: number, reason: 'is not a <row …/>' };
        continue;
      }
    }
    const { rows, error } = parser.read(`${line}\n`);
    if (error === null) {
      for (const attributes of rows) yield { line: begun, attributes };
    } else {
      yield { line: begun, reason: error };
      parser = rowParser();
    }
  }
  if (parser.isOpen()) yield { line: begun, reason: 'the row does not end' };
  if (!closed) yield { line: number, reason: 'the file ends before its closing tag; is it complete?' };
}

const closingTag = /^<\/\w+>$/;
/** What may stand outside of rows: nothing, the XML declaration, a comment, the tag around all rows. */
const aroundRows = /^(\uFEFF?<\?xml\b.*\?>|<!--.*-->|<(?!row\b)\w+>)?$/;

async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
    // Not node:readline, which also ends lines at U+2028 and U+2029: they occur inside texts.
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** Reads rows from pieces of text. After an error the parser's state means nothing and it must be replaced. */
function rowParser() {
  const parser = new SaxesParser<{ fragment: true; xmlns: false }>({ fragment: true, xmlns: false });
  let rows: Record<string, string>[] = [];
  let error: string | null = null;
  let depth = 0;
  parser.on('opentagstart', () => {
    depth += 1;
  });
  parser.on('opentag', (tag) => rows.push(tag.attributes));
  parser.on('closetag', () => {
    depth -= 1;
  });
  parser.on('error', (problem) => {
    error ??= problem.message.replace(/^[\d:]+\s*/, '').replace(/\.$/, '');
  });
  return {
    /** Whether the last text ended inside a row. */
    isOpen: () => depth > 0,
    read(text: string): { readonly rows: readonly Record<string, string>[]; readonly error: string | null } {
      rows = [];
      parser.write(text);
      return { rows, error };
    },
  };
}
