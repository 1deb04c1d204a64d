import type { Transactions } from '#contracts/database.ts';
import type { KeySpace } from '#contracts/names.ts';
import type { Redis } from '#platform/clients.ts';
import { readEpoch } from '#platform/epoch.ts';
import { openPostgres, type Postgres } from '#platform/postgres.ts';
import { openRedis } from '#platform/redis.ts';
import type { Stage } from './types.ts';

/** Both stores as they are now, past all proxies. Their connections belong to {@link DirectStores}. */
export type Stores = { readonly db: Transactions; readonly redis: Redis; readonly space: KeySpace };

/** Connections of those who judge. */
export type DirectStores = {
  /** @throws when one of the servers does not answer within seconds */
  now(): Promise<Stores>;
  close(): Promise<void>;
};

/** How long an epoch is believed: it changes with a promotion alone. */
const epochForMs = 1000;

/** Opens connections to the servers of the stage when they are first asked for, and others when the stage has other servers. */
export function openDirectStores(stage: Pick<Stage, 'postgresUrl' | 'redisUrl' | 'namespace'>): DirectStores {
  let open: { readonly urls: string; readonly postgres: Postgres; readonly redis: Redis; space: KeySpace | null; since: number } | null =
    null;
  const close = async () => {
    const last = open;
    open = null;
    last?.redis.disconnect();
    await last?.postgres.close();
  };
  return {
    async now() {
      const urls = `${stage.postgresUrl()} ${stage.redisUrl()}`;
      if (open && open.urls !== urls) void close().catch(() => undefined);
      if (open === null) {
        const postgres = openPostgres(stage.postgresUrl(), { max: 3, name: 'everwarm-judge', connectMs: 3000, answerMs: 8000 });
        const redis = openRedis(stage.redisUrl(), 'read');
        open = { urls, postgres, redis, space: null, since: 0 };
        await redis.connect().catch(() => undefined);
      }
      const current = open;
      const { transactions } = current.postgres;
      if (current.space === null || performance.now() - current.since > epochForMs) {
        current.space = { namespace: stage.namespace, epoch: (await readEpoch(transactions)).space };
        current.since = performance.now();
      }
      return { db: transactions, redis: current.redis, space: current.space };
    },
    close,
  };
}
