// `npm test`: everything that proves it works, with one command on a fresh machine; that the proofs themselves notice what they
// should (the project `guards`) is left to `npm run check`. The servers that tests need are started
// by vitest's global setup. EVERWARM_TEST_POSTGRES=system takes the system's Postgres instead of the embedded one.
import { ensureDependencies } from './dependencies.mjs';
import { runTests, summaryLine } from './test-run.mjs';

const args = process.argv.slice(2);
await ensureDependencies();
const outcome = await runTests(args.includes('--project') ? args : ['--project', 'unit', '--project', 'int', ...args]);
console.log(`\n${summaryLine(outcome)}`);
process.exitCode = outcome.code;
