import { describe, expect, it } from 'vitest';
import { pathsIn, read } from './source-files.ts';

type Manifest = {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly nx?: { readonly tags?: readonly string[] };
};

/** For each layer: the layers it may stand on, and those that its tests may use besides. */
const mayUse: Readonly<Record<string, { readonly source: readonly string[]; readonly tests: readonly string[] }>> = {
  engine: { source: [], tests: ['testkit'] },
  testkit: { source: [], tests: [] },
  domain: { source: ['engine'], tests: ['testkit'] },
  app: { source: ['engine', 'domain'], tests: ['testkit'] },
  example: { source: ['engine'], tests: ['testkit'] },
  test: { source: ['engine', 'domain', 'app', 'testkit'], tests: [] },
};

const layersOf = (manifest: Manifest): readonly string[] =>
  (manifest.nx?.tags ?? []).filter((tag) => tag.startsWith('layer:')).map((tag) => tag.slice('layer:'.length));

/** What is wrong with the tags and the arrows of a set of projects, in words. */
function violations(projects: readonly Manifest[]): readonly string[] {
  const layerOf = new Map(projects.map((project) => [project.name, layersOf(project)[0] ?? '']));
  return projects.flatMap((project) => {
    const layers = layersOf(project);
    const rule = mayUse[layers[0] ?? ''];
    if (layers.length !== 1 || !rule) return [`${project.name} has the layers [${layers.join(', ')}], not exactly one known`];
    const wrong = (dependencies: Readonly<Record<string, string>> | undefined, allowed: readonly string[]): readonly string[] =>
      Object.keys(dependencies ?? {})
        .filter((name) => layerOf.has(name) && !allowed.includes(layerOf.get(name) ?? ''))
        .map((name) => `${project.name} (${layers[0]}) must not depend on ${name} (${layerOf.get(name)})`);
    return [
      ...wrong({ ...project.dependencies, ...project.peerDependencies }, rule.source),
      ...wrong(project.devDependencies, [...rule.source, ...rule.tests]),
    ];
  });
}

const manifests = read(
  ['apps', 'libs', 'examples', 'test'].flatMap(pathsIn).filter((path) => /^((apps|libs|examples)\/[^/]+|test)\/package\.json$/.test(path)),
).map((file) => JSON.parse(file.text) as Manifest);

describe('projects', () => {
  it('have one layer each and depend downwards', () => {
    expect(manifests.length).toBeGreaterThanOrEqual(7);
    expect(violations(manifests)).toEqual([]);
  });

  it('are refused with no layer, two, an unknown one, or an arrow that points up', () => {
    const project = (name: string, tags: readonly string[], more: Partial<Manifest> = {}): Manifest => ({ name, nx: { tags }, ...more });
    const broken = [
      project('none', []),
      project('two', ['layer:app', 'layer:domain']),
      project('unknown', ['layer:other']),
      project('engine', ['layer:engine'], { dependencies: { kit: '1' }, devDependencies: { app: '1' } }),
      project('kit', ['layer:testkit']),
      project('app', ['layer:app'], { dependencies: { engine: '1' }, devDependencies: { kit: '1' } }),
    ];
    expect(violations(broken).map((text) => text.split(' ')[0])).toEqual(['none', 'two', 'unknown', 'engine', 'engine']);
  });

  it('the package takes Drizzle and pg from its user, and Fastify from those who have it', () => {
    const engine = manifests.find((manifest) => manifest.name === 'everwarm');
    expect(Object.keys(engine?.peerDependencies ?? {}).toSorted()).toEqual(['drizzle-orm', 'fastify', 'pg']);
    expect(engine?.peerDependenciesMeta).toEqual({ fastify: { optional: true } });
    expect(Object.keys(engine?.dependencies ?? {})).not.toEqual(expect.arrayContaining(['drizzle-orm']));
    expect(Object.keys(engine?.dependencies ?? {})).not.toEqual(expect.arrayContaining(['pg']));
  });
});
