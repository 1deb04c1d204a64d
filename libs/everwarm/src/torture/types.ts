/**
 * What the parts of a torture run are to each other. The *stage* is servers, processes and the links between them; a *fault* hits
 * the stage and can be ended; the *load* writes; the *judge* reads, remembers everything and knows the laws. `run-torture.ts`
 * conducts them by a *schedule*, and what it measured is the *report*.
 */

/** A seeded stream of numbers: the same seed gives the same run. */
export type Random = {
  /** At least 0, below 1. */
  next(): number;
  /** A whole number, at least `low`, at most `high`. */
  integer(low: number, high: number): number;
  /** True in this share of the calls. */
  chance(share: number): boolean;
  /** One of them; the list must not be empty. */
  pick<Item>(items: readonly Item[]): Item;
  /** A copy in another order. */
  shuffle<Item>(items: readonly Item[]): Item[];
  /** A stream of its own, so that drawing more here changes nothing there. */
  fork(): Random;
};

/** The two servers that every process talks to. */
export type ServerName = 'postgres' | 'redis';

/** One process's way to one server: a TCP proxy of its own, whose address never changes. What is done to it lasts until `heal`. */
export type Link = {
  /** Connections end, and new ones are refused. */
  cut(): void;
  /** Half open: connections stay and new ones are taken, but not a byte passes in either direction. */
  stall(): void;
  /** Every piece of data arrives this much later. */
  slow(ms: number): void;
  /** Passes again, at once. Connections that were cut stay cut: it is for the client to make new ones. */
  heal(): void;
  /** Leads to another server from now on; connections to the old one end. */
  pointTo(url: string): void;
  /** Whether this is the port that the server sees one of its connections come from. */
  owns(port: number): boolean;
};

/** What a process is there for. Workers are whole pipelines, of which one leads; readers answer as an API process does. */
export type ProcessRole = 'worker' | 'reader';

/** Something armed inside a process: when it has passed this step that many times, it ends or freezes itself right there. */
export type StepTrap = { readonly step: string; readonly act: 'kill' | 'freeze'; readonly passes: number };

/** What a process says to the stage, by IPC. `type` tells what it is; the rest is between the process and who listens. */
export type ProcessMessage = { readonly type: string; readonly [field: string]: unknown };

/** A child process on the stage. It is started again under the same name, role and links after it ended. */
export type StageProcess = {
  readonly name: string;
  readonly role: ProcessRole;
  readonly links: Readonly<Record<ServerName, Link>>;
  /** Goes up with every start: what a client of an earlier incarnation remembered is gone. */
  readonly incarnation: number;
  /** `frozen` is stopped by SIGSTOP; `ended` has no process. */
  readonly state: 'running' | 'frozen' | 'ended';
  /** SIGKILL, and resolves when it is gone. Does nothing when it ended. */
  kill(): Promise<void>;
  /** SIGSTOP. Nothing about it is closed. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** SIGTERM, and resolves when it has drained and gone; with SIGKILL after `graceMs`. Returns whether it went by itself with code 0. */
  terminate(graceMs?: number): Promise<boolean>;
  /** Starts it again when it ended; resolves when it says that it is ready. Thaws it when frozen. @throws what it printed when it does not come up */
  restart(): Promise<void>;
  /** Arms a trap; resolves when it is sprung (true) or the time is over (false: it is disarmed again). */
  trap(trap: StepTrap, withinMs: number): Promise<boolean>;
  /** Takes the trap away; a pending `trap` resolves with false, or with true when the process was there first. */
  disarm(): void;
  /** Sends a message by IPC; lost when it has ended. */
  send(message: ProcessMessage): void;
  /** Hears what any incarnation says. Returns how to stop listening. */
  listen(listener: (message: ProcessMessage, incarnation: number) => void): () => void;
};

/** Everything that faults may hit. URLs are direct, past the proxies, with every right: for those who hit, load and judge. */
export type Stage = {
  readonly processes: readonly StageProcess[];
  /** The database under test on the server that is primary now: ask again after a promotion. */
  postgresUrl(): string;
  /** The Redis that is the master now: ask again after a failover. */
  redisUrl(): string;
  readonly namespace: string;
  /** Tells the story: one line, with the time since the start before it. */
  log(line: string): void;
  /** Told of a law that was broken where only the one who hits can see it. */
  accuse(violation: Violation): void;
};

/** What a fault must be allowed or able to do beyond its own children and their links. */
export type Need =
  /** Starts, stops and replaces the Postgres server. */
  | 'postgres-control'
  /** Starts, stops and replaces the Redis server. */
  | 'redis-control'
  /** May empty Redis: nobody else keeps anything in it. */
  | 'redis-is-scratch'
  /** Knows the tables of the run's own schema. */
  | 'own-schema';

/** What a fault takes for itself: two that take the same are never under way at once. */
export type Grip = ServerName | 'workers' | 'readers' | 'queue' | 'writers';

/**
 * One kind of disaster. `inject` begins it and resolves when it holds; what it returns ends it and resolves when nothing of it is
 * left, the processes it ended running again. Both must be quick, and may throw: that ends the run as broken.
 */
export type Fault = {
  /** In kebab-case, unique. */
  readonly name: string;
  readonly needs: readonly Need[];
  readonly grips: readonly Grip[];
  /** The shortest and longest time between begin and end, in milliseconds; drawn by the schedule. */
  readonly lasts: readonly [number, number];
  /** Whether a run of 90 seconds can afford it. */
  readonly quick: boolean;
  inject(stage: Stage, random: Random): Promise<() => Promise<void>>;
};

/** A change written on purpose, to see how long it takes. `isVisible` says whether every running reader and every copy shows it or something newer. */
export type Mark = { isVisible(): Promise<boolean> };

/** Random transactions at a steady offered rate, and the history of them. It survives a database that is away, and tries again. */
export type Load = {
  /** Begins. Returns at once. */
  start(): void;
  /** Ends; resolves when no transaction is under way any more. May be called twice. */
  stop(): Promise<void>;
  /** Transactions that were committed since the start, of which the commit was heard. Only goes up. */
  committed(): number;
  /** Writes one change in a transaction of its own, trying again until Postgres takes it; resolves when it is committed. */
  mark(): Promise<Mark>;
};

/** One broken law: its number (1 to 12) and what was seen, with ids only. */
export type Violation = { readonly law: number; readonly detail: string };

/** Remembers all reads and writes, and says which laws they break. */
export type Judge = {
  /** How many answers were checked so far. */
  reads(): number;
  /** All violations so far. */
  violations(): readonly Violation[];
  /** A replica that lagged was promoted, or a dump restored: committed writes are lost with the tail. The history begins anew with what the database now holds. */
  postgresLostItsTail(): Promise<void>;
  /** At rest, with all faults ended and the load stopped: waits until everything is settled and compares every copy. Returns how many documents and entries differ. */
  compareAll(): Promise<number>;
};

/** What became of one kind of fault. `healMsMax` is the longest time from its end until all was as before; null when it never healed. */
export type FaultReport = { readonly name: string; readonly count: number; readonly healMsMax: number | null };

/** What a run found. The first six fields are the machine-readable form that is promised; the others tell more. */
export type TortureReport = {
  readonly seed: number;
  readonly minutes: number;
  readonly faults: readonly FaultReport[];
  readonly reads: number;
  readonly violations: readonly Violation[];
  readonly differing: number;
  readonly writes: number;
  /** Processes killed, by faults and by traps. */
  readonly kills: number;
  /** The largest resident memory seen, per process, in megabytes. */
  readonly residentMb: Readonly<Record<string, number>>;
};
