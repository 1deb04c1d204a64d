// Floor of live documents: connections held open by Node alone, one Redis subscription, and what it hears sent to all as it is.
import { createServer, type ServerResponse } from 'node:http';
import { Redis } from 'ioredis';
import { environment, untilStopped } from './process.ts';

const subscriber = new Redis(environment('REDIS_URL'));
const readers = new Set<ServerResponse>();
await subscriber.subscribe(environment('LIVE_CHANNEL'));
subscriber.on('message', (_channel, document) => {
  const event = `data: ${document}\n\n`;
  for (const reader of readers) reader.write(event);
});

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': open\n\n');
  readers.add(response);
  response.once('close', () => readers.delete(response));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
await untilStopped(async () => {
  server.closeAllConnections();
  server.close();
  subscriber.disconnect();
});
