import type { TestServers } from '@everwarm/testkit';

/** One line of the table, and of the file that `--json` writes. */
export type Result = {
  readonly scenario: string;
  /** What was measured, under which load. */
  readonly row: string;
  readonly unit: string;
  /** Median over the rounds. */
  readonly everwarm: number;
  /** The floor or rival that `other` belongs to. */
  readonly against: string;
  /** Median over the rounds. */
  readonly other: number;
  /** everwarm / other. */
  readonly ratio: number;
  readonly better: 'higher' | 'lower';
  /** How many rounds each side was measured in. */
  readonly rounds: number;
};

/** What a scenario works with. */
export type Bench = {
  readonly servers: TestServers;
  readonly rounds: number;
  /** How long one round measures. Each scenario has its own default. */
  readonly seconds: number | undefined;
  /** Everwarm's own process writes a CPU profile into this folder when it ends. */
  readonly profile: string | undefined;
  /** Progress, for the person at the terminal. */
  readonly log: (line: string) => void;
};

/** One question, asked of Everwarm and of its floor or rivals in alternating rounds. */
export type Scenario = {
  readonly name: string;
  /** One line for `--help`. */
  readonly what: string;
  /** Must stop every process and drop every database it makes, whether or not it fails. */
  readonly run: (bench: Bench) => Promise<readonly Result[]>;
};
