// Floor of list pages: the commands by which Redis gives Everwarm's reader one, to the very same sorted sets, and plain keys of the cards;
// in a transaction, or in a script as the reader has them, as BARE_PAGES says.
// It believes what it is told: no tiers, no tag, nothing is compared with what was shown before.
import { Redis } from 'ioredis';
import { environment } from './process.ts';
import { contentType, joinJson, serve } from './serve.ts';

const redis = new Redis(environment('REDIS_URL'));
const script = `
redis.call('ZSCORE', KEYS[1], '')
local facts = redis.call('HMGET', KEYS[2], 'depth', 'count', 'floor')
local other = {}
if ARGV[2] ~= '' then other = redis.call('ZRANGE', KEYS[1], '[' .. ARGV[2], '(', 'BYLEX', 'REV', 'LIMIT', '0', '1') end
return { facts, redis.call('ZRANGE', KEYS[1], '(' .. ARGV[2], '+', 'BYLEX', 'LIMIT', '0', ARGV[1]), other }`;
const isScripted = environment('BARE_PAGES') === 'script';
if (isScripted) redis.defineCommand('page', { numberOfKeys: 2, lua: script });
type Scripted = { pageBuffer(page: string, record: string, limit: number, member: Buffer | string): Promise<[unknown, Buffer[], unknown]> };
const readPage = isScripted ? inScript : inTransaction;
const cards = environment('CARD_PREFIX');
/** Both with a `%` where the category goes. */
const [pages, records] = [environment('LIST_PAGE'), environment('LIST_ENTRIES')];
/** Bytes of a cursor before the member. */
const markBytes = 8;

const top = Buffer.from('(');
const from = Buffer.from('[');

await serve(
  '/categories/:id/posts',
  async (reply, { params: { id }, query: { limit: asked = '', after } }) => {
    const limit = Number(asked);
    const [page, record] = [pages.replace('%', id), records.replace('%', id)];
    const mark = after === undefined ? null : Buffer.from(after, 'base64url');
    const member = mark?.subarray(markBytes);
    const found = await readPage(page, record, limit + 1, member);
    const shown = found.slice(0, limit);
    const bodies = await redis.mgetBuffer(shown.map((one) => cards + keyOf(one)));
    const next =
      found.length > limit ? `"${Buffer.concat([mark?.subarray(0, markBytes) ?? top, shown.at(-1)!]).toString('base64url')}"` : null;
    const items = joinJson(bodies.filter((body) => body !== null));
    return reply
      .header('content-type', contentType)
      .send(Buffer.concat([Buffer.from('{"items":'), items, Buffer.from(`,"next":${next}}`)]));
  },
  () => redis.disconnect(),
);

function inTransaction(page: string, record: string, limit: number, member: Buffer | undefined): Promise<Buffer[]> {
  const transaction = redis.multi().zscore(page, '').hmgetBuffer(record, 'depth', 'count', 'floor');
  if (member) {
    transaction
      .zrangeBuffer(page, Buffer.concat([top, member]), '+', 'BYLEX', 'LIMIT', 0, limit)
      .zrangeBuffer(page, Buffer.concat([from, member]), top, 'BYLEX', 'REV', 'LIMIT', 0, 1);
  } else transaction.zrangeBuffer(page, top, '+', 'BYLEX', 'LIMIT', 0, limit);
  return transaction.exec().then((replies) => (replies?.[2]?.[1] ?? []) as Buffer[]);
}

async function inScript(page: string, record: string, limit: number, member: Buffer | undefined): Promise<Buffer[]> {
  const [, found] = await (redis as typeof redis & Scripted).pageBuffer(page, record, limit, member ?? '');
  return found;
}

/** The key stands at a member's end, before two bytes of its length. */
function keyOf(member: Buffer): string {
  return member.toString('latin1', member.length - 2 - member.readUInt16BE(member.length - 2), member.length - 2);
}
