import type { Command } from 'commander';
import type { EverwarmConfig } from '#config.ts';
import { EverwarmError } from '#contracts/errors.ts';
import type { AnyModel } from '#model/declare/define.ts';
import type { Verified } from '#operations/audit/verify.ts';
import { declaredModels } from './declared.ts';
import { table } from './output.ts';
import { inSession } from './session.ts';

/**
 * Adds `everwarm verify NAME...`: with --json `{ models: [{ name, generation, checked, differing, inFlight, findings }] }`.
 * Fails (exit code 1) when any document differs.
 */
export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('compare every document: source against Postgres copy against Redis copy; exit code 1 when any differs')
    .argument('[names...]', 'the read models')
    .option('--all', 'every read model')
    .action((names: readonly string[], { all = false }: { readonly all?: boolean }) =>
      inSession(command, async ({ everwarm, config, output }) => {
        const models: Verified[] = [];
        for (const model of chosen(config, names, all)) {
          models.push(await everwarm.verify(model, { onProgress: (checked) => output.progress(`${model.name}: ${checked} checked`) }));
        }
        output.result({ models }, describe(models));
        return models.every((model) => model.differing === 0) ? 'done' : 'failed';
      }),
    );
}

function chosen(config: EverwarmConfig, names: readonly string[], all: boolean): readonly AnyModel[] {
  if (all === names.length > 0) {
    const known = config.readModels.map((model) => model.name).join(', ');
    throw new EverwarmError('E_USAGE', `Give either names of read models or --all. Known: ${known}.`);
  }
  return all ? config.readModels : declaredModels(config, names);
}

function describe(models: readonly Verified[]): string {
  const rows = models.map(({ name, generation, checked, differing, inFlight }) => [name, generation, checked, differing, inFlight]);
  const findings = models.flatMap(({ name, findings: found }) => found.map(({ key, layer, cause }) => [name, key, layer, cause]));
  const summary = table(['read model', 'generation', 'checked', 'differing', 'in flight'], rows);
  return findings.length === 0 ? summary : `${summary}\n\n${table(['read model', 'key', 'wrong copy', 'cause'], findings)}`;
}
