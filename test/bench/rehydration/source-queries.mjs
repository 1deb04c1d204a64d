// Loaded before the API's own code: tells how many of its queries for one post's document from its tables were under way at once at
// most, with the first of them and whenever there were more. No signal asks for it: those that are left end the API.
import pg from 'pg';

/** @type {Map<unknown, number>} */
const underway = new Map();
let most = 0;

/** @type {(...given: unknown[]) => unknown} */
const query = Reflect.get(pg.Client.prototype, 'query');

/**
 * The keys that a query derives documents of, if it does.
 * @param {unknown[]} given
 * @returns {unknown[]}
 */
function keysOf([first, second]) {
  const [text, values] =
    typeof first === 'string' ? [first, second] : [Reflect.get(Object(first), 'text'), Reflect.get(Object(first), 'values')];
  const keys = Array.isArray(values) ? values[0] : null;
  return Array.isArray(keys) && String(text).includes('"posts"') ? keys : [];
}

Reflect.set(
  pg.Client.prototype,
  'query',
  /** @this {unknown} @param {unknown[]} given */
  function counted(...given) {
    const answer = Reflect.apply(query, this, given);
    const keys = answer instanceof Promise ? keysOf(given) : [];
    if (!(answer instanceof Promise) || keys.length === 0) return answer;
    for (const key of keys) {
      const now = (underway.get(key) ?? 0) + 1;
      underway.set(key, now);
      if (now <= most) continue;
      most = now;
      console.log(`source queries of one key at once: ${most}`);
    }
    const end = () => {
      for (const key of keys) underway.set(key, (underway.get(key) ?? 0) - 1);
    };
    answer.then(end, end);
    return answer;
  },
);
