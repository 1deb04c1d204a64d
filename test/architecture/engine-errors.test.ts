import { describe, expect, it } from 'vitest';
import { productionSources, type SourceFile } from './source-files.ts';
import { at, isNode, nodes, parse } from './syntax.ts';

/** Throws of an error without a code; `path:line` of each. */
function uncodedThrows(file: SourceFile): readonly string[] {
  return [...nodes(parse(file).program)].flatMap((node) => {
    const thrown = node.type === 'ThrowStatement' ? node['argument'] : undefined;
    const callee = isNode(thrown) && thrown.type === 'NewExpression' ? thrown['callee'] : undefined;
    const bare = isNode(callee) && typeof callee['name'] === 'string' && /^(Type|Range|Syntax)?Error$/.test(callee['name']);
    return bare ? [at(file, node.start)] : [];
  });
}

describe('engine errors', () => {
  it('carry a code: what libs/everwarm throws is an EverwarmError', () => {
    const engine = productionSources().filter((file) => file.path.startsWith('libs/everwarm/src/'));
    expect(engine.flatMap(uncodedThrows)).toEqual([]);
  });

  it('are found when they do not', () => {
    const text = "if (x) throw new Error('bare');\nthrow new TypeError('bare');\nthrow new EverwarmError('E_KEY', 'coded');\nthrow error;";
    expect(uncodedThrows({ path: 'x.ts', text })).toEqual(['x.ts:1', 'x.ts:2']);
  });
});
