// Loaded before a process's own code when a profile is wanted: writes it into BENCH_PROFILE when the process ends.
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { basename, join } from 'node:path';

const folder = process.env['BENCH_PROFILE'];
if (folder) {
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.start');
  // Answers come before `post` returns: the session is this thread's own.
  process.once('exit', () =>
    session.post('Profiler.stop', (error, result) => {
      if (error) return;
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        join(folder, `${basename(process.argv[1] ?? 'process', '.ts')}-${process.pid}.cpuprofile`),
        JSON.stringify(result.profile),
      );
    }),
  );
}
