import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { providedServers } from '@everwarm/testkit';
import { describe, expect, it } from 'vitest';
import type { Program } from './programs/program.ts';
import { runProgram } from './programs/run-program.ts';

const folder = join(import.meta.dirname, 'regressions');

describe('programs that once led to a wrong document', () => {
  it.each(readdirSync(folder))('%s', async (file) => {
    const outcome = await runProgram(providedServers(), JSON.parse(readFileSync(join(folder, file), 'utf8')) as Program);
    expect(outcome.is === 'equal' ? '' : outcome.why).toBe('');
  });
});
