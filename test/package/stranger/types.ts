import { createEverwarm, defineList, defineReadModel } from 'everwarm';
import config from './everwarm.config.ts';
import { exhibitPage, hallPage } from './read-models.ts';
import * as schema from './schema.ts';

/* Compiled, never run: what the types promise, and what they refuse. A refusal that is gone is itself an error. */

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const yes = <_ extends true>(): void => undefined;

const { reader } = createEverwarm(config);
const hall = await reader.get(hallPage, { site: 'north', number: 1 });
if (hall) {
  yes<Same<typeof hall.number, number>>();
  yes<Same<typeof hall.closedOn, string | null>>();
  yes<Same<typeof hall.exhibitCount, number>>();
  yes<Same<(typeof hall.exhibits)[number]['updated'], string>>();
  yes<Same<(typeof hall.exhibits)[number]['parts'], { title: string }[]>>();
  // @ts-expect-error a column that was not asked for
  void hall.exhibits[0]?.onShow;
}
const exhibit = await reader.get(exhibitPage, '00000000-0000-0000-0000-000000000000');
if (exhibit) {
  yes<Same<typeof exhibit.keywords, { id: number; label: string }[]>>();
  yes<Same<typeof exhibit.hall, { name: string; closedOn: string | null } | null>>();
}

// @ts-expect-error a key of the wrong type
await reader.get(exhibitPage, 42);
// @ts-expect-error no such table
defineReadModel(schema, 'rooms', { name: 'wrong' });
// @ts-expect-error no such column
defineReadModel(schema, 'halls', { name: 'wrong', columns: { nam: true } });
// @ts-expect-error no such relation
defineReadModel(schema, 'halls', { name: 'wrong', with: { exhibit: true } });
// @ts-expect-error a root has no order
defineReadModel(schema, 'halls', { name: 'wrong', orderBy: (h, { asc }) => [asc(h.name)] });
// @ts-expect-error no such column to sum
defineReadModel(schema, 'halls', { name: 'wrong', aggregates: (a) => ({ sum: a.sum('exhibits', 'title') }) });
// @ts-expect-error no such column to partition by
defineList(exhibitPage, { name: 'wrong', partitionBy: 'room', orderBy: (e, { asc }) => [asc(e.id)] });
