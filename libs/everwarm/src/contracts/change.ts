import type { TableName } from './compiled.ts';

/**
 * What the trigger functions of one table record, by the id that every outbox row carries. Rows of `everwarm.sources` are
 * never changed, so a row captured by an older function is read by the definition it was written under.
 */
export type Source = {
  readonly id: number;
  readonly table: TableName;
  /** The columns whose text an outbox row holds, in this order. */
  readonly links: readonly string[];
  /** The watched columns; the n-th is bit n of an outbox row's mask, from the 63rd on all share bit 62. */
  readonly columns: readonly string[];
};

/** Whether what this source records are keys that somebody named (`everwarm.touch`), as model and key, and not changes of a table. */
export const isTouch = ({ table }: Source): boolean => table.schema === 'everwarm' && table.name === 'touch';

/** Whether what this source records is that a transaction has itself written the documents of the generations that it names. */
export const isInlineMark = ({ table }: Source): boolean => table.schema === 'everwarm' && table.name === 'inline';

/** One captured change: an outbox row as the relay reads it. */
export type Change = {
  readonly source: number;
  /** The transaction that made it. */
  readonly xid: string;
  /** Which watched columns changed; -1 for a whole row that came, went or changed its key. */
  readonly mask: bigint;
  /** The link columns' values, old or new; null where only "anything may have changed" is known (TRUNCATE, a broken capture). */
  readonly values: readonly (string | null)[] | null;
  /** When the writer's statement ran, in milliseconds. */
  readonly at: number;
};

/** The most bits a mask tells apart. */
export const maskBits = 63;

/** The mask in which exactly these columns of a source are set; all bits where the source does not watch one of them. */
export function maskOf(source: Source, columns: readonly string[]): bigint {
  let mask = 0n;
  for (const column of columns) {
    const index = source.columns.indexOf(column);
    if (index < 0) return -1n;
    mask |= 1n << BigInt(Math.min(index, maskBits - 1));
  }
  return mask;
}
