import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type LockedPackage, whyInstall } from './dependencies.mjs';

const clone = (locked: Record<string, LockedPackage>, installed?: Record<string, LockedPackage>) => {
  const root = mkdtempSync(join(tmpdir(), 'everwarm-dependencies-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: locked }));
  mkdirSync(join(root, 'node_modules'));
  if (installed) writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: installed }));
  return root;
};

const pg = { version: '1.0.0', integrity: 'sha512-a' };

test('nothing is installed when everything agrees', () => {
  expect(
    whyInstall(clone({ '': {}, 'node_modules/pg': pg, 'libs/blog': { version: '0.0.0' } }, { 'node_modules/pg': pg })),
  ).toBeUndefined();
});

test('a fresh clone, another version and a new package each ask for an install', () => {
  expect(whyInstall(clone({ 'node_modules/pg': pg }))).toBe('node_modules is missing');
  expect(whyInstall(clone({ 'node_modules/pg': { ...pg, version: '1.0.1' } }, { 'node_modules/pg': pg }))).toBe(
    'node_modules/pg is 1.0.0, not 1.0.1',
  );
  expect(whyInstall(clone({ 'node_modules/pg': pg }, {}))).toBe('node_modules/pg is missing');
});

test('packages for other platforms may be missing', () => {
  expect(whyInstall(clone({ 'node_modules/other': { ...pg, optional: true } }, {}))).toBeUndefined();
});

test('says so when the clone is not complete', () => {
  expect(() => whyInstall(join(tmpdir(), 'everwarm-no-such-clone'))).toThrow('package-lock.json is missing');
});
