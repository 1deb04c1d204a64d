import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createJiti } from 'jiti';
import type { EverwarmConfig } from '#config.ts';
import { EverwarmError } from '#contracts/errors.ts';
import { everwarmCode, messageOf } from './failure.ts';

const fileNames = ['everwarm.config.ts', 'everwarm.config.mts', 'everwarm.config.js', 'everwarm.config.mjs'];

/**
 * Loads the configuration: `file` when given, else the nearest `everwarm.config.*` from the working directory upward. Reads no
 * environment itself: which variables count is what the file's own code says. Throws E_CONFIG when there is none or it is not
 * one; what `defineReadModel` throws inside it passes through.
 */
export async function loadConfig(file: string | undefined): Promise<EverwarmConfig> {
  const path = file === undefined ? nearestConfig(process.cwd()) : resolve(file);
  if (!existsSync(path)) throw new EverwarmError('E_CONFIG', `There is no configuration file ${path}. Correct --config.`);
  const loaded = await load(path).catch((cause: unknown) => {
    if (everwarmCode(cause) !== null) throw cause;
    throw new EverwarmError('E_CONFIG', `${path} cannot be loaded: ${messageOf(cause)}`, { cause });
  });
  if (!isConfig(loaded))
    throw new EverwarmError('E_CONFIG', `${path} has no configuration as its default export. Write: export default defineConfig({ … }).`);
  return loaded;
}

function nearestConfig(from: string): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = fileNames.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined) return found;
    if (dirname(folder) === folder) break;
  }
  throw new EverwarmError(
    'E_CONFIG',
    `There is no ${fileNames.join(', ')} in ${from} or a folder above it. Create one with defineConfig, or name it with --config.`,
  );
}

/**
 * The default export of a module that may be TypeScript, which Node 20 cannot load. In this package's own source tree tsx does
 * it, and resolves `everwarm` to source, which jiti would not.
 */
async function load(path: string): Promise<unknown> {
  if (!import.meta.url.endsWith('.ts')) return createJiti(import.meta.url, { fsCache: false }).import(path, { default: true });
  const module: unknown = await import(pathToFileURL(path).href);
  return (module as { readonly default?: unknown }).default;
}

function isConfig(value: unknown): value is EverwarmConfig {
  return typeof value === 'object' && value !== null && 'readModels' in value;
}
