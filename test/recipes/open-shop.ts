import { randomBytes } from 'node:crypto';
import { asAdmin, createDatabase, createRedis, type TestRedis } from '@everwarm/testkit';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { type AnyModel, createEverwarm, type Everwarm, type EverwarmConfig, type Reader } from 'everwarm';
import { createReader } from 'everwarm/reader';
import type { Pool } from 'pg';
import { categoryProducts, currentOffer, productPage, schema, shopTables, stockLevel } from './shop.ts';

/** The shop of docs/recipes.md, as an application has it: a database, an Everwarm that runs, and a reader. */
export type Shop = {
  readonly db: NodePgDatabase<typeof schema> & { readonly $client: Pool };
  readonly everwarm: Everwarm;
  readonly reader: Reader;
  readonly redis: TestRedis;
  /** What an Everwarm of another release of the code, or another reader, is configured with. */
  readonly config: EverwarmConfig;
  /** Ends all of it; first what was opened beside it. */
  readonly stop: () => Promise<void>;
};

const template = { key: 'recipes', build: (url: string) => asAdmin(url, (admin) => admin.query(shopTables)).then(() => undefined) };

/** Opens a shop in which everything is warm. The caller must stop it. */
export async function openShop(readModels: readonly AnyModel[] = [productPage, categoryProducts, currentOffer, stockLevel]): Promise<Shop> {
  const [database, redis] = await Promise.all([createDatabase({ template }), createRedis()]);
  const config: EverwarmConfig = {
    postgres: database.urlFor('recipes'),
    redis: redis.url,
    namespace: `recipes-${randomBytes(6).toString('hex')}`,
    readModels,
    onError: () => undefined,
  };
  const everwarm = createEverwarm(config);
  const reader = createReader(config);
  await everwarm.migrate();
  await everwarm.start();
  await everwarm.settled();
  return {
    db: drizzle({ client: database.pool, schema }),
    everwarm,
    reader,
    redis,
    config,
    stop: async () => {
      await Promise.all([everwarm.stop(), reader.stop()]);
      await redis.stop();
      await database.drop();
    },
  };
}
