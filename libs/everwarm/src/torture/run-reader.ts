import type { AnyModel } from '#model/declare/define.ts';
import { createReader } from '#reader.ts';
import type { Directory } from './directory.ts';
import { createRandom } from './random.ts';
import { ReadTally } from './read-tally.ts';
import { ReadingClient } from './reading-client.ts';
import { type ChildSide, joinStage } from './stage-child.ts';
import { type DocumentOf, isToldCommit, readAfterCommit } from './told-commit.ts';
import type { ProcessMessage } from './types.ts';
import { type Testimony, Witness } from './witness.ts';

/** What a reader process is made of. */
export type ReaderProgram = {
  readonly models: readonly AnyModel[];
  readonly casing?: Parameters<typeof createReader>[0]['casing'];
  /** What the process knows of what it reads. */
  readonly testimony: Omit<Testimony, 'accuse'>;
  /** Which document shows what writers call so; null for none. Absent: no commit is told of. */
  readonly documentOf?: DocumentOf;
  /** How many answers it wants per second, over all of its clients. */
  readonly readsPerSecond: number;
  /** Clients that remember nothing of each other, on connections of their own. Default 2. */
  readonly clients?: number;
};

/** How much is kept in memory: little enough that much comes and goes. */
const memoryBytes = 1024 * 1024;

/** How often what was seen is told, in milliseconds. */
const tellEveryMs = 250;

/** After a tail was lost, what was lost may still be shown for as long as a reader trusts what it knows. */
const forgetForMs = 10_000;

/**
 * Runs a reader on the stage: several clients that read documents, many at once and pages, one after the other and as fast as they
 * are asked to, and hold every answer against all that they were answered before. What they saw is told to the judge.
 */
export async function runReader({
  models,
  casing,
  testimony,
  documentOf = () => null,
  readsPerSecond,
  clients = 2,
}: ReaderProgram): Promise<void> {
  let stop: () => Promise<void> = () => Promise.resolve();
  const side = joinStage(() => stop());
  const { name, postgres, redis, namespace } = side.place;
  const tally = new ReadTally();
  // What is asked is another thing with every start; what the run's seed decides is what happens to the stage.
  const random = createRandom(Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 2 ** 31, process.pid));
  // Every other one keeps what it read: what holds for it holds for all tiers together.
  const readers = Array.from({ length: clients }, (_, index) =>
    createReader({ postgres, redis, namespace, ...(casing && { casing }), ...(index % 2 === 1 && { memory: { maxBytes: memoryBytes } }) }),
  );
  await Promise.all(readers.map((reader) => reader.connect()));
  const reading = readers.map(
    (reader) =>
      new ReadingClient({
        reader,
        models,
        casing,
        tally,
        random: random.fork(),
        perSecond: readsPerSecond / clients,
        witness: new Witness({ ...testimony, accuse: (violation) => tally.accuse(violation) }),
      }),
  );
  const telling = setInterval(() => side.say(tally.take()), tellEveryMs);
  side.hear((message) => void hear(message, reading, tally, side));
  side.hear((message) => {
    if (isToldCommit(message)) void readAfterCommit(message, { client: random.pick(reading), documentOf, tally });
  });
  for (const client of reading) client.run();
  stop = async () => {
    await Promise.all(reading.map((client) => client.stop()));
    clearInterval(telling);
    side.say(tally.take());
    await Promise.all(readers.map((reader) => reader.stop()));
  };
  side.say({ type: 'ready' });
}

async function hear(message: ProcessMessage, reading: readonly ReadingClient[], tally: ReadTally, side: ChildSide): Promise<void> {
  if (message.type === 'directory') for (const client of reading) client.directory = message['directory'] as Directory;
  if (message.type === 'forget') {
    tally.forget(forgetForMs);
    for (const client of reading) client.forget();
    // What they are shown until then may be lost, too, and is nothing to hold the later against.
    setTimeout(() => {
      for (const client of reading) client.forget();
    }, forgetForMs).unref();
  }
  if (message.type === 'look') {
    const [model, key] = [String(message['model']), String(message['key'])];
    const shown = await Promise.all(reading.map((client) => client.look(model, key)));
    side.say({ type: 'looked', id: message['id'], shown });
  }
}
