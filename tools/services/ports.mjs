import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Whether this port of the loopback address can be listened on right now.
 * @param {number} port
 * @param {string} [host]
 * @returns {Promise<boolean>}
 */
export async function isFree(port, host = '127.0.0.1') {
  return (await listenOnce(port, host)) !== undefined;
}

/**
 * A free port of the loopback address: the wanted one if it is free, else one that the kernel chooses.
 * Somebody else may take it before the caller does; whoever listens on it must be ready to ask again.
 * @param {number} [wanted]
 * @param {string} [host]
 * @returns {Promise<number>}
 */
export async function freePort(wanted, host = '127.0.0.1') {
  const port = (wanted ? await listenOnce(wanted, host) : undefined) ?? (await listenOnce(0, host));
  if (port === undefined) throw new Error(`No free port on ${host}: the kernel refused to give one.`);
  return port;
}

/**
 * @param {number} port
 * @param {string} host
 */
async function listenOnce(port, host) {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : undefined;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}
