// Loaded before js-redis-server, which listens on every address of the machine and has no option to listen on fewer.
import { Server } from 'node:net';

const listen = Reflect.get(Server.prototype, 'listen');

Reflect.set(
  Server.prototype,
  'listen',
  /** @this {Server} @param {number} port */
  function (port) {
    return Reflect.apply(listen, this, [port, '127.0.0.1']);
  },
);
