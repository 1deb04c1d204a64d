import type { Command } from 'commander';
import { EverwarmError } from '#contracts/errors.ts';
import { encodeKey } from '#contracts/key.ts';
import { keyOfText } from '#contracts/key-text.ts';
import { prefixOfText, prefixText } from '#operations/evict/evict-where.ts';
import { declaredModels } from './declared.ts';
import { inSession } from './session.ts';

type Options = { readonly prefix?: string; readonly dryRun?: boolean };

/**
 * Adds `everwarm evict MODEL KEY...`, `everwarm evict MODEL --prefix TEXT` and `everwarm clear MODEL`: with --json `{ name, dryRun, evicted }`,
 * the number of documents that were there, null for a dry run, which only checks what was given.
 */
export function addEvict(program: Command): void {
  const command = program
    .command('evict')
    .description('take documents out of both stores; the next reader is answered from the sources')
    .argument('<name>', 'the read model')
    .argument('[keys...]', 'their keys; one of several columns as a JSON array')
    .option('--prefix <text>', 'all whose key begins so; of a key of several columns a JSON array of the first')
    .option('--dry-run', 'only check the keys')
    .action((name: string, texts: readonly string[], { prefix, dryRun = false }: Options) =>
      inSession(command, async ({ everwarm, config, output }) => {
        if (texts.length > 0 === (prefix !== undefined)) throw new EverwarmError('E_USAGE', 'Give either keys or --prefix.');
        const [model] = declaredModels(config, [name]);
        const { key: columns } = model!.compile(config.casing);
        const keys = texts.map((text) => keyOfText(name, columns, text));
        for (const key of keys) encodeKey(name, columns, key);
        const begins = prefix === undefined ? null : prefixOfText(name, columns, prefix);
        if (begins !== null) prefixText(name, columns, begins);
        const evicted = dryRun ? null : begins === null ? await everwarm.evictMany(name, keys) : await everwarm.evictWhere(name, begins);
        output.result({ name, dryRun, evicted }, told(name, evicted));
        return 'done';
      }),
    );
  const clear = program
    .command('clear')
    .description('take all documents of a read model out of both stores')
    .argument('<name>', 'the read model')
    .option('--dry-run', 'only check the name')
    .action((name: string, { dryRun = false }: Options) =>
      inSession(clear, async ({ everwarm, config, output }) => {
        declaredModels(config, [name]);
        const evicted = dryRun ? null : await everwarm.clear(name);
        output.result({ name, dryRun, evicted }, told(name, evicted));
        return 'done';
      }),
    );
}

function told(name: string, evicted: number | null): string {
  return evicted === null ? `Would evict documents of ${name}.` : `Evicted ${evicted} document${evicted === 1 ? '' : 's'} of ${name}.`;
}
