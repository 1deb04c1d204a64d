import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { runExample } from './run-example.ts';

const program = new URL('../../examples/quickstart/main.ts', import.meta.url);

it('the quickstart runs as it is, and says the document', async () => {
  expect(await runExample('quickstart')).toEqual({
    code: 0,
    output: "{ id: 42, title: 'Middlemarch', author: { name: 'George Eliot' } }\n",
  });
});

it('the readme of the package shows this very program', async () => {
  const readme = await readFile(new URL('../../libs/everwarm/README.md', import.meta.url), 'utf8');
  const [, ...lines] = (await readFile(program, 'utf8')).split('\n');
  expect(readme).toContain(`\`\`\`ts\n${lines.join('\n')}\`\`\``);
  expect(lines.length).toBeLessThan(40);
});
