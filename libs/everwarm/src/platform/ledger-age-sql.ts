/**
 * The step of the engine's schema by which the ledger is looked at by age: the oldest key, the next ones to enqueue, and the failed
 * ones are found without reading the others. Keys that are written leave dead entries before the living ones, which no vacuum takes
 * away while a transaction is open; `ledger_marks` says, for each generation and lane, a time before which nothing is owed, so that
 * nobody looks there, and how many keys there were when the leader last counted them.
 */
export const ledgerAgeSchema = `
-- By an expression, so that nobody who looks for one key takes it for the primary key: to a statement that was planned while the
-- ledger was empty, one index of the generation is as good as the other.
create index on everwarm.ledger ((generation + 0), bulk, since);
create index on everwarm.ledger (queued_at) where attempts > 0;

create table everwarm.ledger_marks (
  generation integer not null,
  bulk boolean not null,
  oldest timestamptz not null,
  pending bigint not null,
  counted_at timestamptz not null,
  primary key (generation, bulk)
) with (fillfactor = 50);
`;
