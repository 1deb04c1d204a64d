import type { Command } from 'commander';
import { EverwarmError } from '#contracts/errors.ts';
import { declaredModels } from './declared.ts';
import { inSession, type Session } from './session.ts';

/** Adds `everwarm rebuild NAME`: `{ name, dryRun, documents }` with --json. */
export function addRebuild(program: Command): void {
  const command = program
    .command('rebuild')
    .description('derive every document of a read model again, in place, while reads go on; a worker must be running')
    .argument('<name>', 'the read model')
    .option('--dry-run', 'only tell how many documents there are to derive')
    .action((name: string, { dryRun = false }: { readonly dryRun?: boolean }) =>
      inSession(command, async (session) => {
        declaredModels(session.config, [name]);
        const documents = await documentsOf(session, name, dryRun);
        if (!dryRun) await rebuild(session, name, documents);
        const text = dryRun
          ? `Would derive all documents of ${name} again: ${documents}, and those of rows that have none yet.`
          : `Derived all documents of ${name} again: ${documents}.`;
        session.output.result({ name, dryRun, documents }, text);
        return 'done';
      }),
    );
}

/** How many documents a read model has. Throws E_LIFECYCLE when something is to be done and nobody is there to do it. */
async function documentsOf({ everwarm }: Session, name: string, dryRun: boolean): Promise<number> {
  const { models, outbox } = await everwarm.status();
  if (!dryRun && outbox.relay === 'absent') {
    throw new EverwarmError('E_LIFECYCLE', `No worker is running, so "${name}" would never be rebuilt. Start one with: everwarm work`);
  }
  const generations = models.filter((model) => model.name === name);
  return (generations.find((model) => model.state === 'serving') ?? generations[0])?.documents ?? 0;
}

async function rebuild({ everwarm, output }: Session, name: string, documents: number): Promise<void> {
  await everwarm.rebuild(name, {
    onProgress: ({ owed, walking }) =>
      output.progress(`${name}: ${owed} keys owed${walking ? ', more being found' : ` of about ${documents}`}`),
  });
}
