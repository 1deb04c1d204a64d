import { describe, expect, it } from 'vitest';
import { formatSql } from './format-sql.ts';

describe('a statement for people', () => {
  it('has one clause to a line, subqueries set in, one property to a line', () => {
    const sql = `select k.key, (select '{"id":' || t0."id" || ',"notes":' || coalesce((select string_agg(x.doc, ',' order by x.n) from (select 1 as doc from a t1 left join b on a.x = b.x where a.y is distinct from b.y order by 1 limit 3) x), '[]') || '}' from "T (1)" t0 where t0."from" = 'a where (b') as doc
from unnest($1::text[]) as k (key)`;
    expect(formatSql(sql)).toBe(`select k.key, (
  select '{"id":' || t0."id"
    || ',"notes":' || coalesce((
      select string_agg(x.doc, ',' order by x.n)
      from (
        select 1 as doc
        from a t1
        left join b on a.x = b.x
        where a.y is distinct from b.y
        order by 1
        limit 3
      ) x
    ), '[]') || '}'
  from "T (1)" t0
  where t0."from" = 'a where (b'
) as doc
from unnest($1::text[]) as k (key)`);
  });

  it('keeps strings, comments and quoted names as they are', () => {
    expect(formatSql(`select E'it\\'s  (from' as "select  from" from x -- where (\n where 1 = 1`)).toBe(
      `select E'it\\'s  (from' as "select  from"\nfrom x -- where (\nwhere 1 = 1`,
    );
  });

  it('breaks conditions only where they are long', () => {
    const short = 'select 1\nfrom a\nwhere b = 1 and c = 2';
    expect(formatSql(short)).toBe(short);
    const condition = `${'x'.repeat(60)} = ${'y'.repeat(60)}`;
    expect(formatSql(`select 1 from a where ${condition} and c = 2`)).toBe(`select 1\nfrom a\nwhere ${condition}\n  and c = 2`);
  });

  it('loses nothing but white space', () => {
    const sql = `with changed as (select (c.v0)::bigint as "id" from unnest($1::text[]) as c (v0)) select distinct found."id" as key from (select x from y -- z\n) as found where extract(year from t) > 1 union all select 1`;
    const bare = (text: string) => text.replaceAll(/\s+/g, '');
    expect(bare(formatSql(sql))).toBe(bare(sql));
  });
});
