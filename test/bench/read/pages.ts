import type { Request } from './ask.ts';

/** Documents on a page, and how many pages of each list are asked for. */
export const pageSize = 20;
const depth = 5;

/** The first pages of the lists of these categories, as readers walk through them; a page with neighbours on both sides first. */
export async function pageRequests(url: string, categories: number): Promise<readonly Request[]> {
  const requests: Request[] = [];
  for (let category = 1; category <= categories; category++) {
    let path = `/categories/${category}/posts?limit=${pageSize}`;
    for (let page = 0; page < depth; page++) {
      requests.push({ path });
      const { items, next } = (await (await fetch(url + path)).json()) as { items: readonly unknown[]; next: string | null };
      if (items.length !== pageSize || next === null)
        throw new Error(`Page ${page + 1} of category ${category} has ${items.length} posts: the lists are too short to be measured.`);
      path = `/categories/${category}/posts?limit=${pageSize}&after=${next}`;
    }
  }
  const [top, second, ...others] = requests;
  return [second, top, ...others].filter((request) => request !== undefined);
}
