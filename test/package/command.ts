import { execFile } from 'node:child_process';

/** How a program ended and what it printed. */
export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

/**
 * The environment of a program that is to behave as on a stranger's machine: nothing that the `npm` which runs the tests tells
 * its children, no services of ours.
 */
export function strangersEnvironment(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const ours = /^(npm_(?!config_(registry|cache|userconfig)$)|INIT_CWD$|NODE_OPTIONS$|DATABASE_URL$|REDIS_URL$|EVERWARM_|VITEST)/;
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name));
  return { ...Object.fromEntries(kept), NODE_ENV: undefined, ...more };
}

/** Runs a program to its end. Never rejects: what it ended with is the answer. */
export function run(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, [...args], { env: strangersEnvironment(), ...options, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
      resolve({ code, stdout, stderr: code === 127 && error ? `${stderr}${error.message}` : stderr });
    });
  });
}

/** Runs a program that must succeed; gives its stdout. Throws with all it printed when it does not. */
export async function succeed(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<string> {
  const { code, stdout, stderr } = await run(file, args, options);
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
  return stdout;
}
