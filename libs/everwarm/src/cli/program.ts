import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { addDoctor } from './doctor.ts';
import { addEvict } from './evict.ts';
import { addExplain } from './explain.ts';
import { addFuse } from './fuse.ts';
import { addMigrate } from './migrate.ts';
import { addQuarantine } from './quarantine.ts';
import { addRebuild } from './rebuild.ts';
import { addStatus } from './status.ts';
import { addTorture } from './torture.ts';
import { addTortureProcess } from './torture-process.ts';
import { addTouch } from './touch.ts';
import { addVerify } from './verify.ts';
import { addWork } from './work.ts';

const verbs = [
  addMigrate,
  addWork,
  addStatus,
  addRebuild,
  addTouch,
  addEvict,
  addVerify,
  addExplain,
  addFuse,
  addQuarantine,
  addDoctor,
  addTorture,
  addTortureProcess,
];

/** The whole command line. Parsing throws: CommanderError for a wrong line and for help, EverwarmError for what a verb meets. */
export function buildProgram(): Command {
  const program = new Command('everwarm')
    .description('Read models that never go stale.')
    .version(packageVersion())
    .addOption(
      new Option(
        '--config <file>',
        'the configuration file (default: everwarm.config.ts, .mts, .js or .mjs here or in a folder above)',
      ).env('EVERWARM_CONFIG'),
    )
    .option('--json', 'print results as JSON, one value to a line; errors as JSON on stderr')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 failed, 2 the command line or the configuration is wrong.\nEVERWARM_DEBUG=1 adds stack traces to errors.',
    )
    .configureHelp({ showGlobalOptions: true })
    // main.ts prints the error that exitOverride throws, in the form of all others.
    .configureOutput({ outputError: () => undefined })
    .exitOverride();
  for (const add of verbs) add(program);
  return program;
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
