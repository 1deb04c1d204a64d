import type { Redis } from 'ioredis';

/** The most values of one command: Redis serves nobody else while it answers one. */
const most = 128;

type Waiting = { readonly key: string; readonly resolve: (value: Buffer | null) => void; readonly reject: (error: unknown) => void };

/**
 * Asks Redis for values by key. What is asked for within one turn of the event loop goes there in one command, sent when that turn
 * ends: under load a command and a system call for each of many readers cost more than all else that a read does. Rejects as the
 * client does, for all that went together; a key that holds no string gives null, as one that is not there.
 */
export function gatherGets(redis: Redis): (key: string) => Promise<Buffer | null> {
  let waiting: Waiting[] = [];
  const send = () => {
    const asked = waiting;
    waiting = [];
    if (asked.length === 0) return;
    redis.mgetBuffer(asked.map(({ key }) => key)).then(
      (values) => {
        for (const [index, { resolve }] of asked.entries()) resolve(values[index] ?? null);
      },
      (error: unknown) => {
        for (const { reject } of asked) reject(error);
      },
    );
  };
  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      if (waiting.length === 1) setImmediate(send);
      else if (waiting.length === most) send();
    });
}
