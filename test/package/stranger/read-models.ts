import { defineList, defineReadModel } from 'everwarm';
import * as schema from './schema.ts';

/** A hall with its newest exhibits and what it holds. */
export const hallPage = defineReadModel(schema, 'halls', {
  name: 'hall_page',
  with: {
    exhibits: {
      columns: { id: true, title: true, insured: true, updated: true },
      where: (exhibit, { eq }) => eq(exhibit.onShow, true),
      orderBy: (exhibit, { asc, desc }) => [desc(exhibit.updated), asc(exhibit.id)],
      limit: 3,
      with: { parts: { columns: { title: true }, orderBy: (part, { asc }) => [asc(part.id)] } },
    },
  },
  aggregates: (a) => ({
    exhibitCount: a.count('exhibits'),
    insured: a.sum('exhibits', 'insured', { where: (exhibit, { eq }) => eq(exhibit.onShow, true) }),
  }),
});

/** One exhibit that is on show. */
export const exhibitPage = defineReadModel(schema, 'exhibits', {
  name: 'exhibit_page',
  where: (exhibit, { eq }) => eq(exhibit.onShow, true),
  columns: { id: true, title: true, updated: true },
  with: {
    hall: { columns: { name: true, closedOn: true } },
    whole: { columns: { id: true, title: true } },
    parts: { columns: { id: true, title: true }, orderBy: (part, { asc }) => [asc(part.id)] },
  },
  through: {
    keywords: { via: 'keywordLinks', to: 'keyword', columns: { id: true, label: true }, orderBy: (keyword, { asc }) => [asc(keyword.id)] },
  },
  aggregates: (a) => ({ keywordCount: a.count('keywordLinks') }),
});

/** A site's exhibits, the newest first. */
export const siteExhibits = defineList(exhibitPage, {
  name: 'site_exhibits',
  partitionBy: 'site',
  orderBy: (exhibit, { asc, desc }) => [desc(exhibit.updated), asc(exhibit.id)],
});

/** The exhibits that have a keyword, the oldest first; only those in a hall. */
export const keywordExhibits = defineList(exhibitPage, {
  name: 'keyword_exhibits',
  partitionBy: ['keywordLinks', 'keywordId'],
  where: (exhibit, { isNotNull }) => isNotNull(exhibit.hallNumber),
  orderBy: (exhibit, { asc }) => [asc(exhibit.updated), asc(exhibit.id)],
});
