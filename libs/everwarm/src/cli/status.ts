import type { Command } from 'commander';
import type { Status } from '#operations/observe/status.ts';
import { table } from './output.ts';
import { inSession } from './session.ts';

/** Adds `everwarm status`: with --json `{ models: [{ name, generation, state, documents, pending, lagMs, timers }], outbox, redis, queues, marks }`. */
export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description('show where every read model, the outbox, Redis and the queues stand')
    .action(() =>
      inSession(command, async ({ everwarm, output }) => {
        const status = await everwarm.status();
        output.result(fixedForm(status), describe(status));
        return 'done';
      }),
    );
}

function fixedForm({ models, marks, outbox, redis, queues }: Status): unknown {
  return {
    models: models.map(
      ({ name, generation, state, documents, pending, lagMs, timers, held, about, quarantined, unready, error, waitsFor }) => ({
        name,
        generation,
        state,
        documents,
        pending,
        lagMs,
        timers,
        ...(about.length > 0 && { about }),
        // Only where there is something to do.
        ...(held.changes > 0 && { held }),
        ...(quarantined.keys > 0 && { quarantined }),
        ...(unready.length > 0 && { unready }),
        ...(error !== null && { error }),
        ...(waitsFor !== null && { waitsFor }),
      }),
    ),
    outbox,
    redis,
    queues,
    marks,
  };
}

function describe({ models, marks, outbox, redis, queues }: Status): string {
  const rows = models.map(({ name, generation, state, documents, pending, failing, lagMs, timers, about }) => [
    name,
    generation,
    state,
    // A figure that is an estimate says so.
    about.includes('documents') ? `~${documents}` : documents,
    about.includes('pending') ? `~${pending}` : pending,
    failing,
    `${lagMs} ms`,
    timers,
  ]);
  return [
    table(['read model', 'generation', 'state', 'documents', 'pending', 'failing', 'lag', 'timers'], rows),
    '',
    `outbox  ${outbox.undelivered} undelivered${outbox.undelivered > 0 ? `, the oldest ${outbox.oldestMs} ms old` : ''}; relay ${outbox.relay}; ${Math.ceil(outbox.bytes / 1024 ** 2)} MB`,
    `redis   ${redis.reachable ? `reachable, uses ${redis.usedMemory ?? 'an unknown amount of memory'}` : 'cannot be reached'}; ${redis.state}`,
    ...(redis.state === 'whole'
      ? []
      : [
          `BEHIND  Redis, for ${Math.round(redis.sinceMs / 1000)} s, with ${redis.owed} keys owed to it. ${redis.reason ?? ''} Reads come from Postgres.`,
        ]),
    ...models.flatMap(({ name, generation, stalled }) =>
      stalled === null ? [] : [`STALLED ${name}, generation ${generation}: ${stalled}`],
    ),
    ...models.flatMap(({ name, generation, held, quarantined, unready, error, waitsFor }) => [
      ...(held.changes === 0
        ? []
        : [`HELD    ${held.changes} changes of about ${held.keys} documents of ${name}, generation ${generation}: everwarm fuse list`]),
      ...(quarantined.keys === 0
        ? []
        : [
            `APART   ${quarantined.keys} of ${name}, generation ${generation}, in quarantine, the oldest change ${quarantined.oldestMs} ms old`,
          ]),
      ...unready.map((path) => `READ    ${path} from all its rows until what is kept of it is set`),
      ...(error === null ? [] : [`FAILING ${name}, generation ${generation}: ${error}`]),
      ...(waitsFor === null ? [] : [`WAITING ${name}, generation ${generation}, for ${waitsFor}`]),
    ]),
    ...marks.map(({ table, problem, cure }) => `MARKED  ${table.schema}.${table.name} ${problem}. ${cure}`),
    ...queues.map(({ name, waiting, active, failed }) => `queue   ${name}: ${waiting} waiting, ${active} active, ${failed} failed`),
  ].join('\n');
}
