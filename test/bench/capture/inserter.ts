import { spawnNode } from '@everwarm/testkit';
import { seeded } from '../seed-blog.ts';
import { findPgbench, runPgbench } from './pgbench.ts';

/** How much is inserted, and where. */
export type InsertLoad = { readonly url: string; readonly clients: number; readonly seconds: number };

/** Something that inserts comments on random posts, each its own transaction, and tells how many a second. */
export type Inserter = { readonly name: string; readonly insert: (load: InsertLoad) => Promise<number> };

const body = 'A remark of usual length, neither the first of its kind nor the last, but kindly meant.';

const script = `\\set post random(1, ${seeded.posts})
\\set author random(1, ${seeded.users})
insert into comments (post_id, author_id, body, status) values (:post, :author, '${body}', 'approved');
`;

/** pgbench where there is one, since it asks least of the processor; else two Node processes that share the clients. */
export function chooseInserter(): Inserter {
  const pgbench = findPgbench();
  return pgbench
    ? { name: pgbench, insert: (load) => runPgbench(pgbench, { ...load, script }) }
    : { name: 'two Node processes (pgbench was not found)', insert: insertFromNode };
}

async function insertFromNode({ url, clients, seconds }: InsertLoad): Promise<number> {
  const env = { DATABASE_URL: url, INSERT_CLIENTS: String(clients / 2), INSERT_SECONDS: String(seconds), INSERT_BODY: body };
  const children = [1, 2].map(() => spawnNode('test/bench/processes/insert-comments.ts', { env }));
  const rates = await Promise.all(
    children.map(async (child) => {
      const { code } = await child.exited;
      const rate = /^inserts\/s (\S+)$/m.exec(child.output())?.[1];
      if (code !== 0 || !rate) throw new Error(`A process that inserts ended with code ${code}:\n${child.output()}`);
      return Number(rate);
    }),
  );
  return rates.reduce((sum, rate) => sum + rate, 0);
}
