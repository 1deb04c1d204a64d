import type { Command } from 'commander';
import { declaredModels } from './declared.ts';
import { explanationText } from './explanation.ts';
import { inSession } from './session.ts';

/** Adds `everwarm explain NAME...`: with --json `{ models: [{ name, kind, hash, key, shape, watches, waysBack, recompute, … }] }`. Needs no database. */
export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .description('print what is derived from read models: documents, what is watched and why, ways back, SQL; needs no database')
    .argument('[names...]', 'the read models; all when none is named')
    .action((names: readonly string[]) =>
      inSession(command, async ({ everwarm, config, output }) => {
        const models = names.length === 0 ? config.readModels : declaredModels(config, names);
        const explained = [];
        for (const model of models) explained.push(await everwarm.explain(model));
        output.result({ models: explained }, explained.map(explanationText).join('\n\n\n'));
        return 'done';
      }),
    );
}
