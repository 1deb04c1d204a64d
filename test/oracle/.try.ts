import { startTestServers } from '@everwarm/testkit';
import { randomDeclarations } from './programs/random-program.ts';
import { worldOf } from './programs/world-of.ts';
import { runHistory } from './run-history.ts';

const servers = await startTestServers({ log: console.log });
const from = Number(process.argv[2]),
  n = Number(process.argv[3]),
  steps = Number(process.argv[4] ?? 6);
const failed = new Map();
try {
  for (let seed = from; seed < from + n; seed++) {
    const t = performance.now();
    try {
      const d = randomDeclarations(seed);
      const w = worldOf(`seed ${seed}`, d, seed);
      const h = await runHistory(w, { servers, seed, forMs: 0, steps });
      console.log(
        seed,
        Math.round(performance.now() - t) + 'ms',
        d.schema.tables.length + 't',
        d.models.length + 'm',
        d.lists.length + 'l',
        JSON.stringify(h),
      );
    } catch (e) {
      console.log(seed, 'FAIL', String(process.env.S ? e.stack : e.message).slice(0, Number(process.env.W ?? 500)));
      failed.set(seed, e.message);
    }
  }
} finally {
  await servers.stop();
}
console.log('failed', [...failed.keys()].join(' '));
