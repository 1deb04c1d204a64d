/**
 * The documents that are read most, as far as readers count: so that a Redis which lost everything gets these back first. A score is
 * the logarithm, to the base two, of reads that weigh twice as much with every hour that passes: so scores need no one to age them,
 * and any two of them compare.
 */
export const mostReadSchema = `
create table everwarm.most_read (
  generation integer not null,
  key text collate "C" not null,
  score double precision not null,
  primary key (generation, key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
`;
