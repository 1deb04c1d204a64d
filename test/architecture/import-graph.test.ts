import { describe, expect, it } from 'vitest';
import { cycles, importGraph, wayTo } from './import-graph.ts';
import { productionSources } from './source-files.ts';

const engine = 'libs/everwarm/src/';
const graph = importGraph(productionSources());
const wayFrom = (from: string, fits: (place: string) => boolean): readonly string[] | undefined =>
  [...graph.keys()]
    .filter((file) => file.startsWith(engine + from))
    .map((file) => wayTo(graph, file, fits))
    .find((way) => way !== undefined);

describe('imports at run time', () => {
  it('have no circles', () => {
    expect(cycles(graph)).toEqual([]);
  });

  it('never lead from everwarm/reader to BullMQ', () => {
    expect(wayFrom('reader.ts', (place) => place === 'bullmq')).toBeUndefined();
  });

  it.each(['bullmq', 'ioredis', 'pg', 'fastify'])('never lead from everwarm/http to %s', (client) => {
    expect(wayFrom('http.ts', (place) => place === client)).toBeUndefined();
  });

  it('never lead from what observes to what writes', () => {
    expect(wayFrom('operations/observe/', (place) => place.startsWith(`${engine}stages/write-through/`))).toBeUndefined();
  });

  it.each(['contracts/', 'model/'])('never lead from %s to a client', (folder) => {
    expect(wayFrom(folder, (place) => ['pg', 'ioredis', 'bullmq'].includes(place))).toBeUndefined();
  });
});

describe('the import graph', () => {
  const file = (path: string, text: string) => ({ path: `${engine}${path}`, text });

  it("sees a circle through '#' paths, re-exports and dynamic imports", () => {
    const circle = importGraph([
      file('a/a.ts', "import { b } from '#b/b.ts';"),
      file('b/b.ts', "export { c } from './c.ts';"),
      file('b/c.ts', "const a = await import('#a/a.ts');"),
    ]);
    expect(cycles(circle)).toEqual([['a/a.ts', 'b/b.ts', 'b/c.ts', 'a/a.ts'].map((path) => engine + path)]);
  });

  it('sees no circle where only types go round', () => {
    const types = importGraph([
      file('a.ts', "import type { B } from './b.ts';"),
      file('b.ts', "import { type A } from './a.ts';\nexport type { A } from './a.ts';"),
    ]);
    expect(cycles(types)).toEqual([]);
  });

  it('finds a package at any distance', () => {
    const far = importGraph([
      file('reader.ts', "import { p } from '#platform/p.ts';"),
      file('platform/p.ts', "import { Queue } from 'bullmq';"),
    ]);
    expect(wayTo(far, `${engine}reader.ts`, (place) => place === 'bullmq')).toHaveLength(3);
  });
});
