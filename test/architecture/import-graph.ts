import { posix } from 'node:path';
import { isTest, type SourceFile } from './source-files.ts';
import { parse } from './syntax.ts';

/** Where files lead at run time: paths of the engine's files, and names of packages. Type-only imports lead nowhere. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

const engineSource = 'libs/everwarm/src/';

/** The specifiers that a file loads when it runs: imports, re-exports and literal dynamic imports. */
export function runtimeImports(file: SourceFile): readonly string[] {
  const { module } = parse(file);
  const imports = module.staticImports.filter((one) => one.entries.length === 0 || one.entries.some((entry) => !entry.isType));
  const reexports = module.staticExports.flatMap((one) => one.entries.filter((entry) => !entry.isType && entry.moduleRequest));
  const dynamic = module.dynamicImports.map(({ moduleRequest }) => file.text.slice(moduleRequest.start + 1, moduleRequest.end - 1));
  return [...imports.map((one) => one.moduleRequest.value), ...reexports.flatMap((entry) => entry.moduleRequest?.value ?? []), ...dynamic];
}

/** A specifier as a path of the repository, or unchanged where it names a package. */
function resolve(from: string, specifier: string): string {
  if (specifier.startsWith('#')) return `${engineSource}${specifier.slice(1)}`;
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier;
}

/** The graph of the given files, tests left out. */
export function importGraph(files: readonly SourceFile[]): ImportGraph {
  const ours = files.filter((file) => !isTest(file.path));
  return new Map(ours.map((file) => [file.path, runtimeImports(file).map((specifier) => resolve(file.path, specifier))]));
}

/** The shortest way from a file to the first place that fits, or undefined: `[from, …, to]`. */
export function wayTo(graph: ImportGraph, from: string, fits: (place: string) => boolean): readonly string[] | undefined {
  const ways = [[from]];
  const seen = new Set([from]);
  for (const way of ways) {
    const next = graph.get(way.at(-1) as string) ?? [];
    for (const place of next) {
      if (fits(place)) return [...way, place];
      if (!seen.has(place)) ways.push([...way, place]);
      seen.add(place);
    }
  }
  return undefined;
}

/** The ways by which files lead back to themselves, each circle once. */
export function cycles(graph: ImportGraph): readonly (readonly string[])[] {
  const reported = new Set<string>();
  return [...graph.keys()].flatMap((file) => {
    if (reported.has(file)) return [];
    const way = wayTo(graph, file, (place) => place === file);
    for (const place of way ?? []) reported.add(place);
    return way ? [way] : [];
  });
}
