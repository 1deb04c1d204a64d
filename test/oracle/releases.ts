import { type AnyModel, createEverwarm, type Everwarm, type Lifecycle } from 'everwarm';
import type { Pool } from 'pg';
import { definitionHash } from '../../libs/everwarm/src/model/compile.ts';
import { modelsOf, type Release, type World } from './world.ts';

/** A release of a program whose code runs. */
export type Running = { readonly release: Release; readonly everwarm: Everwarm };

/** The releases of a world's code over one database and one Redis. */
export type Releases = {
  /** Those that run, the first one deployed first. */
  readonly running: readonly Running[];
  /** The one that was deployed last. */
  readonly latest: Running | null;
  /** Migrates to a release and starts its code where it does not run; the code of others goes on. A world without a later one has one. */
  readonly deploy: (name: 'first' | 'later', beforeStart?: () => Promise<void>) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Where the releases of a world run. */
export type Place = {
  readonly postgres: string;
  readonly redis: string;
  readonly namespace: string;
  readonly onError: (error: unknown, during: string) => void;
};

/** Releases of which none runs yet. The caller stops them. */
export function releasesOf(world: World, place: Place): Releases {
  const running = new Map<Release, Running>();
  let latest: Running | null = null;
  const open = (release: Release): Everwarm =>
    createEverwarm({ ...place, readModels: modelsOf(release), ...(world.casing && { casing: world.casing }) });
  return {
    get running() {
      return [...running.values()];
    },
    get latest() {
      return latest;
    },
    deploy: async (name, beforeStart) => {
      const release = (name === 'later' && world.later) || world;
      const known = running.get(release);
      const everwarm = known?.everwarm ?? open(release);
      latest = { release, everwarm };
      running.set(release, latest);
      await everwarm.migrate();
      await beforeStart?.();
      if (!known) await everwarm.start();
    },
    stop: async () => {
      for (const { everwarm } of running.values()) await everwarm.stop();
    },
  };
}

/** Where the database keeps what one definition gives. */
export type Kept = {
  /** The generation. */
  readonly id: number;
  /** What to select from, tombstones left out. */
  readonly relation: string;
  readonly serves: boolean;
  /** The one it has now, whichever release declared it. */
  readonly lifecycle: Lifecycle;
};

/** Looks up where the database keeps a definition, by its hash. The answer throws for one that is not kept ready. */
export async function readKept(pool: Pool, { casing }: Pick<World, 'casing'>): Promise<(model: AnyModel) => Kept> {
  const { rows } = await pool.query<{ id: number; name: string; hash: string; state: string; lifecycle: Lifecycle }>(
    `select id, name, hash, state, lifecycle from everwarm.generations where state in ('serving', 'previous')`,
  );
  return (model) => {
    const hash = definitionHash(model.compile(casing));
    const found = rows.find((row) => row.name === model.name && row.hash === hash);
    if (!found) throw new Error(`No generation of "${model.name}" is kept with the definition that runs.`);
    const live = model.kind === 'document' ? 'doc' : 'member';
    const relation = `(select * from everwarm.projection_${found.id} where ${live} is not null)`;
    const serves = found.state === 'serving';
    return { id: found.id, relation: serves ? `everwarm.${model.name}` : relation, serves, lifecycle: found.lifecycle };
  };
}
