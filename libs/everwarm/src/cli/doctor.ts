import type { Command } from 'commander';
import { table } from './output.ts';
import { inSession } from './session.ts';

/** Adds `everwarm doctor`: with --json `{ checks: [{ check, vital, problem }] }`, `problem` null where all is well. Fails when there is any. */
export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('check what everwarm stands on and say what to do; exit code 1 when there is a problem')
    .action(() =>
      inSession(command, async ({ everwarm, output }) => {
        const checks = await everwarm.doctor();
        const rows = checks.map(({ check, problem }) => [problem === null ? 'ok' : 'PROBLEM', check, problem ?? '']);
        output.result({ checks }, table(['', 'check', 'what to do'], rows));
        return checks.every(({ problem }) => problem === null) ? 'done' : 'failed';
      }),
    );
}
