import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { describe, expect, test } from 'vitest';
import { defineList, defineReadModel } from '#model/declare/define.ts';
import { documentRoute, keyOf, listRoute, partitionOf, routesOf } from './routes.ts';

const orders = pgTable('orders', { id: integer().primaryKey(), region: text().notNull() });
const lines = pgTable('lines', { orderId: integer().notNull(), line: text().notNull() }, (t) => [
  primaryKey({ columns: [t.orderId, t.line] }),
]);
const order = defineReadModel({ orders, lines }, 'orders', { name: 'order_page' });
const line = defineReadModel({ orders, lines }, 'lines', { name: 'order_line' });
const all = defineList(order, { name: 'all_orders', orderBy: (o) => [o.id] });
const inRegion = defineList(order, { name: 'region_orders', partitionBy: 'region', orderBy: (o) => [o.id] });

const keyAt = (path: string, model: typeof order | typeof line, params: Record<string, string>) =>
  keyOf(documentRoute(path, model), model.compile().key)(params);

describe('keys from paths', () => {
  test('one parameter is the key, for several columns as a JSON array', () => {
    expect(keyAt('/orders/:id', order, { id: '7' })).toBe('7');
    expect(keyAt('/lines/:key', line, { key: '["7","a"]' })).toEqual({ orderId: '7', line: 'a' });
  });

  test('several parameters are the columns of the key, by their names', () => {
    expect(keyAt('/orders/:orderId/lines/:line', line, { orderId: '7', line: 'a/b' })).toEqual({ orderId: '7', line: 'a/b' });
  });

  test.each(['', 'a\nb', 'a\u0000', '\u007f', '\r'])('%j is refused', (text) => {
    expect(() => keyAt('/orders/:id', order, { id: text })).toThrow(expect.objectContaining({ code: 'E_KEY' }));
    expect(() => keyAt('/orders/:orderId/lines/:line', line, { orderId: '7', line: text })).toThrow(
      expect.objectContaining({ code: 'E_KEY' }),
    );
    expect(() => partitionOf(listRoute('/regions/:region', inRegion))({ region: text })).toThrow(
      expect.objectContaining({ code: 'E_KEY' }),
    );
  });

  test('a key of several columns that is no JSON array of them is refused', () => {
    for (const key of ['["7","a\\nb"]', '7', '[]', '["7"]', '["7","a","b"]', 'null', '['])
      expect(() => keyAt('/lines/:key', line, { key })).toThrow(expect.objectContaining({ code: 'E_KEY' }));
  });
});

describe('a table of routes', () => {
  test('can be made of the models alone', () => {
    expect(routesOf([order, all, inRegion]).map(({ path }) => path)).toEqual([
      '/order_page/:key',
      '/all_orders',
      '/region_orders/:partition',
    ]);
  });

  test.each([
    ['a path without the key', () => documentRoute('/orders', order)],
    ['a path that routers read differently', () => documentRoute('/orders/*', order)],
    ['a path without a slash', () => documentRoute('orders/:id', order)],
    ['two parameters of one name', () => documentRoute('/orders/:id/lines/:id', line)],
    ['names that are not the columns of the key', () => keyOf(documentRoute('/orders/:order/lines/:line', line), line.compile().key)],
    ['more parameters than columns', () => keyOf(documentRoute('/orders/:orderId/:line/:x', line), line.compile().key)],
    ['several partitions', () => listRoute('/regions/:a/:b', inRegion)],
    ['a partition where the list has none', () => partitionOf(listRoute('/orders/:id', all))],
    ['no partition where the list has some', () => partitionOf(listRoute('/orders', inRegion))],
    ['a limit above its bound', () => listRoute('/orders', all, { limit: 101 })],
    ['a limit of nothing', () => listRoute('/orders', all, { limit: 0 })],
  ])('is refused with %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
  });
});
