#!/usr/bin/env node
// As installed: the compiled command line. In the source tree, where nothing is compiled: the same through tsx, in a child
// process, since a condition of Node's must be there from the start.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

if (existsSync(source)) runSource();
else await import('../dist/cli/main.js');

function runSource() {
  const args = ['-C', 'everwarm-source', '--import', import.meta.resolve('tsx'), source, ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    // Ends as the child did, so that whoever waits sees a signal as a signal.
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}
