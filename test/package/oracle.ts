/* What the stranger's read models must say, computed from plain rows by loops that anybody can check. Shares nothing with the engine. */

type Hall = { site: string; number: number; name: string; closedOn: string | null };
type Exhibit = {
  id: string;
  site: string | null;
  hallNumber: number | null;
  partOf: string | null;
  title: string;
  insured: string | null;
  onShow: boolean;
  updated: string;
};
type Keyword = { id: number; label: string };
type Link = { exhibit: string; keyword: number };

/** Every row of the museum, values in the form that documents have. */
export type Museum = {
  readonly halls: readonly Hall[];
  readonly exhibits: readonly Exhibit[];
  readonly keywords: readonly Keyword[];
  readonly links: readonly Link[];
};

/** What rows are read from. */
type Rows = { query(text: string): Promise<{ readonly rows: unknown[] }> };

/** Reads all rows. Nobody may write meanwhile. */
export async function readMuseum(pool: Rows): Promise<Museum> {
  const all = async <Row>(columns: string, table: string) => (await pool.query(`select ${columns} from ${table}`)).rows as Row[];
  return {
    halls: await all<Hall>('"Site" as site, "No." as number, name, "closed on"::text as "closedOn"', '"Hall"'),
    exhibits: await all<Exhibit>(
      `id, site, "hallNo" as "hallNumber", "partOf", "Title" as title, insured::text, "onShow",
       to_char(updated at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as updated`,
      'exhibit',
    ),
    keywords: await all<Keyword>('id::integer, label', '"Catalogue"."Key""word"'),
    links: await all<Link>('exhibit, keyword::integer', '"Catalogue".exhibit_keyword'),
  };
}

/** The document of a hall, null when there is no such hall. */
export function hallPage({ halls, exhibits }: Museum, { site, number }: Pick<Hall, 'site' | 'number'>): unknown {
  const hall = halls.find((one) => one.site === site && one.number === number);
  if (!hall) return null;
  const inside = exhibits.filter((one) => one.site === site && one.hallNumber === number);
  const shown = inside.filter((one) => one.onShow).toSorted(newestFirst);
  return {
    ...hall,
    exhibits: shown.slice(0, 3).map(({ id, title, insured, updated }) => ({
      id,
      title,
      insured,
      updated,
      parts: partsOf(exhibits, id).map((part) => ({ title: part.title })),
    })),
    exhibitCount: inside.length,
    insured: sum(shown.flatMap((one) => one.insured ?? [])),
  };
}

/** The document of an exhibit, null when it is not on show. */
export function exhibitPage({ halls, exhibits, keywords, links }: Museum, id: string): unknown {
  const exhibit = exhibits.find((one) => one.id === id);
  if (!exhibit?.onShow) return null;
  const hall = halls.find((one) => one.site === exhibit.site && one.number === exhibit.hallNumber);
  const whole = exhibits.find((one) => one.id === exhibit.partOf);
  const own = links.filter((link) => link.exhibit === id);
  return {
    id,
    title: exhibit.title,
    updated: exhibit.updated,
    hall: hall ? { name: hall.name, closedOn: hall.closedOn } : null,
    whole: whole ? { id: whole.id, title: whole.title } : null,
    parts: partsOf(exhibits, id).map((part) => ({ id: part.id, title: part.title })),
    keywords: keywords.filter((keyword) => own.some((link) => link.keyword === keyword.id)).toSorted((a, b) => a.id - b.id),
    keywordCount: own.length,
  };
}

/** The exhibits in the list of a site. */
export function siteExhibits({ exhibits }: Museum, site: string): readonly string[] {
  return exhibits
    .filter((one) => one.onShow && one.site === site)
    .toSorted(newestFirst)
    .map((one) => one.id);
}

/** The exhibits in the list of a keyword. */
export function keywordExhibits({ exhibits, links }: Museum, keyword: number): readonly string[] {
  const linked = new Set(links.filter((link) => link.keyword === keyword).map((link) => link.exhibit));
  return exhibits
    .filter((one) => one.onShow && one.hallNumber !== null && linked.has(one.id))
    .toSorted((a, b) => compare(a.updated, b.updated) || compare(a.id, b.id))
    .map((one) => one.id);
}

function partsOf(exhibits: readonly Exhibit[], id: string): readonly Exhibit[] {
  return exhibits.filter((one) => one.partOf === id).toSorted((a, b) => compare(a.id, b.id));
}

function newestFirst(a: Exhibit, b: Exhibit): number {
  return compare(b.updated, a.updated) || compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A sum of amounts with two decimals each, exact, as Postgres writes it. */
function sum(amounts: readonly string[]): string {
  if (amounts.length === 0) return '0';
  const cents = amounts.reduce((total, amount) => total + BigInt(amount.replace('.', '')), 0n);
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
}
