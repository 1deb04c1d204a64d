import { seededRandom } from '@everwarm/testkit';
import { expect, test } from 'vitest';
import type { StepName } from '../../libs/everwarm/src/contracts/steps.ts';
import { batchSize } from '../../libs/everwarm/src/stages/relay/poll.ts';
import { expectEquivalence } from './fixtures/equivalence.ts';
import { openDepot } from './fixtures/open-depot.ts';
import { spawnWorker } from './fixtures/spawn-worker.ts';
import { stockDepot, writeRandomly } from './fixtures/write-randomly.ts';

const steps: Readonly<Record<string, readonly StepName[]>> = {
  delivering: ['relay.read', 'relay.page', 'relay.before-commit', 'relay.committed', 'relay.rotating', 'relay.folding'],
  computing: ['recompute.locked', 'recompute.written', 'recompute.committed'],
  publishing: ['publish.half', 'publish.done', 'acknowledge.before'],
};

/** More changes of a few documents than one batch of the relay holds, in one transaction. */
const writeMuch = `do $$ begin
  for i in 1..(select ${batchSize} / greatest(count(*), 1) + 1 from "Depot"."Order") loop update "Depot"."Order" set "Title" = 'Written ' || i; end loop;
end $$`;

/** Lets a process kill itself at a step while others write, and another one take over. */
async function killAt(step: StepName): Promise<void> {
  const depot = await openDepot({ start: false });
  const random = seededRandom(`killed at ${step}`);
  await stockDepot(depot.pool);
  // The outbox is turned over every few seconds, and large is what is written so; all else comes with every write, and is met in the middle of it.
  const pass = step === 'relay.rotating' || step === 'relay.page' ? 1 : random.integer(1, 5);
  const worker = await spawnWorker(depot, { step, pass });
  let killed = false;
  const exit = worker.exited.then((how) => {
    killed = true;
    return how;
  });
  while (!killed) {
    if (step === 'relay.page') await depot.pool.query(writeMuch);
    await writeRandomly(depot.pool, random, 9);
  }
  expect(await exit, `${step}: ${worker.output()}`).toEqual({ code: null, signal: 'SIGKILL' });
  const writing = writeRandomly(depot.pool, random, 30);
  await depot.everwarm.start();
  await writing;
  expect(await expectEquivalence(depot), step).toBeGreaterThan(0);
}

// Side by side: most of the time is a dead process's lease running out.
test.each(Object.keys(steps))(
  'a process killed at any step of %s, while others write, leaves nothing lost and nothing to do',
  async (stage) => {
    await Promise.all((steps[stage] ?? []).map(killAt));
  },
);
