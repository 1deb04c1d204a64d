/** A block of code on a page: the file and region that it says to be, by the comment above it, or null; and its text. */
export type ShownCode = { readonly from: { readonly file: string; readonly region: string } | null; readonly code: string };

/** The TypeScript blocks of a page in Markdown. Above each stands `<!-- FILE#REGION -->`. */
export function shownCode(markdown: string): ShownCode[] {
  const blocks = markdown.matchAll(/(?:<!-- (?<file>[^\s#]+)#(?<region>[\w-]+) -->\n)?```ts\n(?<code>.*?)\n```/gs);
  return [...blocks].map(({ groups = {} }) => {
    const { file, region, code = '' } = groups;
    return { from: file === undefined || region === undefined ? null : { file, region }, code };
  });
}

/** The regions of a TypeScript file by name, each from `// #region NAME` to `// #endregion`, without the margin that its lines share. */
export function regionsOf(source: string): Map<string, string> {
  const regions = source.matchAll(/^ *\/\/ #region (?<name>[\w-]+)\n(?<text>.*?)\n *\/\/ #endregion$/gms);
  return new Map([...regions].map(({ groups = {} }) => [groups['name'] ?? '', withoutMargin(groups['text'] ?? '')]));
}

function withoutMargin(text: string): string {
  const lines = text.split('\n');
  const margin = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(margin)).join('\n');
}
