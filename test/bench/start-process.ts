import { type NodeProcess, spawnNode } from '@everwarm/testkit';

/** Starts a file of `processes/` and waits until it serves. The caller must stop it. `profile` is a folder for a CPU profile. */
export async function startProcess(file: string, env: Readonly<Record<string, string>>, profile?: string): Promise<NodeProcess> {
  const child = spawnNode(`test/bench/processes/${file}`, {
    env: { NODE_ENV: 'production', ...env, ...(profile ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` } : {}) },
  });
  try {
    await child.waitForLine(/^ready$/, 60_000);
    return child;
  } catch (error) {
    await child.stop();
    throw error;
  }
}

/** Stops a process and throws with its output when it did not end well or complained meanwhile. */
export async function stopProcess(child: NodeProcess): Promise<void> {
  const { code, signal } = await child.stop();
  const complaints = child
    .output()
    .replace(/^ready$/m, '')
    .trim();
  if (code !== 0 || complaints)
    throw new Error(`A process of the benchmark ended with ${signal ?? `code ${code}`} and said:\n${complaints}`);
}
