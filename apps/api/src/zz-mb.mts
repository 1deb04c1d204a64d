import { serve } from '/work/main/libs/everwarm/src/http/served.ts';
import { documentRoute, listRoute } from '/work/main/libs/everwarm/src/http/routes.ts';
import { postDetail, frontPage } from '@everwarm/blog';
const body = Buffer.from('{"a":"' + 'x'.repeat(2800) + '"}');
const doc = () => ({ body, version: '0001-0000000000000000125', asOf: 1700000000000, tier: 'redis', pending: null });
const reader: any = { raw: async () => doc(), rawList: async () => ({ items: Array.from({length:20}, doc), keys: Array.from({length:20},(_,i)=>String(i)), next:'abc', previous:null,total:null,tier:'redis',pending:null }) };
const [d, l, p] = serve({ reader, routes: [documentRoute('/posts/:id', postDetail), listRoute('/posts', frontPage)] } as any) as any[];
const asked = { params: { id: '7' }, query: {}, ifNoneMatch: undefined, after: undefined, acceptEncoding: undefined, lastEventId: undefined };
async function bench(name: string, f: () => Promise<unknown>, n = 200000) {
  for (let i = 0; i < 20000; i++) await f();
  const c = process.cpuUsage(); for (let i = 0; i < n; i++) await f(); const u = process.cpuUsage(c);
  console.log(name, ((u.user + u.system) / n).toFixed(2), 'us cpu');
}
await bench('raw', () => reader.raw());
await bench('document', () => d.answer(asked, '/posts/7'));
const tag = (await d.answer(asked, '')).headers[1];
await bench('304', () => d.answer({ ...asked, ifNoneMatch: tag }, '/posts/7'));
const page = [d,l,p].find((x) => x?.route.kind === 'list');
await bench('page', () => page.answer(asked, '/posts'), 30000);
