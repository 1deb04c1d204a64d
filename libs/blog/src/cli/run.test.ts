import { tmpdir } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { runBlog } from './run.ts';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test.each([
  { what: 'a folder that is not there', args: ['import', '/nowhere/at/all'], code: 2, says: /There is no folder \/nowhere\/at\/all/ },
  { what: 'a folder that is no dump', args: ['import', tmpdir()], code: 2, says: /Users\.xml is missing in/ },
  { what: 'two modes', args: ['import', tmpdir(), '--bulk', '--replay'], code: 2, says: /not both/ },
  { what: 'an unknown option', args: ['import', tmpdir(), '--bogus'], code: 2, says: /unknown option/ },
  { what: 'a number that is none', args: ['generate', '--posts', 'many'], code: 2, says: /whole number/ },
  {
    what: 'a wrong address',
    args: ['migrate'],
    url: 'postgres://nobody:secret@127.0.0.1:1/none',
    code: 1,
    says: /Cannot connect to Postgres at 127\.0\.0\.1:1\/none/,
  },
  { what: 'an address of something else', args: ['migrate'], url: 'mysql://here', code: 1, says: /DATABASE_URL must look like/ },
])('$what is one clear line', async ({ args, url, code, says }) => {
  vi.stubEnv('DATABASE_URL', url ?? 'postgres://nobody@127.0.0.1:1/none');
  const lines: string[] = [];
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text).trim()) > 0);
  expect(await runBlog(args)).toBe(code);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(says);
  expect(lines[0]).not.toContain('secret');
});
