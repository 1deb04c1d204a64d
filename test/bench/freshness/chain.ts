import type { NodeProcess, TestDatabase } from '@everwarm/testkit';

/** What takes a committed row to a readable document in Redis: Everwarm, or its floor. Each has a database of its own. */
export type Chain = {
  readonly database: TestDatabase;
  /** What comes before the post's id in the Redis key of a document. */
  readonly prefix: string;
  /** Starts the process that carries changes. */
  readonly start: () => Promise<NodeProcess>;
  readonly drop: () => Promise<void>;
};
