import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { repositoryRoot } from '../../../tools/services/home.mjs';
import { builtPrograms } from './node-arguments.ts';

/** Programs that tests start many times. A start of what is built takes half the processor time of one that loads some hundred files of TypeScript. */
const startedOften = [
  'apps/api/src/main.ts',
  'apps/worker/src/main.ts',
  'test/laws/fixtures/worker.ts',
  'test/reading/fixtures/asker.ts',
  'test/torture/world/reader.ts',
  'test/torture/world/worker.ts',
  'test/read-your-writes/processes/reader.ts',
  'test/read-your-writes/processes/worker.ts',
] as const;

/**
 * Builds programs, by default what tests start many times, into a folder of the repository, and tells this process and those it starts
 * where they are.
 * @param programs files, from the root of the repository
 */
export async function buildPrograms(folder: string, programs: readonly string[] = startedOften): Promise<void> {
  const built = await Promise.all(
    programs.map(async (entry, index) => {
      const [source, outfile] = [join(repositoryRoot, entry), join(folder, `program-${index}.mjs`)];
      await build({
        entryPoints: [source],
        outfile,
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node20',
        conditions: ['everwarm-source'],
        plugins: [ownSource],
        logLevel: 'silent',
      });
      return [source, outfile];
    }),
  );
  process.env[builtPrograms] = JSON.stringify(Object.fromEntries(built));
}

/** Takes in what is ours and nothing else; each file goes on to say where it was. */
const ownSource: Plugin = {
  name: 'own source',
  setup(building) {
    building.onResolve({ filter: /^[^./#]/ }, ({ path }) => (/^(everwarm|@everwarm)(\/|$)/.test(path) ? null : { path, external: true }));
    building.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes('import.meta.')) return null;
      const contents = text
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
        .replaceAll('import.meta.dirname', JSON.stringify(join(path, '..')));
      return { contents, loader: 'ts' };
    });
  },
};
