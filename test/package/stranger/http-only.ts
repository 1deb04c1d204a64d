import { createHandler, routesOf } from 'everwarm/http';
import { createReader } from 'everwarm/reader';
import config from './everwarm.config.ts';

const reader = createReader(config);
const handler = createHandler({ reader, routes: routesOf(config.readModels) });
for (const path of process.argv.slice(2)) {
  const response = await handler(new Request(`http://museum.example${path}`));
  console.log(response.status, response.headers.get('content-type'));
}
await reader.stop();
