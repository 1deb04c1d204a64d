import type { Command } from 'commander';
import { loadConfig } from './load-config.ts';

/** The verb by which `everwarm torture` starts its processes; shown to nobody. */
export const tortureProcessVerb = 'torture-process';

/** How many answers a reader process wants per second. */
const readsPerSecond = 400;

/** Adds the processes of `everwarm torture`: `worker`, a whole pipeline, and `reader`, clients that check every answer. */
export function addTortureProcess(program: Command): void {
  const command = program
    .command(tortureProcessVerb, { hidden: true })
    .argument('<role>', 'worker or reader')
    .action(async (role: string) => {
      const config = await loadConfig(command.optsWithGlobals<{ readonly config?: string }>().config);
      if (role === 'worker') {
        const [{ runWorker }, { createEverwarm }] = await Promise.all([import('#torture/stage-child.ts'), import('#everwarm.ts')]);
        await runWorker(async (links) => {
          const everwarm = createEverwarm({ ...config, ...linksOf(links) });
          await everwarm.start();
          return everwarm;
        });
      } else {
        const { runReader } = await import('#torture/run-reader.ts');
        // Of a schema that nobody described: versions and deletions are checked, contents at the end.
        const testimony = { inspect: () => ({ key: null, claims: [], contradiction: null }), staysGone: () => false };
        const { readModels, casing } = config;
        await runReader({ models: readModels, testimony, readsPerSecond, ...(casing && { casing }) });
      }
      // Until the stage says so.
      await new Promise(() => undefined);
    });
}

function linksOf({ postgres, redis, namespace }: { readonly postgres: string; readonly redis: string; readonly namespace: string }) {
  return { postgres, redis, namespace };
}
