import type { Command } from 'commander';
import { encodeKey } from '#contracts/key.ts';
import { keyOfText } from '#contracts/key-text.ts';
import { declaredModels } from './declared.ts';
import { inSession } from './session.ts';

/** Adds `everwarm touch MODEL KEY...`: `{ name, dryRun, keys }` with --json, the keys in the form in which documents have them. */
export function addTouch(program: Command): void {
  const command = program
    .command('touch')
    .description('derive these documents again: something changed that no table of the database holds')
    .argument('<name>', 'the read model')
    .argument('<keys...>', 'their keys; one of several columns as a JSON array')
    .option('--dry-run', 'only check the keys')
    .action((name: string, texts: readonly string[], { dryRun = false }: { readonly dryRun?: boolean }) =>
      inSession(command, async ({ everwarm, config, output }) => {
        const [model] = declaredModels(config, [name]);
        const { key } = model!.compile(config.casing);
        const inputs = texts.map((text) => keyOfText(name, key, text));
        const keys = inputs.map((input) => encodeKey(name, key, input));
        if (!dryRun) await everwarm.touch(name, inputs);
        const text = `${dryRun ? 'Would derive' : 'Will derive'} ${keys.length} document${keys.length === 1 ? '' : 's'} of ${name} again.`;
        output.result({ name, dryRun, keys }, text);
        return 'done';
      }),
    );
}
