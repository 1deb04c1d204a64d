import type { SourceFile } from './source-files.ts';
import { at, isNode, parse, type SyntaxNode, statements } from './syntax.ts';

/** The names that a declaration introduces; patterns count as one unnamed export. */
function declaredNames(declaration: SyntaxNode): readonly string[] {
  const named = (node: unknown): string => (isNode(node) && typeof node['name'] === 'string' ? node['name'] : '(pattern)');
  const declarations = declaration['declarations'];
  return Array.isArray(declarations) ? declarations.map((one: SyntaxNode) => named(one['id'])) : [named(declaration['id'])];
}

/** The names of a file's own declarations that it exports in a list of their own, `export { a }`. */
function listedNames(body: readonly SyntaxNode[]): ReadonlySet<string> {
  const lists = body.filter((node) => node.type === 'ExportNamedDeclaration' && !node['declaration'] && !node['source']);
  return new Set(
    lists.flatMap((node) => (node['specifiers'] as SyntaxNode[]).map((one) => (one['local'] as SyntaxNode)['name'] as string)),
  );
}

/**
 * The exports of a file that no docstring stands directly above, as `path:line name`. Re-exports are documented where
 * they are declared, and the overloads of a function by the first of them. A docstring that came loose (a statement or
 * another comment stands between) does not count.
 */
export function undocumentedExports(file: SourceFile): readonly string[] {
  const parsed = parse(file);
  const body = statements(parsed);
  const listed = listedNames(body);
  const docstringEnds = parsed.comments
    .filter((comment) => comment.type === 'Block' && /^\*[\s*]*[^\s*].{4}/s.test(comment.value))
    .map((comment) => comment.end);
  const documented = (position: number): boolean =>
    docstringEnds.some((end) => end <= position && file.text.slice(end, position).trim() === '');

  const seen = new Set<string>();
  return body.flatMap((node) => {
    const exported = node.type === 'ExportNamedDeclaration' || node.type === 'ExportDefaultDeclaration';
    const declaration = exported ? node['declaration'] : node;
    if (!isNode(declaration)) return [];
    const names = declaredNames(declaration).filter((name) => (exported || listed.has(name)) && !seen.has(name));
    for (const name of names) seen.add(name);
    return documented(node.start) ? [] : names.map((name) => `${at(file, node.start)} ${name}`);
  });
}
