import type { Command } from 'commander';
import { EverwarmError } from '#contracts/errors.ts';
import { keyOfText } from '#contracts/key-text.ts';
import type { QuarantinedKey } from '#operations/quarantine/quarantine.ts';
import type { QuarantineChoice } from '#operations/quarantine/quarantine-verbs.ts';
import { declaredModels } from './declared.ts';
import { table } from './output.ts';
import { inSession, type Session } from './session.ts';

type Options = { readonly model?: string; readonly key?: readonly string[]; readonly all?: boolean; readonly dryRun?: boolean };

/**
 * Adds `everwarm quarantine list | retry | discard`: with --json `{ quarantined: [{ model, generation, key, since, code, error,
 * attempts, firstFailedAt, lastFailedAt, causes, owed }] }`, and for the two that write `{ dryRun, keys }`, a number.
 */
export function addQuarantine(program: Command): void {
  const quarantine = program.command('quarantine').description('documents that cannot be made from what their rows say, and are set apart');
  const list = quarantine
    .command('list')
    .description('show them, the oldest first, with what they fail by')
    .option('--model <name>', 'only those of this read model')
    .option('--key <key...>', 'only these keys of it')
    .action((options: Options) =>
      inSession(list, async (session) => {
        const quarantined = await session.everwarm.quarantine.list(choice(session, options));
        session.output.result({ quarantined }, quarantined.length === 0 ? 'Nothing is in quarantine.' : describe(quarantined));
        return 'done';
      }),
    );
  addDecision(quarantine, 'retry', 'try them once more, now; a worker must be running', ['Would be tried', 'Will be tried']);
  addDecision(quarantine, 'discard', 'take them out as they are: their last good documents stay until something changes them', [
    'Would be discarded',
    'Discarded',
  ]);
}

function addDecision(quarantine: Command, verb: 'retry' | 'discard', description: string, [would, did]: readonly [string, string]): void {
  const command = quarantine
    .command(verb)
    .description(description)
    .option('--model <name>', 'those of this read model')
    .option('--key <key...>', 'only these keys of it; one of several columns as a JSON array')
    .option('--all', 'those of every read model')
    .option('--dry-run', 'only tell how many')
    .action((options: Options) =>
      inSession(command, async (session) => {
        const { model, all = false, dryRun = false } = options;
        if (all === (model !== undefined)) throw new EverwarmError('E_USAGE', 'Give either --model, with --key or without, or --all.');
        const keys = await session.everwarm.quarantine[verb](choice(session, options), { dryRun });
        session.output.result({ dryRun, keys }, `${dryRun ? would : did}: ${keys} key${keys === 1 ? '' : 's'}.`);
        return 'done';
      }),
    );
}

function choice({ config }: Session, { model: name, key: texts }: Options): QuarantineChoice {
  if (name === undefined) {
    if (texts !== undefined) throw new EverwarmError('E_USAGE', '--key needs --model.');
    return {};
  }
  const [model] = declaredModels(config, [name]);
  const columns = model!.compile(config.casing).key;
  return { model: name, ...(texts && { keys: texts.map((text) => keyOfText(name, columns, text)) }) };
}

function describe(quarantined: readonly QuarantinedKey[]): string {
  return table(
    ['read model', 'generation', 'key', 'since', 'attempts', 'last', 'after changes of', 'code', 'error'],
    quarantined.map(({ model, generation, key, since, attempts, lastFailedAt, causes, code, error }) => [
      model,
      generation,
      key,
      since.toISOString(),
      attempts,
      lastFailedAt.toISOString(),
      [...new Set(causes.map((cause) => cause.table))].join(', ') || 'unknown',
      code,
      error,
    ]),
  );
}
