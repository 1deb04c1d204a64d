/** A variable that the harness sets for its processes. Throws a TypeError that names it. */
export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new TypeError(`${name} is not set: this process is started by the benchmark.`);
  return value;
}

/** Tells the harness that this process serves, waits for SIGTERM, and exits when `stop` is through. */
export async function untilStopped(stop: () => Promise<unknown>): Promise<never> {
  const told = new Promise((resolve) => process.once('SIGTERM', resolve));
  console.log('ready');
  await told;
  await stop();
  // Exits by itself so that a CPU profile is written whatever timer is still pending.
  process.exit(0);
}
