import { EverwarmError } from '#contracts/errors.ts';
import { openPostgres } from '#platform/postgres.ts';
import { randomWrites } from './random-writes.ts';
import type { Load, Random } from './types.ts';
import { openWriters, type Writers } from './writers.ts';
import { readWrittenTables, type WrittenTable } from './written-tables.ts';

/** What the load is made of. */
export type RandomLoadParts = {
  readonly postgresUrl: () => string;
  readonly random: Random;
  /** How many transactions are offered per second. */
  readonly rate: number;
  /** Whether everything that was committed before the call is in every copy. */
  readonly isSettled: () => Promise<boolean>;
};

/** How many rounds of writes fill empty tables before anything is measured. */
const fillingRounds = 200;

/**
 * Random writes over the tables that the read models of a database watch, whatever they are. For a scratch database: rows come,
 * change and go as they please. The caller has migrated it.
 * @throws E_CONFIG when no table can be written
 */
export async function openRandomLoad({
  postgresUrl,
  random,
  rate,
  isSettled,
}: RandomLoadParts): Promise<Load & Pick<Writers, 'tally' | 'lastOutage'>> {
  const tables = await watchedTables(postgresUrl());
  if (tables.length === 0)
    throw new EverwarmError(
      'E_CONFIG',
      'No table is watched by a read model of this database, so there is nothing to write. Run everwarm migrate.',
    );
  const writers = openWriters({
    postgresUrl,
    random,
    rate,
    make: async (session, own, isolation) => {
      await session.run(`begin isolation level ${isolation};\n${randomWrites(own, tables)}`);
      return { heard: () => undefined };
    },
  });
  /** One transaction that the database takes, whatever it is that it takes. */
  const writeOne = () =>
    writers.insist(async (session) => {
      for (;;) {
        const taken = await session.run(`begin;\n${randomWrites(random, tables)};\ncommit`).then(
          () => true,
          async (error: unknown) => {
            await session.run('rollback');
            if (!(error instanceof Error && 'severity' in error)) throw error;
            return false;
          },
        );
        if (taken) return;
      }
    });
  let marks = 0;
  for (let round = 0; round < fillingRounds; round++) await writeOne();
  return {
    tally: writers.tally,
    lastOutage: () => writers.lastOutage(),
    committed: () => writers.tally.committed + marks,
    start: () => writers.start(),
    stop: () => writers.stop(),
    async mark() {
      await writeOne();
      marks++;
      return { isVisible: isSettled };
    },
  };
}

async function watchedTables(url: string): Promise<WrittenTable[]> {
  const postgres = openPostgres(url, { max: 1, name: 'everwarm-torture' });
  try {
    return await readWrittenTables(postgres.transactions);
  } finally {
    await postgres.close();
  }
}
