import { asAdmin } from '@everwarm/testkit';
import { createEverwarm } from 'everwarm';
import { Redis } from 'ioredis';
import pg from 'pg';
import { documentKey } from '../../../libs/everwarm/src/contracts/names.ts';
import { CommitHistory } from '../../../libs/everwarm/src/torture/commit-history.ts';
import type { Stores } from '../../../libs/everwarm/src/torture/direct-stores.ts';
import { servingGenerations } from '../../../libs/everwarm/src/torture/directory.ts';
import { type OpenJudge, openJudge } from '../../../libs/everwarm/src/torture/judge.ts';
import type { Random, Stage, Violation } from '../../../libs/everwarm/src/torture/types.ts';
import { compareWorld } from '../../oracle/compare.ts';
import { readCatalogue, readRows } from '../../oracle/source.ts';
import { yardRows } from './build-yard.ts';
import { ddl } from './ddl.ts';
import { yard } from './expected.ts';
import { readModels } from './read-models.ts';
import { beacon } from './roster.ts';
import { openYardLoad, type YardLoad } from './yard-load.ts';

/** Makes the tables with their first rows in an empty database, and migrates it. */
export async function buildYard({ postgres, redis, namespace }: { postgres: string; redis: string; namespace: string }): Promise<void> {
  await asAdmin(postgres, async (admin) => {
    await admin.query(ddl);
    await admin.query(yardRows());
  });
  const everwarm = createEverwarm({ postgres, redis, namespace, readModels });
  await everwarm.migrate();
  await everwarm.stop();
}

/** How the yard is put under load. */
export type YardOptions = { readonly stage: Stage; readonly random: Random /** Transactions per second. */; readonly rate: number };

/** The load and the judge over a yard whose stage is open. The caller must stop both, the load first. */
export function openYard({ stage, random, rate }: YardOptions): { readonly load: YardLoad; readonly judge: OpenJudge } {
  const early: Violation[] = [];
  const history = new CommitHistory((violation) => (accuse ?? early.push.bind(early))(violation));
  let accuse: ((violation: Violation) => void) | null = null;
  const telling = random.fork();
  const load: YardLoad = openYardLoad({
    postgresUrl: () => stage.postgresUrl(),
    random,
    history,
    rate,
    isShown: (subject, stamp) => isShown(judge, subject, stamp),
    tell: (commit) => {
      const readers = stage.processes.filter(({ role, state }) => role === 'reader' && state === 'running');
      if (readers.length > 0) telling.pick(readers).send({ type: 'committed', ...commit });
    },
  });
  const judge: OpenJudge = openJudge({
    stage,
    config: { readModels },
    history,
    lastOutage: () => load.lastOutage(),
    shownStamps,
    compare: async ({ db, space }, everwarm) => {
      const pool = new pg.Pool({ connectionString: stage.postgresUrl(), max: 2 });
      const redis = new Redis(stage.redisUrl());
      try {
        const rows = await readRows(pool, await readCatalogue(pool));
        const lost = await lostCommits(db, history);
        const stores = { pool, redis, everwarm, namespace: space.namespace, epoch: space.epoch };
        return [...lost, ...(await compareWorld(stores, yard, rows, true))];
      } finally {
        redis.disconnect();
        await pool.end();
      }
    },
  });
  accuse = (violation) => judge.accuse(violation);
  return { load, judge };
}

const beaconKey = JSON.stringify([beacon.fleet, String(beacon.hullNo)]);

/** Whether both stores and every client of every running reader show the beacon as of this number or a later one. */
async function isShown(judge: OpenJudge, subject: string, stamp: number): Promise<boolean> {
  const { db, redis, space } = await judge.stores();
  const [generation] = (await servingGenerations(db)).filter(({ name }) => name === 'vessel_sheet');
  const { rows } = await db.query<{ stamp: number }>(
    `select (doc::json ->> 'stamp')::integer as stamp from everwarm.vessel_sheet where key = $1`,
    [beaconKey],
  );
  if ((rows[0]?.stamp ?? 0) < stamp) return false;
  const held = await redis.get(documentKey(space, generation?.id ?? 0, beaconKey));
  if (Number(/"stamp":(\d+)/.exec(held ?? '')?.[1] ?? 0) < stamp) return false;
  const shown = await judge.look('vessel_sheet', beaconKey);
  return shown.every((claims) => claims?.some((claim) => claim.subject === subject && claim.stamp >= stamp) ?? false);
}

async function shownStamps({ db }: Stores): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ key: string; stamp: number }>(
    `select key, (doc::json ->> 'stamp')::integer as stamp from everwarm.vessel_sheet`,
  );
  return new Map(rows.map(({ key, stamp }) => [`vessel ${key}`, stamp]));
}

/** What writers were told is committed and the database does not have: then it is Postgres that lost it, or the writers lie. */
async function lostCommits(db: Stores['db'], history: CommitHistory): Promise<string[]> {
  const { rows } = await db.query<{ subject: string; stamp: number }>('select subject, stamp::integer from "Yard"."Progress"');
  const stored = new Map(rows.map(({ subject, stamp }) => [subject, stamp]));
  return history
    .subjects()
    .filter((subject) => history.last(subject) > (stored.get(subject) ?? 0))
    .map((subject) => `${subject} was committed as of ${history.last(subject)}; the database has ${stored.get(subject) ?? 'nothing'}`);
}
