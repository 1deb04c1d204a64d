// `npm test`: everything that proves it works, with one command on a fresh machine. The servers that tests need are started
// by vitest's global setup. EVERWARM_TEST_POSTGRES=system takes the system's Postgres instead of the embedded one.
import { ensureDependencies } from './dependencies.mjs';
import { runTests, summaryLine } from './test-run.mjs';

await ensureDependencies();
const outcome = await runTests(process.argv.slice(2));
console.log(`\n${summaryLine(outcome)}`);
process.exitCode = outcome.code;
