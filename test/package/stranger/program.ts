import { createInterface } from 'node:readline';
import { createEverwarm } from 'everwarm';
import config from './everwarm.config.ts';
import { exhibitPage, hallPage, keywordExhibits, siteExhibits } from './read-models.ts';

/*
 * Migrates, starts the pipeline and says so; then each line of stdin names keys, and once everything is settled the
 * documents of these keys are the answer. Ends with stdin.
 */

/** What one line asks for. */
export type Question = {
  readonly halls: readonly { readonly site: string; readonly number: number }[];
  readonly exhibits: readonly string[];
  readonly sites: readonly string[];
  readonly keywords: readonly number[];
};

const everwarm = createEverwarm(config);
await everwarm.migrate();
await everwarm.start();
console.log(JSON.stringify('ready'));

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line) as Question;
  await everwarm.settled();
  const { reader } = everwarm;
  const answer = {
    halls: await Promise.all(question.halls.map((key) => reader.get(hallPage, key))),
    exhibits: await Promise.all(question.exhibits.map((id) => reader.get(exhibitPage, id))),
    sites: await Promise.all(
      question.sites.map(async (site) => (await reader.list(siteExhibits, site, { limit: 500 })).items.map((item) => item.id)),
    ),
    keywords: await Promise.all(
      question.keywords.map(async (id) => (await reader.list(keywordExhibits, id, { limit: 500 })).items.map((item) => item.id)),
    ),
  };
  console.log(JSON.stringify(answer));
}
await everwarm.stop();
