import { arrayOverlaps, sql } from 'drizzle-orm';
import { defineList, defineReadModel } from 'everwarm';
import { census } from './census-schema.ts';

/** Every column type. */
export const specimenDocument = defineReadModel(census, 'specimen', {
  name: 'specimen_document',
  where: (s, { or, isNull, ne }) => or(isNull(s.small), ne(s.small, -32768)),
  extras: (s) => ({ shouted: sql<string>`${s.words} || ${"!'"}`.as('shouted'), twice: sql<number>`${s.small} * ${-2}`.as('twice') }),
  with: {
    place: true,
    placeByCode: { columns: { id: true } },
    measures: { orderBy: (m, { desc }) => [desc(m.at)], limit: 4, columns: { specimen: false } },
  },
  aggregates: (a) => ({
    measureCount: a.count('measures', { where: (m, { or, isNull, notLike }) => or(isNull(m.note), notLike(m.note, '%\\\\%')) }),
    total: a.sum('measures', 'reading', { where: (m, { gt }) => gt(m.at, new Date('2000-01-01T00:00:00Z')) }),
    mean: a.avg('measures', 'reading'),
    first: a.min('measures', 'at'),
    lowest: a.min('measures', 'reading'),
    highest: a.max('measures', 'reading'),
    lastNote: a.max('measures', 'note', { where: (m, { and, isNotNull, between }) => and(isNotNull(m.reading), between(m.seq, -1, 5)) }),
  }),
});

/** Found by a bigint that need not fit the key, and by a text that is not the key. */
export const placeDocument = defineReadModel(census, 'place', {
  name: 'place_document',
  with: {
    specimens: {
      columns: { id: true, dayDate: true },
      where: (s, { eq, or }) => or(arrayOverlaps(s.texts, ['a', 'say "hi"']), eq(s.truth, true)),
      with: { placeByCode: { columns: { area: true } }, measures: { columns: { note: true } } },
    },
    coded: { columns: { id: true, huge: true }, orderBy: (s, { desc }) => [desc(s.double)] },
  },
  aggregates: (a) => ({
    specimenCount: a.count('specimens'),
    small: a.avg('specimens', 'small'),
    whole: a.sum('specimens', 'whole'),
    big: a.sum('specimens', 'big'),
    huge: a.sum('specimens', 'huge'),
    cents: a.sum('specimens', 'cents'),
    rate: a.sum('specimens', 'rate'),
    amount: a.max('specimens', 'amount'),
    dayText: a.min('specimens', 'dayText'),
    zoned: a.max('specimens', 'zonedText'),
    local: a.min('specimens', 'localDate'),
    clock: a.max('specimens', 'clock'),
    meanCode: a.avg('coded', 'huge'),
  }),
});

/** Extremes of bigint, descending. */
export const specimens = defineList(specimenDocument, { name: 'specimens', orderBy: (s, { desc }) => [desc(s.huge), s.truth] });

/** Partitions that are bigints; a timestamp without zone, infinities included. */
export const specimensByPlace = defineList(specimenDocument, {
  name: 'specimens_by_place',
  partitionBy: 'placeId',
  orderBy: (s, { desc }) => [s.localText, desc(s.small)],
});

/** Partitions that are uuids; dates before Christ, nulls last while descending. */
export const specimensByMark = defineList(specimenDocument, {
  name: 'specimens_by_mark',
  partitionBy: 'mark',
  orderBy: (s) => [sql`${s.dayDate} desc nulls last`],
});

/** Partitions that are texts, unique at that. */
export const placesByCode = defineList(placeDocument, {
  name: 'places_by_code',
  partitionBy: 'code',
  orderBy: (p, { desc }) => desc(p.id),
});

/** A uuid in the order, inverted. */
export const markedSpecimens = defineList(specimenDocument, {
  name: 'marked_specimens',
  where: (s, { isNotNull }) => isNotNull(s.mark),
  orderBy: (s, { desc, asc }) => [desc(s.mark), asc(s.zonedDate)],
});
