import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { Queue } from 'bullmq';
import { openedQueues, queueNames } from 'everwarm';
import type { FastifyInstance } from 'fastify';
import type { Redis } from 'ioredis';

/** Where the dashboard stands. */
export const dashboardPath = '/queues';

/** How often queues that came since are looked for at most, in milliseconds: old and new code have lanes of their own. */
const lookEveryMs = 2000;

/**
 * bull-board over every queue of Everwarm, those of single definitions included as they are opened. Retrying or removing jobs there loses nothing: what is owed stands in the ledger.
 * The queues share the caller's connection, which stays the caller's to close.
 */
export async function addQueueDashboard(app: FastifyInstance, connection: Redis): Promise<void> {
  const queues: Queue[] = [];
  const open = ({ name, prefix }: ReturnType<typeof queueNames>[number]) => {
    const queue = new Queue(name, { connection, prefix, skipVersionCheck: true });
    // The connection's own listener knows already; without one here the process would end.
    queue.on('error', () => undefined);
    queues.push(queue);
    return new BullMQAdapter(queue);
  };
  const serverAdapter = new FastifyAdapter().setBasePath(dashboardPath);
  const board = createBullBoard({
    queues: queueNames().map(open),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Everwarm queues' } },
  });
  let lookedAt = Number.NEGATIVE_INFINITY;
  app.addHook('onRequest', async (request) => {
    if (!request.url.startsWith(`${dashboardPath}/api`) || performance.now() - lookedAt < lookEveryMs) return;
    lookedAt = performance.now();
    const opened = await openedQueues(connection).catch(() => []);
    for (const queue of opened) if (!queues.some(({ name }) => name === queue.name)) board.addQueue(open(queue));
  });
  // After createBullBoard, which sets one of its own that repeats whatever was thrown.
  serverAdapter.setErrorHandler(() => ({ status: 500, body: { error: 'Redis cannot answer at the moment. Try again in a second.' } }));
  await app.register(serverAdapter.registerPlugin(), { prefix: dashboardPath });
  app.addHook('onClose', async () => void (await Promise.all(queues.map((queue) => queue.close()))));
}
