import { parseArgs } from 'node:util';

/** What the command line asks for. */
export type Options = {
  /** Names of scenarios; all of them when none is named. */
  readonly scenarios: readonly string[];
  readonly json: string | undefined;
  readonly rounds: number;
  readonly seconds: number | undefined;
  readonly profile: string | undefined;
  readonly help: boolean;
};

/** Reads the command line. Throws a TypeError that says what is wrong and what is known. */
export function readOptions(args: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  for (const name of positionals) {
    if (!known.includes(name)) throw new TypeError(`There is no scenario "${name}". Known: ${known.join(', ')}.`);
  }
  return {
    scenarios: positionals.length > 0 ? [...new Set(positionals)] : known,
    json: values.json,
    rounds: wholeNumber('--rounds', values.rounds),
    seconds: values.seconds === undefined ? undefined : wholeNumber('--seconds', values.seconds),
    profile: values.profile,
    help: values.help,
  };
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`${option} is "${text}": it must be a whole number from 1.`);
  return value;
}
