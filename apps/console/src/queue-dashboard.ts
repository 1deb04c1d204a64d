import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import { Queue } from 'bullmq';
import { queueNames } from 'everwarm';
import type { FastifyInstance } from 'fastify';
import type { Redis } from 'ioredis';

/** Where the dashboard stands. */
export const dashboardPath = '/queues';

/**
 * bull-board over every queue of Everwarm. Retrying or removing jobs there loses nothing: what is owed stands in the ledger.
 * The queues share the caller's connection, which stays the caller's to close.
 */
export async function addQueueDashboard(app: FastifyInstance, connection: Redis): Promise<void> {
  const queues = queueNames().map(({ name, prefix }) => new Queue(name, { connection, prefix, skipVersionCheck: true }));
  // The connection's own listener knows already; without one here the process would end.
  for (const queue of queues) queue.on('error', () => undefined);
  const serverAdapter = new FastifyAdapter().setBasePath(dashboardPath);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue)),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Everwarm queues' } },
  });
  // After createBullBoard, which sets one of its own that repeats whatever was thrown.
  serverAdapter.setErrorHandler(() => ({ status: 500, body: { error: 'Redis cannot answer at the moment. Try again in a second.' } }));
  await app.register(serverAdapter.registerPlugin(), { prefix: dashboardPath });
  app.addHook('onClose', async () => void (await Promise.all(queues.map((queue) => queue.close()))));
}
