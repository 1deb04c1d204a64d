import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { EverwarmError } from '#contracts/errors.ts';
import type { LinkProxy } from './proxy.ts';
import { placeVariable, sprungLine } from './stage-child.ts';
import type { ProcessMessage, ProcessRole, ServerName, StageProcess, StepTrap } from './types.ts';

/** How a process of the stage is started: arguments of Node, then the program and its own. */
export type ProcessProgram = {
  readonly name: string;
  readonly role: ProcessRole;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
};

/** What a stage process tells its stage. */
export type ProcessEvents = {
  /** It ended although nobody asked it to. */
  crashed(how: string, output: string): void;
  /** It was killed on purpose. */
  killed(): void;
};

/** How long a process may take to become ready, counted over all attempts: servers may be away meanwhile. */
const readyWithinMs = 120_000;

/** How much of what it printed is kept. */
const keptOutput = 8_000;

/**
 * A child process under one name for the whole run, as a supervisor would keep it.
 *
 * States: ended → (restart) running ⇄ (freeze, thaw, a trap) frozen → (kill, terminate, a trap, a crash) ended.
 */
export class SupervisedProcess implements StageProcess {
  readonly name: string;
  readonly role: ProcessRole;
  readonly links: Readonly<Record<ServerName, LinkProxy>>;
  readonly #program: ProcessProgram;
  readonly #namespace: string;
  readonly #events: ProcessEvents;
  readonly #listeners = new Set<(message: ProcessMessage, incarnation: number) => void>();
  #child: ChildProcess | null = null;
  #isReady = false;
  #incarnation = 0;
  #isFrozen = false;
  #starting: Promise<void> | null = null;
  #isAskedToEnd = false;
  #output = '';
  #endTrap: ((sprung: boolean) => void) | null = null;

  constructor(program: ProcessProgram, links: Readonly<Record<ServerName, LinkProxy>>, namespace: string, events: ProcessEvents) {
    this.name = program.name;
    this.role = program.role;
    this.links = links;
    this.#program = program;
    this.#namespace = namespace;
    this.#events = events;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  get state(): 'running' | 'frozen' | 'ended' {
    if (this.#child === null) return 'ended';
    return this.#isFrozen ? 'frozen' : 'running';
  }

  /** Its process id, or null when it ended. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** The end of what it printed, both streams. */
  get output(): string {
    return this.#output;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#isAskedToEnd = true;
    this.#events.killed();
    child.kill('SIGKILL');
    await gone(child);
  }

  freeze(): void {
    if (!this.#child) return;
    this.#isFrozen = true;
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#isFrozen = false;
    this.#child?.kill('SIGCONT');
  }

  async terminate(graceMs = 15_000): Promise<boolean> {
    // One that is just being started may not listen to signals yet.
    await this.#starting?.catch(() => undefined);
    const child = this.#child;
    if (!child) return true;
    this.#isAskedToEnd = true;
    this.thaw();
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await gone(child);
    clearTimeout(timer);
    return child.exitCode === 0;
  }

  restart(): Promise<void> {
    this.#starting ??= this.#restart().finally(() => {
      this.#starting = null;
    });
    return this.#starting;
  }

  async #restart(): Promise<void> {
    if (this.#child && this.#isAskedToEnd) await gone(this.#child);
    else if (this.#child && this.#isReady) return this.thaw();
    const end = performance.now() + readyWithinMs;
    // As a supervisor does: a program that finds no server ends, and is started again.
    while (!(await this.#attempt(end))) {
      if (this.#isAskedToEnd) return;
      if (performance.now() >= end)
        throw new EverwarmError('E_TIMEOUT', `${this.name} was not ready within ${readyWithinMs} ms. It printed:\n${this.#output}`);
      await pause(250);
    }
  }

  trap(trap: StepTrap, withinMs: number): Promise<boolean> {
    if (!this.#child) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.disarm(), withinMs);
      this.#endTrap = (sprung) => {
        clearTimeout(timer);
        this.#endTrap = null;
        if (sprung && trap.act === 'freeze') this.#isFrozen = true;
        if (sprung && trap.act === 'kill') {
          this.#isAskedToEnd = true;
          this.#events.killed();
        }
        resolve(sprung);
      };
      this.send({ type: 'trap', trap });
    });
  }

  disarm(): void {
    // Its answer ends the trap: until it has heard, it may still step into it.
    this.send({ type: 'trap', trap: null });
  }

  send(message: ProcessMessage): void {
    if (this.#child?.connected) this.#child.send(message, () => undefined);
  }

  listen(listener: (message: ProcessMessage, incarnation: number) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async #attempt(end: number): Promise<boolean> {
    const child = this.#start();
    const ready = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), Math.max(0, end - performance.now()));
      const settle = (isReady: boolean) => {
        clearTimeout(timer);
        resolve(isReady);
      };
      child.once('exit', () => settle(false));
      child.on('message', (message: ProcessMessage) => message.type === 'ready' && settle(true));
    });
    if (await ready) return true;
    child.kill('SIGKILL');
    await gone(child);
    return false;
  }

  #start(): ChildProcess {
    const { name, links } = this;
    const place = { name, namespace: this.#namespace, postgres: links.postgres.url, redis: links.redis.url };
    const child = spawn(process.execPath, [...this.#program.args], {
      env: { ...process.env, NODE_OPTIONS: undefined, ...this.#program.env, [placeVariable]: JSON.stringify(place) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const incarnation = ++this.#incarnation;
    this.#child = child;
    this.#isReady = false;
    this.#isFrozen = false;
    this.#isAskedToEnd = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-keptOutput);
        if (text.includes(sprungLine)) this.#endTrap?.(true);
      });
    }
    child.on('message', (message: ProcessMessage) => {
      if (message.type === 'ready') this.#isReady = true;
      if (message.type === 'disarmed') this.#endTrap?.(false);
      for (const listener of this.#listeners) listener(message, incarnation);
    });
    child.on('error', () => undefined);
    child.on('close', (code, signal) => {
      if (this.#child !== child) return;
      this.#child = null;
      this.#endTrap?.(false);
      // One that ends before it was ready found a server away; that it starts at all is seen by `restart`.
      if (!this.#isAskedToEnd && this.#isReady) this.#events.crashed(signal ?? `code ${code}`, this.#output);
      this.#isReady = false;
    });
    return child;
  }
}

async function gone(child: ChildProcess): Promise<void> {
  // `close` comes after `exit`, when all output has arrived.
  if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
}
