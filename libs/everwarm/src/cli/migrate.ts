import type { Command } from 'commander';
import type { Migration } from '#operations/migrate.ts';
import { inSession } from './session.ts';

/** Adds `everwarm migrate`: `{ dryRun, schema, generations, captured, lifecycles, differences, sql }` with --json. */
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

function describe({ schema, generations, captured, lifecycles, differences, sql }: Migration, dryRun: boolean): string {
  const parts = [
    ['steps of the schema everwarm', schema],
    ['new generations', generations],
    ['captured tables', captured],
    ['lifecycles', lifecycles.map(({ name, from, to }) => `${name} from ${from} to ${to}`)],
  ] as const;
  const lines = parts.filter(([, names]) => names.length > 0).map(([what, names]) => `${what}: ${names.join(', ')}`);
  if (lines.length === 0) return 'Nothing to do: the database has what the read models need.';
  const changes = differences.flatMap(({ changes: sentences }) => sentences);
  return [
    dryRun ? 'Would install' : 'Installed',
    ...lines.map((line) => `  ${line}`),
    ...(changes.length === 0
      ? []
      : [dryRun ? 'Would change' : 'Changes, once the new generations are built,', ...changes.map((line) => `  ${line}`)]),
    ...(sql.length === 0 ? [] : ['By this SQL', '', ...sql.map((statement) => `${readable(statement)};\n`)]),
  ].join('\n');
}

/** Definitions are stored as JSON of many lines; whoever wants them whole takes --json. */
function readable(statement: string): string {
  return statement.replace(/\s*;$/, '').replaceAll(/E?'\{(?:[^']|''){200,}'/g, (literal) => `${literal.slice(0, 60)}…'`);
}
