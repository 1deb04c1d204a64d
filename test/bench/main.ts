import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { capture } from './capture/scenario.ts';

import { freshness } from './freshness/scenario.ts';
import { growth } from './growth/scenario.ts';
import { inline } from './inline/scenario.ts';
import { live } from './live/scenario.ts';
import { type Options, readOptions } from './options.ts';

import { read } from './read/scenario.ts';
import { recompute } from './recompute/scenario.ts';
import { rehydration } from './rehydration/scenario.ts';
import { saturation } from './saturation/scenario.ts';
import type { Result, Scenario } from './scenario.ts';
import { startServers } from './servers.ts';
import { stopProcesses } from './start-process.ts';
import { formatTable } from './table.ts';

const scenarios: readonly Scenario[] = [freshness, capture, read, rehydration, live, recompute, inline, growth, saturation];

const usage = `npm run bench -- [scenario...] [--json FILE] [--rounds N] [--seconds N] [--profile DIR]

Measures Everwarm and its floors and rivals in alternating rounds on private servers of its own.

${scenarios.map(({ name, what }) => `  ${name.padEnd(11)} ${what}`).join('\n')}

  --json FILE     also writes the results as JSON
  --rounds N      rounds per side (default 3); the table shows medians
  --seconds N     how long one round measures (each scenario has its default)
  --profile DIR   Everwarm's processes write CPU profiles there
`;

/** Exit codes: 0 done, 1 failed, 2 usage. */
async function main(): Promise<number> {
  let options: Options;
  try {
    options = readOptions(
      process.argv.slice(2),
      scenarios.map((scenario) => scenario.name),
    );
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const results = await runAll(options);
  console.log(`\n${formatTable(results)}`);
  if (options.json) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  return 0;
}

async function runAll({ scenarios: names, rounds, seconds, profile }: Options): Promise<Result[]> {
  const log = (line: string) => console.log(line);
  const servers = await startServers(log);
  // An interrupted run leaves nothing behind.
  const interrupt = () =>
    void stopProcesses()
      .then(() => servers.stop())
      .finally(() => process.exit(130));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const results: Result[] = [];
    for (const scenario of scenarios.filter(({ name }) => names.includes(name))) {
      log(`\n${scenario.name}: ${scenario.what}`);
      results.push(...(await scenario.run({ servers, rounds, seconds, profile: profile && resolve(profile), log })));
    }
    return results;
  } finally {
    await servers.stop();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error);
  process.exitCode = 1;
}
