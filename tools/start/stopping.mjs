// What was started is stopped in the opposite order of who needs whom: those who take requests, then the worker, then the servers.

/** @import { Daemon, Log } from '../services/types.d.mts' */

/** Together below ten seconds, force included. */
const PATIENCE_MS = { front: 2_500, worker: 3_000, server: 1_500 };

const PARENT_CHECK_MS = 250;

/**
 * @typedef {{ name: string, process: Daemon, rank: 'front' | 'worker' | 'server' }} Started
 */

/**
 * Stops everything, rank by rank, and goes on when one cannot be stopped.
 * @param {readonly Started[]} started
 * @param {Log} log
 * @returns {Promise<boolean>} whether everything is gone
 */
export async function stopAll(started, log) {
  let complete = true;
  for (const rank of /** @type {const} */ (['front', 'worker', 'server'])) {
    const members = started.filter((member) => member.rank === rank);
    const results = await Promise.allSettled(members.map(({ process }) => process.stop(PATIENCE_MS[rank])));
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') continue;
      complete = false;
      log(`${members[index]?.name} could not be stopped: ${String(result.reason)}`);
    }
  }
  return complete;
}

/**
 * An AbortController that the signals of a terminal and of a supervisor abort. A second signal changes nothing: npm repeats the
 * terminal's own, and stopping takes ten seconds at most.
 * @param {Log} log
 * @returns {AbortController}
 */
export function stopOnSignals(log) {
  const stopping = new AbortController();
  const stop = (/** @type {string} */ reason) => {
    if (stopping.signal.aborted) return;
    log(`${reason}: stopping ...`);
    stopping.abort();
  };
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(name, () => stop(name));
  if (process.env['npm_lifecycle_event']) onParentGone(() => stop('npm ended'));
  return stopping;
}

/**
 * npm runs a script through a shell, and a SIGTERM to npm ends that shell without reaching the script.
 * @param {() => void} act
 */
function onParentGone(act) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    act();
  }, PARENT_CHECK_MS).unref();
}
