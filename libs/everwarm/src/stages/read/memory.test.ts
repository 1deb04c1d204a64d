import { expect, test } from 'vitest';
import { formatVersion } from '#contracts/version.ts';
import { checkMemory, Memory } from './memory.ts';

const v = (number: number) => formatVersion(1, BigInt(number));

function openMemory({ maxBytes = 1024 * 1024, maxAgeMs = 60_000 } = {}) {
  const feed = { isFed: true };
  const memory = new Memory({ maxBytes, maxAgeMs }, () => feed.isFed);
  /** Keeps a document of so many bytes, or that there is none, as a read from Redis does. */
  const keep = (name: string, number: number, body: string | null = `"${number}"`) => {
    const asking = memory.ask(name);
    if (asking) memory.settle(asking, { version: v(number), asOf: number, body: body === null ? null : Buffer.from(body), evicted: false });
  };
  const held = (name: string, now = performance.now()) => {
    const found = memory.recall(name, now);
    return found === null ? undefined : found.answer === null ? null : found.answer.body.toString();
  };
  return { memory, feed, keep, held };
}

test('documents are kept, and that there is none', () => {
  const { memory, keep, held } = openMemory();
  keep('1:a', 5);
  keep('1:b', 6, null);
  expect([held('1:a'), held('1:b'), held('1:c')]).toEqual(['"5"', null, undefined]);
  expect(memory.recall('1:a', performance.now())?.answer).toMatchObject({ version: v(5), asOf: 5, tier: 'memory' });
  expect(memory.recall('1:a', performance.now())?.answer, 'the same object each time').toBe(
    memory.recall('1:a', performance.now())?.answer,
  );
});

test('bytes are copied: what they were part of may become something else', () => {
  const { memory, held } = openMemory();
  const packet = Buffer.from('...."kept"....');
  memory.settle(memory.ask('1:a')!, { version: v(1), asOf: 1, body: packet.subarray(4, 10), evicted: false });
  packet.fill(0);
  expect(held('1:a')).toBe('"kept"');
  expect(memory.recall('1:a', performance.now())?.answer?.body.buffer.byteLength, 'and nothing else is kept with them').toBe(6);
});

test('the newest version stays, in whatever order answers come', () => {
  const { keep, held } = openMemory();
  keep('1:a', 5);
  keep('1:a', 4);
  expect(held('1:a')).toBe('"5"');
  keep('1:a', 6, null);
  keep('1:a', 5);
  expect(held('1:a')).toBeNull();
});

test('what is heard takes away what is older, and nothing else', () => {
  const { memory, keep, held } = openMemory();
  keep('1:a', 5);
  memory.outdate('1:a', v(5));
  memory.outdate('1:b', v(9));
  expect(held('1:a')).toBe('"5"');
  memory.outdate('1:a', v(6));
  expect(held('1:a')).toBeUndefined();
  keep('1:a', 6);
  memory.outdateAll(1, new Map([['a', { version: null }]]));
  expect(held('1:a'), 'shown without a version').toBeUndefined();
  expect(memory.bytes).toBe(0);
});

test('what was asked for before something newer was heard is not kept below it', () => {
  const { memory, keep, held } = openMemory();
  const [first, second] = [memory.ask('1:a')!, memory.ask('1:a')!];
  memory.outdate('1:a', v(6));
  memory.settle(first, { version: v(5), asOf: 1, body: Buffer.from('"5"'), evicted: false });
  expect(held('1:a')).toBeUndefined();
  memory.settle(second, { version: v(6), asOf: 1, body: Buffer.from('"6"'), evicted: false });
  expect(held('1:a')).toBe('"6"');
  memory.outdate('1:a', null);
  keep('1:a', 6);
  expect(held('1:a'), 'asked for after it was heard').toBe('"6"');
});

test('what was asked for before memory was emptied is not kept', () => {
  const { memory, held } = openMemory();
  const asking = memory.ask('1:a')!;
  memory.clear();
  const again = memory.ask('1:a')!;
  memory.settle(asking, { version: v(5), asOf: 1, body: Buffer.from('"5"'), evicted: false });
  expect(held('1:a')).toBeUndefined();
  memory.outdate('1:a', v(7));
  memory.settle(again, { version: v(6), asOf: 1, body: Buffer.from('"6"'), evicted: false });
  expect(held('1:a'), 'the end of one question ends no other').toBeUndefined();
});

test('nothing is given away or kept while changes are not heard', () => {
  const { memory, feed, keep, held } = openMemory();
  keep('1:a', 5);
  feed.isFed = false;
  expect(held('1:a')).toBeUndefined();
  expect(memory.ask('1:b')).toBeNull();
});

test('nothing is older than the bound, counted from when Redis was asked', () => {
  const { memory, held } = openMemory({ maxAgeMs: 1000 });
  const asking = memory.ask('1:a')!;
  memory.settle(asking, { version: v(5), asOf: 1, body: Buffer.from('"5"'), evicted: false });
  expect(held('1:a', asking.since + 999)).toBe('"5"');
  expect(held('1:a', asking.since + 1000)).toBeUndefined();
  expect(memory.bytes).toBe(0);
});

test('bytes are bounded, and what is asked for stays longer than what is not', () => {
  const { memory, keep, held } = openMemory({ maxBytes: 64 * 1024 });
  const large = 'x'.repeat(1000);
  keep('1:hot', 1, large);
  for (let key = 0; key < 1000; key++) {
    keep(`1:${key}`, 1, large);
    expect(memory.bytes).toBeLessThanOrEqual(64 * 1024);
    expect(held('1:hot')).toBe(large);
  }
  expect([held('1:0'), held('1:999')]).toEqual([undefined, large]);
  keep('1:hot', 2, 'y'.repeat(64 * 1024));
  expect(held('1:hot'), 'one that is too large by itself takes the place of none, and leaves no older one').toBeUndefined();
  expect(held('1:999')).toBe(large);
});

test.each([
  [{ maxBytes: 1000 }, 'memory.maxBytes'],
  [{ maxBytes: 1e6 + 0.5 }, 'memory.maxBytes'],
  [{ maxBytes: 1e6, maxAgeMs: 0 }, 'memory.maxAgeMs'],
  [{ maxBytes: 1e6, maxAgeMs: Number.NaN }, 'memory.maxAgeMs'],
])('%j is refused by name', (options, name) => {
  expect(() => checkMemory(options)).toThrow(name);
  expect(() => checkMemory({ maxBytes: 1e6, maxAgeMs: 1 })).not.toThrow();
});
