import type { Command } from 'commander';
import type { Migration } from '#operations/migrate.ts';
import { inSession } from './session.ts';

/** Adds `everwarm migrate`: `{ dryRun, schema, generations, captured }` with --json. */
export function addMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .description('bring the database to what the read models need: schema "everwarm", capture triggers, generations; may be repeated')
    .option('--dry-run', 'only tell what would be done')
    .action(({ dryRun = false }: { readonly dryRun?: boolean }) =>
      inSession(command, async ({ everwarm, output }) => {
        const migration = await everwarm.migrate({ dryRun });
        output.result({ dryRun, ...migration }, describe(migration, dryRun));
        return 'done';
      }),
    );
}

function describe({ schema, generations, captured }: Migration, dryRun: boolean): string {
  const parts = [
    ['steps of the schema everwarm', schema],
    ['new generations', generations],
    ['captured tables', captured],
  ] as const;
  const lines = parts.filter(([, names]) => names.length > 0).map(([what, names]) => `${what}: ${names.join(', ')}`);
  if (lines.length === 0) return 'Nothing to do: the database has what the read models need.';
  return [dryRun ? 'Would install' : 'Installed', ...lines.map((line) => `  ${line}`)].join('\n');
}
