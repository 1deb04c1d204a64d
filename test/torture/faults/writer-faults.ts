import { randomUUID } from 'node:crypto';
import { databaseUrl } from '@everwarm/testkit';
import { Client } from 'pg';
import { faultAtStep } from '../../../libs/everwarm/src/torture/process-faults.ts';
import type { Fault, Stage } from '../../../libs/everwarm/src/torture/types.ts';
import { openSession } from '../../../libs/everwarm/src/torture/writer-session.ts';
import { fleetName, subjects } from '../world/inspect.ts';
import { rename } from '../world/other-changes.ts';
import { text } from '../world/yard-session.ts';

/** A row of its own that is watched: whoever holds it open keeps nobody from writing. */
const raiseSignal = () => `insert into "Yard".signal values ('${randomUUID()}', 1, now() + interval '1 hour')`;

const fault = (name: string, quick: boolean, lasts: Fault['lasts'], inject: Fault['inject']): Fault => ({
  name,
  needs: ['own-schema'],
  grips: ['writers'],
  quick,
  lasts,
  inject,
});

/** A session of its own, on the database under test or on another one of the cluster. It may be ended by other faults meanwhile. */
async function connect(stage: Stage, database?: string): Promise<Client> {
  const url = stage.postgresUrl();
  const client = new Client({
    connectionString: database === undefined ? url : databaseUrl(url, database),
    application_name: 'torture-writer',
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Begins a transaction, and commits it when the fault is over. */
const heldOpen =
  (begin: () => string, database?: string): Fault['inject'] =>
  async (stage) => {
    const client = await connect(stage, database);
    await client.query(begin());
    return async () => {
      await client.query('commit').catch(() => undefined);
      await client.end().catch(() => undefined);
    };
  };

const prepared: Fault['inject'] = async (stage) => {
  const name = `torture-${randomUUID()}`;
  const client = await connect(stage);
  await client.query(`begin; ${raiseSignal()}; prepare transaction '${name}'`);
  await client.end();
  return async () => {
    const later = await connect(stage);
    // Lost with the tail of a primary, it is gone.
    await later.query(`commit prepared '${name}'`).catch(() => undefined);
    await later.end();
  };
};

/** So many vessels show the name of this fleet. */
const [armada, armadaSize] = ['armada', 2000];

/** The fleet with its vessels, as `build-yard.ts` makes the others; made when it is needed first. */
const launchArmada = `begin;
insert into "Yard"."Progress" (subject, stamp) values (${text(subjects.fleet(armada))}, 1) on conflict do nothing;
insert into "Yard"."Fleet" values ('${armada}', ${text(fleetName(armada, 1))}, 1) on conflict do nothing;
with launched as (
  insert into "Yard"."Vessel" ("Fleet", "hullNo", life, "Stamp", "Seal", dock, "Draft", cargo)
  select '${armada}', n, 1, 1, concat_ws('|', 1, 1, 0, 1 + n % 60, 1, 'port 400, starboard 600', 0), null, 1 + n % 60, 1
  from generate_series(1, ${armadaSize}) n on conflict do nothing returning "hullNo"
)
insert into "Yard".tank select '${armada}', l."hullNo", side, case side when 'port' then 400 else 600 end from launched l, unnest(array['port', 'starboard']) side;
commit`;

/** One row changes, and thousands of documents with it. */
const renameArmada: Fault['inject'] = async (stage, random) => {
  const session = await openSession(stage.postgresUrl());
  try {
    await session.run(launchArmada);
    await rename({ session, random, isolation: 'read committed' }, armada);
    await session.run('commit');
  } finally {
    session.end();
  }
  return () => Promise.resolve();
};

/** Writers whom nobody may wait for, and one change that is very large. */
export const writerFaults: readonly Fault[] = [
  fault(
    'writer-open-in-read-committed',
    false,
    [10_000, 120_000],
    heldOpen(() => `begin isolation level read committed; ${raiseSignal()}`),
  ),
  fault(
    'writer-open-in-repeatable-read',
    false,
    [10_000, 120_000],
    heldOpen(() => `begin isolation level repeatable read; ${raiseSignal()}`),
  ),
  fault('transaction-prepared', true, [3000, 60_000], prepared),
  fault(
    'writer-in-another-database',
    false,
    [3000, 30_000],
    heldOpen(() => 'begin; select pg_current_xact_id()', 'postgres'),
  ),
  fault('large-rename', false, [0, 2000], renameArmada),
  faultAtStep({ step: 'relay.fan-out', act: 'kill', quick: false, provoke: renameArmada, grips: ['writers'] }),
];
