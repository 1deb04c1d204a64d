import { defineConfig } from 'vitest/config';

// Vitest hands these to Node as well, where 'import' or 'module' would make a CommonJS package require an ES module (pg breaks).
const source = ['everwarm-source', 'node'];
const shared = { resolve: { conditions: source }, ssr: { resolve: { conditions: source } } };

/**
 * `unit` needs no server and takes seconds; `int` starts private Postgres and Redis servers of its own; `guards` builds stages without
 * their guards and runs tests of `int` in such copies, which is left to `npm run check`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          // Property tests take seconds; a busy machine takes several times as long.
          testTimeout: 60_000,
          include: ['{apps,libs}/*/src/**/*.test.ts', 'test/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: ['**/*.int.test.ts', '**/node_modules/**', 'test/architecture/fixtures/**'],
        },
      },
      {
        ...shared,
        test: {
          name: 'int',
          include: ['{apps,libs}/*/src/**/*.int.test.ts', 'test/**/*.int.test.ts'],
          exclude: ['**/node_modules/**', 'test/guards/**'],
          globalSetup: ['libs/testkit/src/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          // After the unit tests: vitest refuses projects of one group that differ in their number of workers.
          sequence: { groupOrder: 1 },
        },
      },
      {
        ...shared,
        test: {
          name: 'guards',
          include: ['test/guards/*.int.test.ts'],
          globalSetup: ['libs/testkit/src/global-setup.ts'],
          hookTimeout: 60_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
