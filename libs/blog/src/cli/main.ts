import { runBlog } from './run.ts';

process.exitCode = await runBlog(process.argv.slice(2));
