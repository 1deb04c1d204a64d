/** What `pg_current_snapshot()` says: transactions below `xmin` are visible, from `xmax` on none is, `inProgress` in between are not. */
export type Snapshot = { readonly text: string; readonly xmin: bigint; readonly xmax: bigint; readonly inProgress: readonly string[] };

/** Reads Postgres's text form `xmin:xmax:xip,xip`. The caller guarantees that the text came from Postgres. */
export function parseSnapshot(text: string): Snapshot {
  const [xmin = '0', xmax = '0', inProgress = ''] = text.split(':');
  return { text, xmin: BigInt(xmin), xmax: BigInt(xmax), inProgress: inProgress === '' ? [] : inProgress.split(',') };
}
