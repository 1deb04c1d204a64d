import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DumpRow, type Malformed, readRows } from './xml-rows.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everwarm-rows-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const path = join(folder, 'Rows.xml');
  await writeFile(path, text);
  const rows: (DumpRow | Malformed)[] = [];
  for await (const row of readRows(path)) rows.push(row);
  return rows;
}

const file = (...lines: string[]) => ['\uFEFF<?xml version="1.0" encoding="utf-8"?>', '<rows>', ...lines, '</rows>', ''].join('\r\n');

test('rows come with their line and their values unescaped', async () => {
  const rows = await read(file('  <row Id="1" Text="a &lt;b&gt;&#xA;&amp; c\u2028d" />', '', '  <row Id="2" />'));
  expect(rows).toEqual([
    { line: 3, attributes: { Id: '1', Text: 'a <b>\n& c\u2028d' } },
    { line: 5, attributes: { Id: '2' } },
  ]);
});

test('a row may span lines', async () => {
  expect(await read(file('<row Id="1"', '  Text="x" />', '<row Id="2" />'))).toEqual([
    { line: 3, attributes: { Id: '1', Text: 'x' } },
    { line: 5, attributes: { Id: '2' } },
  ]);
});

test('a damaged row costs only itself', async () => {
  const rows = await read(
    file(
      '<row Id="1" />',
      '<row Id="2" Text="no end />',
      '<row Id="3" />',
      '<row Id=4 />',
      '<row Id="5" Id="5" />',
      '<row Id="6" T="&nope;" />',
      'oops',
      '<row Id="7" />',
    ),
  );
  expect(rows.map((row) => ('attributes' in row ? row.attributes['Id'] : row.line))).toEqual(['1', 4, '3', 6, 7, 8, 9, '7']);
  expect(rows.filter((row) => 'reason' in row).map((row) => row.reason)).toEqual([
    'the row does not end',
    expect.stringMatching(/unquoted/i),
    expect.stringMatching(/duplicate/i),
    expect.stringMatching(/entity/i),
    'is not a <row …/>',
  ]);
});

test('a file that breaks off says so', async () => {
  expect(await read('<rows>\n<row Id="1" />\n<row Id="2" Te')).toEqual([
    { line: 2, attributes: { Id: '1' } },
    { line: 3, reason: 'the row does not end' },
    { line: 3, reason: 'the file ends before its closing tag; is it complete?' },
  ]);
  expect(await read('')).toEqual([{ line: 0, reason: 'the file ends before its closing tag; is it complete?' }]);
});
