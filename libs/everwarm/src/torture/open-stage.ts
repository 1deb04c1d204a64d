import { type LinkProxy, openProxy } from './proxy.ts';
import { residentMegabytes } from './resident-memory.ts';
import { type ProcessProgram, SupervisedProcess } from './stage-process.ts';
import type { Stage, Violation } from './types.ts';

/** What a stage is opened with. The servers run, and the database is migrated. */
export type StageOptions = {
  readonly postgresUrl: () => string;
  readonly redisUrl: () => string;
  readonly namespace: string;
  /** The URL that processes reach Postgres by, through their links, where it is not `postgresUrl`: another role of the same server. */
  readonly workerUrl?: () => string;
  readonly programs: readonly ProcessProgram[];
  readonly log: (line: string) => void;
};

/** A stage with its processes running, and what was seen of them. */
export type OpenStage = Stage & {
  readonly processes: readonly SupervisedProcess[];
  /** Broken laws that only the stage could see: a process that ended by itself, and what faults complained of. */
  readonly violations: readonly Violation[];
  kills(): number;
  /** The largest resident memory seen of each process, in megabytes. */
  residentMb(): Readonly<Record<string, number>>;
  /** Ends all processes, in good order where `inOrder`, and the links. Returns the names of those that did not end well. May be called twice. */
  close(inOrder?: boolean): Promise<readonly string[]>;
};

/** How often memory is looked at, in milliseconds. */
const sampleEveryMs = 500;

/**
 * Starts every process with links of its own and waits until all are ready. A process that crashes is noted and started again.
 * The caller must `close`.
 * @throws what a process printed when it does not come up; what was started by then is ended
 */
export async function openStage({
  postgresUrl,
  redisUrl,
  workerUrl = postgresUrl,
  namespace,
  programs,
  log,
}: StageOptions): Promise<OpenStage> {
  const violations: Violation[] = [];
  const resident = new Map<string, number>();
  const proxies: LinkProxy[] = [];
  const processes: SupervisedProcess[] = [];
  let kills = 0;
  let isClosing = false;

  const link = async (url: string) => {
    const proxy = await openProxy(url);
    proxies.push(proxy);
    return proxy;
  };
  for (const program of programs) {
    const links = { postgres: await link(workerUrl()), redis: await link(redisUrl()) };
    const child: SupervisedProcess = new SupervisedProcess(program, links, namespace, {
      killed: () => void kills++,
      crashed: (how, output) => {
        if (isClosing) return;
        violations.push({ law: 12, detail: `${program.name} ended by itself: ${how}` });
        log(`${program.name} ended by itself (${how}) and is started again. It said:\n${output.slice(-2000)}`);
        void child.restart().catch((error: unknown) => log(`${program.name}: ${error instanceof Error ? error.message : String(error)}`));
      },
    });
    processes.push(child);
  }
  const sampler = setInterval(() => {
    for (const { name, pid } of processes) {
      if (pid !== null) resident.set(name, Math.max(resident.get(name) ?? 0, residentMegabytes(pid)));
    }
  }, sampleEveryMs);
  // However this process ends, what it started must not outlive it, not even frozen.
  const endAll = () => {
    for (const { pid } of processes) if (pid !== null) process.kill(pid, 'SIGKILL');
  };
  process.on('exit', endAll);

  const close = async (inOrder = false): Promise<readonly string[]> => {
    isClosing = true;
    clearInterval(sampler);
    for (const proxy of proxies) proxy.heal();
    const ends = await Promise.all(processes.map((one) => (inOrder ? one.terminate() : one.kill().then(() => true))));
    process.off('exit', endAll);
    await Promise.all(proxies.map((proxy) => proxy.close()));
    return processes.filter((_, index) => !ends[index]).map(({ name }) => name);
  };
  try {
    await Promise.all(processes.map((one) => one.restart()));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    processes,
    violations,
    accuse: (violation) => void violations.push(violation),
    postgresUrl,
    redisUrl,
    namespace,
    log,
    kills: () => kills,
    residentMb: () => Object.fromEntries([...resident].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    close,
  };
}
