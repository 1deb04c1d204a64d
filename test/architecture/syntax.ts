import { parseSync } from 'oxc-parser';
import type { SourceFile } from './source-files.ts';

/** A node of the syntax tree, as far as these tests look into it. */
export type SyntaxNode = { readonly type: string; readonly start: number; readonly end: number; readonly [field: string]: unknown };

/** Whether a value found in the tree is a node. */
export const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string';

/** Parses a file. A syntax error throws: a file that cannot be read must not pass as one without violations. */
export function parse(file: SourceFile): ReturnType<typeof parseSync> {
  const result = parseSync(file.path, file.text);
  const [error] = result.errors;
  if (error) throw new Error(`${file.path} does not parse: ${error.message}`);
  return result;
}

/** The statements at the top of a file, in order. */
export const statements = (parsed: ReturnType<typeof parseSync>): readonly SyntaxNode[] => parsed.program.body as unknown as SyntaxNode[];

/** Every node of a tree, parents before children. */
export function* nodes(node: unknown): Generator<SyntaxNode> {
  if (Array.isArray(node)) {
    for (const element of node) yield* nodes(element);
  } else if (isNode(node)) {
    yield node;
    for (const value of Object.values(node)) if (typeof value === 'object') yield* nodes(value);
  }
}

/** `path:line` of a position, for messages one can click. */
export const at = (file: SourceFile, position: number): string => `${file.path}:${file.text.slice(0, position).split('\n').length}`;
