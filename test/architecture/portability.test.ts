import { describe, expect, it } from 'vitest';
import { runtimeImports } from './import-graph.ts';
import { pathsIn, read } from './source-files.ts';

const text = /(^|\/)(LICENSE|\.[a-z]+(rc|ignore|config)|run)$|\.(c|m)?[jt]sx?$|\.(css|html|json|jsonc|lua|md|sql|svg|txt|xml|ya?ml)$/;

/** What holds on one machine only: home folders, working folders, and where packages were fetched from. */
const machineBound = [
  /\/(?:work\/(?:main|shared)|home\/\w+|Users\/\w+|root)\//,
  /"resolved":\s"http/,
  /registry\s*=\s*http/,
  /\bregistry\.npmjs\.org/,
];

describe('the repository', () => {
  it('names no path and no package registry of the machine it was written on', () => {
    const found = read(pathsIn('').filter((path) => text.test(path))).flatMap((file) =>
      file.text
        .split('\n')
        .flatMap((line, index) =>
          machineBound.some((one) => one.test(line)) ? [`${file.path}:${index + 1} ${line.trim().slice(0, 80)}`] : [],
        ),
    );
    expect(found).toEqual([]);
  });

  it('starts on a machine that has nothing installed: tools load Node alone, and their own files', () => {
    const tools = read(pathsIn('tools').filter((path) => path.endsWith('.mjs')));
    const foreign = tools.flatMap((file) =>
      runtimeImports(file)
        .filter((specifier) => !/^(node:|\.)/.test(specifier))
        .map((specifier) => `${file.path} ${specifier}`),
    );
    expect(foreign).toEqual([]);
  });
});
