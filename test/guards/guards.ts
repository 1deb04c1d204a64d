/** A line of a stage without which a law is broken, how the stage is built without it, and the test that then fails. */
export type Guard = {
  readonly law: number;
  readonly name: string;
  /** The file below `libs/everwarm/src` that has the guard, its text there, and what a build without it has instead. */
  readonly stage: string;
  readonly on: string;
  readonly off: string;
  /** The test that fails, by its file and its title. */
  readonly file: string;
  readonly test: string;
};

/** The guards of the laws. What is here cannot be removed unnoticed. */
export const guards: readonly Guard[] = [
  {
    law: 1,
    name: 'triggers fire for replicated sessions too',
    stage: 'stages/capture/trigger-sql.ts',
    on: 'enable always trigger ${name}',
    off: 'enable trigger ${name}',
    file: 'test/laws/01-atomic-capture.int.test.ts',
    test: 'exactly, however it was written',
  },
  {
    law: 2,
    name: 'transactions that were open at the last look are looked at again',
    stage: 'stages/relay/poll.ts',
    on: 'where xid = any($2::xid8[])`',
    off: 'where false and xid = any($2::xid8[])`',
    file: 'test/laws/02-no-lost-change.int.test.ts',
    test: 'a transaction that began first and commits last is delivered; a position in the outbox would have passed it',
  },
  {
    law: 2,
    name: 'an acknowledgement takes only what was seen',
    stage: 'platform/acknowledge-sql.ts',
    on: 'l.key = claim.key and l.seq = claim.seq',
    off: 'l.key = claim.key',
    file: 'libs/everwarm/src/stages/recompute/batch.int.test.ts',
    test: 'an acknowledgement takes out what was seen, and not what was dirtied since',
  },
  {
    law: 2,
    name: 'a table of the outbox is emptied only of what was delivered',
    stage: 'stages/relay/rotate.ts',
    on: 'if (left.rows.length > 0) return false;',
    off: '',
    file: 'test/laws/02-no-lost-change.int.test.ts',
    test: 'turning the outbox over while writers are open loses nothing',
  },
  {
    law: 2,
    name: 'a key whose lease ran out is enqueued again',
    stage: 'stages/relay/refill.ts',
    on: '(queued_at is null or ',
    off: '(queued_at is null or false and ',
    file: 'test/laws/02-no-lost-change.int.test.ts',
    test: 'lost jobs are made up for',
  },
  {
    law: 3,
    name: 'the fence in Postgres',
    stage: 'stages/write-through/write-documents.ts',
    on: ' and p.version < $2 returning p.key',
    off: ' returning p.key',
    file: 'test/laws/03-fence.int.test.ts',
    test: 'Postgres keeps the newer version when an older write comes late',
  },
  {
    law: 3,
    name: 'the fence in Redis',
    stage: 'stages/write-through/scripts.ts',
    on: 'if held >= ARGV[1] then return 0 end',
    off: '',
    file: 'test/laws/03-fence.int.test.ts',
    test: 'Redis keeps the newer version when an older write comes late',
  },
  {
    law: 4,
    name: 'Redis is written after the commit',
    stage: 'pipeline.ts',
    on: 'await writeTimers(tx, batch);',
    off: "await writeTimers(tx, batch); if ('documents' in written) await publishDocuments(writer, space, batch.generation.id, written.documents);",
    file: 'test/laws/04-postgres-first.int.test.ts',
    test: 'a batch that Postgres refuses to commit never shows in Redis',
  },
  {
    law: 5,
    name: 'one batch at a time computes a key',
    stage: 'stages/recompute/batch.ts',
    on: 'where pg_try_advisory_xact_lock(${shardLockSpace}, ${first} + s.shard)`',
    off: 'where ${shardLockSpace} + ${first} + s.shard is not null`',
    file: 'libs/everwarm/src/stages/recompute/batch.int.test.ts',
    test: 'a key that another batch holds is busy: nobody waits, and nobody draws a number for it',
  },
  {
    law: 6,
    name: 'old and new rows are compared by image',
    stage: 'stages/capture/trigger-sql.ts',
    on: "record_image_ne(row(${side('o')}), row(${side('n')}))",
    off: "row(${side('o')}) is distinct from row(${side('n')})",
    file: 'libs/everwarm/src/stages/capture/trigger-sql.int.test.ts',
    test: 'columns are compared by what their text would be',
  },
  {
    law: 7,
    name: 'what is counted is read with its unfolded deltas, in the snapshot of the document',
    stage: 'model/sql/aggregate-sql.ts',
    on: " union all ${of('aggregate_deltas')}",
    off: '',
    file: 'test/laws/07-one-moment.int.test.ts',
    test: 'rows changed in one transaction are never half visible in a document',
  },
  {
    law: 8,
    name: 'a tombstone is a version in Redis',
    stage: 'stages/write-through/publish.ts',
    on: "encodeHeader(version, Math.round(asOf), doc === null) + (doc ?? '')",
    off: "encodeHeader(doc === null ? ('0000-0000000000000000000' as typeof version) : version, Math.round(asOf), doc === null) + (doc ?? '')",
    file: 'test/laws/08-tombstone.int.test.ts',
    test: 'a late older write cannot bring a deleted document back',
  },
  {
    law: 9,
    name: 'a walk begins when every writer from before the migration is over',
    stage: 'stages/relay/reconcile.ts',
    on: ' and installed_xid < pg_snapshot_xmin(pg_current_snapshot())',
    off: '',
    file: 'test/laws/09-generation.int.test.ts',
    test: 'a generation being built is not read, and what is written meanwhile is in it when it serves',
  },
  {
    law: 10,
    name: 'a key that is owed keeps its oldest time',
    stage: 'stages/relay/owe.ts',
    on: 'since = least(ledger.since, excluded.since)',
    off: 'since = excluded.since',
    file: 'test/laws/10-honest-lag.int.test.ts',
    test: 'lag is the age of the oldest unwritten change, however often its key changes again',
  },
  {
    law: 11,
    name: 'equal bytes are not written',
    stage: 'stages/write-through/write-documents.ts',
    on: 'p.doc is distinct from i.doc and ',
    off: '',
    file: 'test/laws/11-work.int.test.ts',
    test: 'a document whose bytes do not change is not written again',
  },
  {
    law: 12,
    name: 'what a trigger reads cannot fail the writer',
    stage: 'stages/capture/trigger-sql.ts',
    on: `  exception when others then
    changed := array[row(-1, null)::everwarm.change];\${deltas.touched.unknown}
  end;`,
    off: '  end;',
    file: 'test/laws/12-degradation.int.test.ts',
    test: 'capture that DDL has broken fails no writer, says so, and is made good',
  },
];
