// Who a process is, beyond its pid: pids are reused, and a signal sent to a stranger is not taken back.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * The kernel's start time of a running process, as text to compare and nothing else.
 * @param {number} pid
 * @returns {string | undefined} undefined when there is no such process, or only its unreaped remains
 */
export function startTimeOf(pid) {
  if (process.platform === 'linux') return startTimeFromProc(pid);
  const text = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim();
  return text ? String(Date.parse(text) || text) : undefined;
}

/**
 * The command line of a running process, its arguments separated by spaces.
 * @param {number} pid
 * @returns {string} empty when there is no such process
 */
export function commandLineOf(pid) {
  if (process.platform !== 'linux')
    return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ?? '';
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/**
 * Whether the process with this pid is the very one that started at that time.
 * @param {number} pid
 * @param {string} started as `startTimeOf` gave it
 * @returns {boolean}
 */
export function isAlive(pid, started) {
  return startTimeOf(pid) === started;
}

/**
 * Sends a signal, and takes "no such process" for done.
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 * @returns {void}
 */
export function signal(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** @param {number} pid */
function startTimeFromProc(pid) {
  try {
    // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
