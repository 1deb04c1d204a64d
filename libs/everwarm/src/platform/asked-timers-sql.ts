/**
 * The step of the engine's schema by which a moment that somebody set for a key (`expireAfter`) stands beside the one at which the time alone
 * changes its document: each recompute sets that one anew, and must leave this one alone.
 */
export const askedTimersSchema = `
alter table everwarm.timers add column asked boolean not null default false;
alter table everwarm.timers drop constraint timers_pkey, add primary key (generation, key, asked);
`;
