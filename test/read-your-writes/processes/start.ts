import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { nodeArguments } from '@everwarm/testkit';
import type { ReadOptions } from 'everwarm/reader';
import type { Expected } from '../world/clerk.ts';
import type { Seen } from '../world/look.ts';
import type { Place, Reply } from './place.ts';

/** A process of a run. */
export type Running = { readonly child: ChildProcess; stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void> };

/** A process that reads. */
export type RemoteReader = Running & {
  /** Rejects when there is no answer. */
  look(expected: Expected, options: ReadOptions): Promise<Seen>;
};

/** Starts relay and workers, and resolves when they run. */
export const startWorker = (place: Place): Promise<Running> => start('worker.ts', place);

/** Starts a reader, and resolves when it is connected. */
export async function startReader(place: Place): Promise<RemoteReader> {
  const running = await start('reader.ts', place);
  const asked = new Map<number, { readonly resolve: (seen: Seen) => void; readonly reject: (error: Error) => void }>();
  let last = 0;
  running.child.on('message', ({ id, seen, error }: Reply) => {
    const waiting = asked.get(id);
    asked.delete(id);
    if (seen) waiting?.resolve(seen);
    else waiting?.reject(new Error(error ?? 'There is no answer.'));
  });
  return {
    ...running,
    look: (expected, options) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        asked.set(id, { resolve, reject });
        running.child.send({ id, expected, options });
      }),
  };
}

async function start(file: string, place: Place): Promise<Running> {
  const args = nodeArguments(join(import.meta.dirname, file));
  const child = fork(args.at(-1) ?? file, {
    execArgv: args.slice(0, -1),
    env: { ...process.env, NODE_ENV: 'production', DATABASE_URL: undefined, REDIS_URL: undefined, NODE_OPTIONS: undefined },
  });
  const exited = once(child, 'exit');
  child.send(place);
  const [said] = await Promise.race([once(child, 'message'), exited]);
  if (said !== 'ready') throw new Error(`${file} ended with ${String(said)} before it was ready.`);
  return {
    child,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await exited;
    },
  };
}
