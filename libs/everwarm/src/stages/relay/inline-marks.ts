import { type Change, isInlineMark, type Source } from '#contracts/change.ts';

/** Whether a transaction has itself written the documents of a generation that it changed, and with its commit. */
export type InlineMarks = (xid: string, generation: number) => boolean;

/**
 * What a batch of changes says of that. A marked transaction's changes are resolved and owed like any, since only the relay sees what
 * every transaction did; but a worker will find the documents as they should be, so there is no hurry.
 */
export function inlineMarks(changes: readonly Change[], sources: ReadonlyMap<number, Source>): InlineMarks {
  const marks = new Set<string>();
  for (const { source, xid, values } of changes) {
    const from = sources.get(source);
    if (from && isInlineMark(from)) for (const generation of values ?? []) marks.add(`${xid} ${generation}`);
  }
  return marks.size === 0 ? () => false : (xid, generation) => marks.has(`${xid} ${generation}`);
}
