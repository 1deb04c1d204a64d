import { describe, expect, it } from 'vitest';
import { pathsIn, productionSources, type SourceFile } from './source-files.ts';
import { at, isNode, nodes, parse, type SyntaxNode } from './syntax.ts';

/** Names that say nothing about what is inside. */
const refused = /^(common|helpers?|managers?|misc|utils?)$/;
const isRefused = (path: string): boolean => path.split('/').some((segment) => segment.split(/[-_.]/).some((word) => refused.test(word)));

/** Where a file spells a Redis key or names a queue itself: a template around a namespace, a queue by literal name. */
function spelledNames(file: SourceFile): readonly string[] {
  const isLiteral = (node: SyntaxNode | undefined): boolean => node?.type === 'Literal' || node?.type === 'TemplateLiteral';
  return [...nodes(parse(file).program)]
    .filter((node) => {
      if (node.type === 'TemplateLiteral') {
        const parts = node['quasis'] as { value: { cooked: string } }[];
        const inner = (node['expressions'] as SyntaxNode[]).map((one) => file.text.slice(one.start, one.end));
        return inner.some((text, index) => /\b(namespace|epoch)$/.test(text) && parts[index + 1]?.value.cooked.startsWith(':'));
      }
      const callee = node.type === 'NewExpression' ? node['callee'] : undefined;
      const queue = isNode(callee) && /^(Queue|QueueEvents|Worker|FlowProducer)$/.test(String(callee['name']));
      return queue && isLiteral((node['arguments'] as SyntaxNode[])[0]);
    })
    .map((node) => at(file, node.start));
}

describe('names', () => {
  it('of files and folders say what is inside', () => {
    const ours = ['apps', 'libs', 'test', 'examples', 'tools', 'docs'].flatMap(pathsIn);
    expect(ours.filter(isRefused)).toEqual([]);
    expect(['libs/x/src/util/y.ts', 'libs/x/src/key-helpers.ts', 'tools/manager.mjs'].every(isRefused)).toBe(true);
    expect(['libs/x/src/utility-bill.ts', 'docs/miscount.md'].some(isRefused)).toBe(false);
  });

  it('of Redis keys and queues are spelled in contracts/names.ts alone', () => {
    const engine = productionSources().filter((file) => file.path.startsWith('libs/everwarm/src/'));
    const elsewhere = engine.filter((file) => file.path !== 'libs/everwarm/src/contracts/names.ts');
    expect(elsewhere.flatMap(spelledNames)).toEqual([]);
  });

  it('are found where they are spelled elsewhere', () => {
    const text =
      'const a = `${space.namespace}:x`;\nconst b = new Queue("recompute", {});\nconst c = new Queue(recomputeQueue);\nconst d = `in ${namespace}`;';
    expect(spelledNames({ path: 'x.ts', text })).toEqual(['x.ts:1', 'x.ts:2']);
  });
});
