import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Vitest hands these to Node as well, where 'import' or 'module' would make a CommonJS package require an ES module (pg breaks).
const source = ['everwarm-source', 'node'];
const shared = { resolve: { conditions: source }, ssr: { resolve: { conditions: source } } };

/** What waits longest, longest first: begun last, one of them would run on alone after all others. */
const longest = [
  'test/torture/torture.int.test.ts',
  'test/laws/12-redis-recovers.int.test.ts',
  'test/oracle/random-programs.int.test.ts',
  'test/cli/verbs.int.test.ts',
  'test/e2e/real-input.int.test.ts',
  'test/laws/02-killed-at-each-step.int.test.ts',
  'test/cli/torture.int.test.ts',
  'test/cli/errors.int.test.ts',
];

/** Vitest begins with the largest files where it knows no times, as on a fresh clone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((file) => moduleId.endsWith(file));
      return found < 0 ? longest.length : found;
    };
    return (await super.sort(files)).toSorted((left, right) => place(left) - place(right));
  }
}

/**
 * `unit` needs no server and takes seconds; `int` starts private Postgres and Redis servers of its own; `guards` builds stages without
 * their guards and runs tests of `int` in such copies, which is left to `npm run check`.
 */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    // Files that a process runs one after the other share what they import: loading it anew for each took a quarter of the suite's time.
    isolate: false,
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
          maxWorkers: 3,
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
