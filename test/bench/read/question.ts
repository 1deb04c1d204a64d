import { isDeepStrictEqual } from 'node:util';
import { compare } from '../compare.ts';
import { inTurns } from '../rounds.ts';
import type { Bench, Result } from '../scenario.ts';
import { formatNumber } from '../table.ts';
import { askAtRandom, type Request } from './ask.ts';

/** A server that runs, and what it is asked. The first request must have the same answer on all sides of a question. */
export type AskedServer = { readonly name: string; readonly url: string; readonly requests: readonly Request[] };

/** What is asked of Everwarm, and of its floors and rivals, as one line of the table for each of these. */
export type Question = { readonly row: string; readonly everwarm: AskedServer; readonly others: readonly AskedServer[] };

/** How many connections ask. */
export const connections = 50;
const warmUpSeconds = 3;

/** Asks all sides in alternating rounds how many requests a second they answer. Throws unless they do the same work. */
export async function askAll(bench: Bench, { row, everwarm, others }: Question): Promise<readonly Result[]> {
  bench.log(`  ${row}`);
  await checkAnswers([everwarm, ...others]);
  const sides = [everwarm, ...others].map((server) => ({ name: server.name, measure: () => measure(bench, server) }));
  const measured = await inTurns(bench.rounds, sides, (name, round, measures) =>
    bench.log(`    round ${round}  ${name.padEnd(22)}  ${formatNumber(measures['requests'] ?? 0)} requests/s`),
  );
  return others.map(({ name }) =>
    compare({
      scenario: 'read',
      row: `${row}, ${connections} connections`,
      unit: 'requests/s',
      better: 'higher',
      measure: 'requests',
      everwarm: measured.get(everwarm.name),
      against: name,
      other: measured.get(name),
    }),
  );
}

async function measure({ seconds = 8 }: Bench, { url, requests }: AskedServer): Promise<{ requests: number }> {
  const asked = { url, requests, connections };
  await askAtRandom({ ...asked, seconds: warmUpSeconds });
  return { requests: await askAtRandom({ ...asked, seconds }) };
}

/** Otherwise they would not do the same work. Who says what it has must be told that it has it, by no bytes at all. */
async function checkAnswers(servers: readonly AskedServer[]): Promise<void> {
  const answers = await Promise.all(servers.map(firstAnswer));
  const [wanted] = answers.filter((answer) => answer !== unchanged);
  for (const [index, answer] of answers.entries()) {
    if (answer !== unchanged && !isDeepStrictEqual(answer, wanted))
      throw new Error(
        `"${servers[index]?.name}" answers ${servers[index]?.requests[0]?.path} with something else:\n${JSON.stringify(answer)}\n${JSON.stringify(wanted)}`,
      );
  }
}

const unchanged = Symbol('unchanged');

async function firstAnswer({ name, url, requests: [first] }: AskedServer): Promise<unknown> {
  if (!first) throw new TypeError(`Nothing is asked of "${name}".`);
  const { path, ifNoneMatch } = first;
  const response = await fetch(url + path, { headers: ifNoneMatch === undefined ? {} : { 'if-none-match': ifNoneMatch } });
  const text = await response.text();
  if (ifNoneMatch === undefined ? response.status === 200 : response.status === 304 && text === '')
    return ifNoneMatch === undefined ? essenceOf(JSON.parse(text)) : unchanged;
  throw new Error(`"${name}" answers ${path} with ${response.status}: ${text.slice(0, 200)}`);
}

/** Of a page its items: how a cursor is spelled is each side's own. */
function essenceOf(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'items' in answer ? answer.items : answer;
}
