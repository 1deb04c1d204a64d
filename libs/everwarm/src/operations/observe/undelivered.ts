/**
 * The rows of the outbox (xid, at) that the relay has not delivered: those that its snapshot `r.snapshot` does not see, by the index
 * on their transactions. It is the relay's own difference, so it reads only them, whatever an open transaction keeps in the outbox.
 */
export const undeliveredOf = `(
  select o.xid, o.at from everwarm.outbox o where o.xid >= pg_snapshot_xmax(r.snapshot::pg_snapshot)
  union all
  select o.xid, o.at from everwarm.outbox o where o.xid = any(array(select pg_snapshot_xip(r.snapshot::pg_snapshot)))
)`;
