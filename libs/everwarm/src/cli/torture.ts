import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EverwarmError } from '#contracts/errors.ts';
import type { ModelsTorture } from '#torture/torture-models.ts';
import { inSession } from './session.ts';
import { tortureProcessVerb } from './torture-process.ts';

type Options = {
  readonly scratch?: boolean;
  readonly redisIsScratch?: boolean;
  readonly seed?: string;
  readonly minutes: string;
  readonly rate: string;
  readonly faults?: string;
};

/**
 * Adds `everwarm torture`: random writes into the tables of the read models, while processes, links, sessions and jobs are broken,
 * and the laws checked. With --json `{ seed, minutes, faults: [{ name, count, healMsMax }], reads, violations: [{ law, detail }], differing }`
 * and more. Fails (exit code 1) when a law was broken or anything differs at the end. On a scratch database only.
 */
export function addTorture(program: Command): void {
  const command = program
    .command('torture')
    .description('break everything around your read models on a SCRATCH database, whose rows are changed at random, and check the laws')
    .option('--scratch', 'the database may be written into at random; needed unless its name has "scratch" in it')
    .option('--redis-is-scratch', 'Redis may be emptied')
    .option('--seed <number>', 'what is drawn (default: another each time)')
    .option('--minutes <number>', 'how long', '2')
    .option('--rate <number>', 'transactions per second', '40')
    .option('--faults <names>', 'only these, separated by commas')
    .action((options: Options) =>
      inSession(command, async ({ config, output }) => {
        const [seed, minutes, rate] = [
          Number(options.seed ?? Math.floor(Math.random() * 2 ** 31)),
          Number(options.minutes),
          Number(options.rate),
        ];
        if (!Number.isInteger(seed) || !(minutes > 0) || !(rate > 0))
          throw new EverwarmError('E_USAGE', '--seed must be a whole number, --minutes and --rate above 0.');
        const urls = { postgres: urlOf('postgres', config.postgres), redis: urlOf('redis', config.redis) };
        const where = scratchDatabase(urls.postgres, options.scratch === true);
        output.progress(where);
        const begun = performance.now();
        const { tortureModels } = await import('#torture/torture-models.ts');
        const { describeReport, isClean } = await import('#torture/describe-report.ts');
        const report = await tortureModels({
          config: { ...config, ...urls },
          seed,
          minutes,
          rate,
          faults: (options.faults ?? '').split(',').filter(Boolean),
          redisIsScratch: options.redisIsScratch === true,
          program: programOf(command),
          log: (line) => process.stderr.write(`${((performance.now() - begun) / 1000).toFixed(1).padStart(7)}  ${line}\n`),
        });
        output.result(report, describeReport(report));
        return isClean(report) ? 'done' : 'failed';
      }),
    );
}

function urlOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new EverwarmError(
    'E_CONFIG',
    `"${name}" of the configuration is a client. Torture leads processes through proxies: give it a URL.`,
  );
}

/** Says where it will write. Throws E_USAGE when nobody said that the database is for that. */
function scratchDatabase(url: string, isGiven: boolean): string {
  const { host, pathname } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  const where = `database "${database}" at ${host}`;
  if (isGiven || /scratch/i.test(database)) return `Writing at random into ${where}.`;
  throw new EverwarmError(
    'E_USAGE',
    `Torture changes rows at random, and would in ${where}. If nobody keeps anything in it, say so with --scratch, or name it scratch.`,
  );
}

/** The same program as this one, as it was started. */
function programOf(command: Command): ModelsTorture['program'] {
  const { config } = command.optsWithGlobals<{ readonly config?: string }>();
  const itself = [...process.execArgv, process.argv[1] ?? ''];
  return (name, role) => ({
    name,
    role,
    args: [...itself, tortureProcessVerb, role, ...(config === undefined ? [] : ['--config', resolve(config)])],
  });
}
