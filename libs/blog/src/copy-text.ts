import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** One value of a row to copy; null is SQL's. */
export type CopyValue = string | number | null;

/** A row as a line of Postgres' COPY text format. */
export function copyLine(values: readonly CopyValue[]): string {
  return `${values.map((value) => (value === null ? '\\N' : typeof value === 'number' ? value : escaped(value))).join('\t')}\n`;
}

/**
 * Copies lines into `target`, a table with its columns: `posts (id, title)`. Lines are taken as fast as Postgres accepts them,
 * in pieces of 64 KiB, so that neither end holds many. What `lines` throws ends the COPY and is rejected with.
 */
export async function copyInto(client: pg.Client, target: string, lines: Iterable<string> | AsyncIterable<string>): Promise<void> {
  await pipeline(Readable.from(pieces(lines)), client.query(copyFrom(`copy ${target} from stdin`)));
}

async function* pieces(lines: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string> {
  let piece = '';
  for await (const line of lines) {
    piece += line;
    if (piece.length < 1 << 16) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

const escaped = (text: string): string => text.replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? character);
const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };
