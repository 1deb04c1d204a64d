import type { Command } from 'commander';
import type { HeldChange } from '#contracts/fuse.ts';
import { table } from './output.ts';
import { inSession } from './session.ts';

/**
 * Adds `everwarm fuse list | release | discard`: `{ held: [{ id, model, generation, path, table, xid, since, changes, keys }] }`
 * with --json, and for the two that write `{ dryRun, released }` and `{ dryRun, discarded }`.
 */
export function addFuse(program: Command): void {
  const fuse = program.command('fuse').description('changes that would recompute more documents than the fuse allows, and are held');
  const list = fuse
    .command('list')
    .description('show what is held')
    .action(() =>
      inSession(list, async ({ everwarm, output }) => {
        const held = await everwarm.fuse.list();
        output.result({ held }, held.length === 0 ? 'Nothing is held.' : describe(held));
        return 'done';
      }),
    );
  addDecision(fuse, 'release', 'let held changes through: their documents are recomputed, behind single changes', 'released');
  addDecision(fuse, 'discard', 'drop held changes: their documents stay as they are until something else changes them', 'discarded');
}

function addDecision(fuse: Command, verb: 'release' | 'discard', description: string, done: 'released' | 'discarded'): void {
  const command = fuse
    .command(verb)
    .description(description)
    .argument('<ids...>', 'what to decide about, as list tells it')
    .option('--dry-run', 'only tell what would be done')
    .action((ids: readonly string[], { dryRun = false }: { readonly dryRun?: boolean }) =>
      inSession(command, async ({ everwarm, output }) => {
        const changes = await everwarm.fuse[verb](ids, { dryRun });
        output.result({ dryRun, [done]: changes }, `${dryRun ? `Would be ${done}` : `Were ${done}`}:\n${describe(changes)}`);
        return 'done';
      }),
    );
}

function describe(held: readonly HeldChange[]): string {
  return table(
    ['id', 'read model', 'generation', 'of', 'table', 'since', 'changes', 'keys'],
    held.map(({ id, model, generation, path, table: changed, since, changes, keys }) => [
      id,
      model,
      generation,
      path,
      changed,
      since.toISOString(),
      changes,
      `about ${keys}`,
    ]),
  );
}
