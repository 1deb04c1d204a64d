import { seededRandom } from '@everwarm/testkit';
import type { ReadOptions } from 'everwarm/reader';
import { expect, test } from 'vitest';
import { look } from './world/look.ts';
import { type Archive, openArchive } from './world/open-archive.ts';

const clerkCount = 5;

/** Many short waits, each several times as long on a loaded machine. */
const timeout = 180_000;

/** Of what a write changed, this much is read. */
const mostReads = 3;

/** Has clerks write so often each, and reads after each commit what it must show, elsewhere, with whatever `options` makes of its token. */
async function readEveryWrite(
  archive: Archive,
  writes: number,
  options: (token: string) => ReadOptions,
  between = async (_turn: number) => {},
) {
  const random = seededRandom('read your writes');
  const clerks = await archive.clerks(clerkCount, random);
  const readers = [archive.openReader(), archive.openReader()];
  await Promise.all(readers.map((reader) => reader.connect()));
  const misses: string[] = [];
  const tiers: Record<string, number> = {};
  for (let turn = 0; turn < writes; turn++) {
    await between(turn);
    await Promise.all(
      clerks.map(async (clerk) => {
        const { token, expected } = await clerk.write();
        for (const one of expected.slice(0, mostReads)) {
          const { miss, tier } = await look(random.pick(readers), one, options(token));
          if (miss) misses.push(miss);
          tiers[tier] = (tiers[tier] ?? 0) + 1;
        }
      }),
    );
  }
  console.log(`${writes * clerkCount} writes; answers by tier ${JSON.stringify(tiers)}; ${misses.length} misses`);
  return { misses, tiers };
}

test('a read with the token of a commit shows it', { timeout }, async () => {
  const archive = await openArchive();
  await archive.startWorker();
  const { misses, tiers } = await readEveryWrite(archive, 12, (after) => ({ after, timeoutMs: 5000 }));
  expect(misses).toEqual([]);
  expect(tiers['redis']).toBeGreaterThan(0);
});

test.each([
  ['when they are read', { lazy: {} }],
  ['when they are read, and anew by each change', { lazy: { refresh: 'recompute' } }],
] as const)('nor where documents are written %s', { timeout }, async (_, lifecycle) => {
  const archive = await openArchive({ lifecycle });
  await archive.startWorker();
  const { misses, tiers } = await readEveryWrite(archive, 12, (after) => ({ after, timeoutMs: 5000 }));
  expect(misses).toEqual([]);
  expect(tiers['source']).toBeGreaterThan(0);
});

test('nor is anything missed while workers and Redis stop and come back', { timeout }, async () => {
  const archive = await openArchive();
  let worker = await archive.startWorker();
  // What nobody works on is waited for in vain: by the sources, and not long.
  let timeoutMs = 5000;
  const events: Record<number, () => Promise<void>> = {
    15: async () => {
      timeoutMs = 20;
      await worker.stop();
    },
    20: async () => {
      worker = await archive.startWorker();
      timeoutMs = 5000;
    },
    35: () => archive.redis.kill(),
    45: () => archive.redis.start(),
  };
  const { misses, tiers } = await readEveryWrite(
    archive,
    60,
    (after) => ({ after, timeoutMs }),
    async (turn) => events[turn]?.(),
  );
  expect(misses).toEqual([]);
  expect(tiers['redis']).toBeGreaterThan(0);
  expect(tiers['source']).toBeGreaterThan(0);
});

test('without it, what was just written is missed', async () => {
  const archive = await openArchive();
  await archive.startWorker();
  const { misses } = await readEveryWrite(archive, 10, () => ({}));
  expect(misses.length).toBeGreaterThan(0);
});
