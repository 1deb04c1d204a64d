import { readFile } from 'node:fs/promises';
import { createDatabase, createRedis, spawnNode } from '@everwarm/testkit';
import { expect, it, onTestFinished } from 'vitest';

const program = new URL('../../examples/quickstart/main.ts', import.meta.url);

it('the quickstart runs as it is, and says the document', async () => {
  const [database, redis] = await Promise.all([createDatabase(), createRedis()]);
  const quickstart = spawnNode('examples/quickstart/main.ts', { env: { DATABASE_URL: database.url, REDIS_URL: redis.url } });
  onTestFinished(async () => {
    await quickstart.stop();
    await redis.stop();
    await database.drop();
  });
  const { code } = await quickstart.exited;
  expect({ code, output: quickstart.output() }).toEqual({
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
