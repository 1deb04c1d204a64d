import { expect, test } from 'vitest';
import { HotKeys } from './hot-keys.ts';

const key = (name: string) => ({ generation: 1, key: name, since: 0 });

/** How often a key is enqueued that changes so often, looked at every two milliseconds; and the longest it waited. */
function enqueued(changes: number, perSecond: number): { times: number; longestMs: number } {
  const hot = new HotKeys();
  let [times, longestMs, waitingSince] = [0, 0, null as number | null];
  let made = 0;
  const end = (changes / perSecond) * 1000 + 1000;
  const took = (now: number, from: number) => {
    times++;
    longestMs = Math.max(longestMs, now - from);
    waitingSince = null;
  };
  for (let now = 10_000; now < 10_000 + end; now += 2) {
    const isDue = made < changes && ((now - 10_000) / 1000) * perSecond >= made;
    if (isDue) {
      made++;
      waitingSince ??= now;
      if (hot.ready([key('hot')], now).length > 0) took(now, waitingSince);
    }
    if (hot.due(now).length > 0) took(now, waitingSince ?? now);
  }
  expect(waitingSince, 'the last change is enqueued too').toBeNull();
  return { times, longestMs };
}

test.each([55, 100, 200, 500])('10,000 changes of one key at %i a second are enqueued rarely, and none waits long', (rate) => {
  const { times, longestMs } = enqueued(10_000, rate);
  expect(times).toBeLessThanOrEqual(500);
  expect(longestMs).toBeLessThanOrEqual(402);
});

test('a key that changes a few times a second is enqueued each time, at once', () => {
  expect(enqueued(200, 2.5)).toEqual({ times: 200, longestMs: 0 });
});

test('a key that changes seldom does not wait because others are hot, and is forgotten', () => {
  const hot = new HotKeys();
  for (let now = 0; now < 3000; now += 2) hot.ready([key('hot')], now);
  expect(hot.ready([key('hot'), key('calm')], 3000).map((ready) => ready.key)).toEqual(['calm']);
  expect(hot.due(3000 + 399).length + hot.due(3000 + 450).length).toBe(1);
  expect(hot.ready([key('hot')], 8000)).toHaveLength(1);
});

test('a key whose document is written already waits to be recomputed with others, unless something else changes it', () => {
  const hot = new HotKeys();
  const inlined = (name: string) => ({ ...key(name), isInlined: true });
  expect(hot.ready([inlined('a'), inlined('b'), key('c')], 0).map((ready) => ready.key)).toEqual(['c']);
  expect(hot.ready([inlined('a')], 100)).toEqual([]);
  expect(hot.ready([key('b')], 100).map((ready) => ready.key)).toEqual(['b']);
  expect(hot.due(399)).toEqual([]);
  expect(hot.due(400).map((ready) => ready.key)).toEqual(['a']);
  expect(hot.due(10_000)).toEqual([]);
});
