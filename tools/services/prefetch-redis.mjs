// Run while npm installs: where no Redis is on PATH, the distribution's package takes seconds to come, and nothing else waits for it then.
import { serviceHome } from './home.mjs';
import { serverIdentity } from './identity.mjs';
import { findRedis } from './redis-binary.mjs';

try {
  findRedis({ sources: ['path', 'package'], identity: serverIdentity(), packageFolder: serviceHome(), log: () => {} });
} catch {
  // Whoever needs it tries again, and says what is missing.
}
