import { epochIn } from '#contracts/token.ts';
import { judge } from './judge-freshness.ts';
import type { ListPart, PageEntries } from './page-entries.ts';
import type { Freshness } from './read-options.ts';
import type { ReadParts } from './read-parts.ts';

/** Where the order of a page is read. */
export type From = 'stores' | 'sources';

/** How long one look may take for a page that is to be read from the stores again. */
const lookMs = 1000;

/**
 * The order of a page as fresh as was asked, and never older than what was shown of the partition from the sources: `read` gives it
 * from either side. Throws E_TOKEN, E_STALE, and what `read` throws.
 */
export async function entriesAsFresh(
  parts: ReadParts,
  part: ListPart,
  freshness: Freshness | null,
  read: (from: From) => Promise<PageEntries>,
): Promise<{ readonly entries: PageEntries; readonly pending: boolean | null }> {
  if (part.list.state === 'building') return { entries: await read('sources'), pending: false };
  const judged = freshness && (await judge(parts, part.list, [null], freshness))[0];
  if (judged?.from === 'sources' || !(await mayReadStores(parts, part))) return { entries: await read('sources'), pending: false };
  const entries = await read('stores');
  const pending = judged?.pending ?? null;
  if (pending) parts.stats.stale(part.list, entries.tier);
  return { entries, pending };
}

/** Whether the stores have what was shown of the partition from the sources, if anything was. */
async function mayReadStores({ floors, tokens, view }: ReadParts, { list, partition }: ListPart): Promise<boolean> {
  if (floors.blind) return false;
  const floor = floors.none ? null : floors.ofPartition(list.id, partition);
  if (floor?.shown === undefined) return true;
  const commit = { epoch: epochIn(view.space), xid: floor.shown };
  const [verdict] = await tokens.wait(list.id, [null], [commit], { timeoutMs: lookMs, patient: false, sure: false });
  if (verdict !== 'met') return false;
  if (floors.ofPartition(list.id, partition) === floor) floors.setPartition(list.id, partition, null);
  return true;
}
