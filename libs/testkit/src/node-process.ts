import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { repositoryRoot } from '../../../tools/services/home.mjs';
import { nodeArguments } from './node-arguments.ts';
import { waitFor } from './signals.ts';

/** Options of `spawnNode`. */
export type NodeProcessOptions = {
  readonly args?: readonly string[];
  /** Added to the environment; undefined removes. `DATABASE_URL` and `REDIS_URL` are never inherited. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the root of the repository. */
  readonly cwd?: string;
};

/** How a process ended. */
export type NodeProcessExit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A program of this repository, running. */
export type NodeProcess = {
  readonly pid: number;
  /** Everything it printed so far, both streams in order of arrival. */
  output(): string;
  /** Resolves when it ends. Never rejects. */
  readonly exited: Promise<NodeProcessExit>;
  /**
   * Waits for a line that matches, also among those printed before.
   * @throws when the process ends first, or time runs out; with its output
   */
  waitForLine(pattern: RegExp, timeoutMs?: number): Promise<string>;
  /** Sends a signal to this process and no other; does nothing when it has ended. */
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL after `graceMs` (default 10 s). May be called twice. */
  stop(graceMs?: number): Promise<NodeProcessExit>;
};

/**
 * Starts a TypeScript or JavaScript file of the repository as a process of its own, resolved to source as everything here is.
 * The caller must `stop` it.
 * @param entry relative to the root of the repository, or absolute
 */
export function spawnNode(entry: string, { args = [], env = {}, cwd = repositoryRoot }: NodeProcessOptions = {}): NodeProcess {
  const child = spawn(process.execPath, [...nodeArguments(resolve(repositoryRoot, entry)), ...args], {
    cwd,
    env: { ...process.env, DATABASE_URL: undefined, REDIS_URL: undefined, NODE_OPTIONS: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  let ended: NodeProcessExit | undefined;
  // `close` comes after `exit`, when all output has arrived.
  const exited = once(child, 'close').then(
    ([code, signal]): NodeProcessExit => ({ code, signal }),
    (error: Error): NodeProcessExit => {
      output += error.message;
      return { code: 127, signal: null };
    },
  );
  void exited.then((exit) => {
    ended = exit;
  });
  const signal = (name: NodeJS.Signals) => void child.kill(name);

  return {
    pid: child.pid ?? -1,
    output: () => output,
    exited,
    signal,
    async waitForLine(pattern, timeoutMs = 30_000) {
      const find = () => output.split('\n').find((line) => pattern.test(line)) ?? ended;
      const found = await waitFor(find, { timeoutMs, what: `a line like ${pattern} from ${entry}` }).catch((cause: Error) => {
        throw new Error(`${cause.message} It printed:\n${output}`, { cause });
      });
      if (typeof found === 'string') return found;
      throw new Error(`${entry} ended with ${found.signal ?? `code ${found.code}`} before it printed a line like ${pattern}:\n${output}`);
    },
    async stop(graceMs = 10_000) {
      signal('SIGTERM');
      const timer = setTimeout(() => signal('SIGKILL'), graceMs);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
  };
}
