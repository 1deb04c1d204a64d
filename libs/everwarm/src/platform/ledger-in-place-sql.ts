/**
 * The step of the engine's schema by which an enqueued key stays where it is in the ledger: Postgres writes a row anew in place, and none
 * of its indexes, only while no column changes that any of them names, its condition included. Every enqueue writes `queued_at`; failed
 * keys are found by when they failed.
 */
export const ledgerInPlaceSchema = `
drop index everwarm.ledger_queued_at_idx;
create index on everwarm.ledger (failed_at) where attempts > 0;
`;
