import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The resident memory of a process in megabytes; 0 when there is no such process. */
export function residentMegabytes(pid: number): number {
  const kilobytes = process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  return Math.round(kilobytes / 1024);
}

function fromProc(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function fromPs(pid: number): number {
  return Number(spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() || 0);
}
