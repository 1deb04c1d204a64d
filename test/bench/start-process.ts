import { type NodeProcess, spawnNode } from '@everwarm/testkit';

/** What a process is started with. */
export type StartOptions = {
  readonly env: Readonly<Record<string, string>>;
  /** The line by which it tells that it serves. Default: `ready`. */
  readonly ready?: RegExp;
  /** A folder for a CPU profile. */
  readonly profile?: string | undefined;
};

const running = new Set<NodeProcess>();

/** Starts a file of the repository as a process of its own and waits until it serves. The caller must stop it. */
export async function startProcess(entry: string, { env, ready = /^ready$/, profile }: StartOptions): Promise<NodeProcess> {
  const child = spawnNode(entry, { env: { NODE_ENV: 'production', ...env, ...profiling(profile, env['NODE_OPTIONS']) } });
  running.add(child);
  void child.exited.then(() => running.delete(child));
  try {
    await child.waitForLine(ready, 60_000);
    return child;
  } catch (error) {
    await child.stop();
    throw error;
  }
}

/** Stops whatever still runs: for a benchmark that was interrupted. */
export async function stopProcesses(): Promise<void> {
  await Promise.all([...running].map((child) => child.stop(2_000)));
}

/** Node refuses --cpu-prof in NODE_OPTIONS, so a file that does the same is loaded before the process's own. */
function profiling(folder: string | undefined, options = ''): Readonly<Record<string, string>> {
  return folder ? { NODE_OPTIONS: `--import=${new URL('profiler.mjs', import.meta.url).href} ${options}`, BENCH_PROFILE: folder } : {};
}

/** Stops a process and throws with its output when it did not end well or complained meanwhile. */
export async function stopProcess(child: NodeProcess): Promise<void> {
  const { code, signal } = await child.stop();
  const complaints = child
    .output()
    .replace(/^(?:ready|seconds \S+)$/gm, '')
    .trim();
  if (code !== 0 || complaints)
    throw new Error(`A process of the benchmark ended with ${signal ?? `code ${code}`} and said:\n${complaints}`);
}
