/**
 * Opens a transaction that looks at the ledger by the index on the age of its keys, whatever the statistics say: the ledger is empty most
 * of the time, and so they say when a flood comes. Ten thousand keys joined to themselves by two scans took over a minute.
 */
export const byAge = ['set local enable_seqscan = off', 'set local enable_bitmapscan = off', 'set local enable_sort = off'] as const;
