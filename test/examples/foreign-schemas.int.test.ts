import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { runExample } from './run-example.ts';

/* Four schemas that have nothing to do with the blog, written by hand: each runs as it is and says what is written beside it. */

it.each(['catalogue', 'social-feed', 'comments', 'newsroom'])(
  '%s keeps its read models through its own writes',
  async (name) => {
    const expected = await readFile(new URL(`../../examples/${name}/output.txt`, import.meta.url), 'utf8');
    expect(await runExample(name)).toEqual({ code: 0, output: expected });
  },
  60_000,
);
