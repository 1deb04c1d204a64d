// A process that only reads: looks for what it is told that must be there, with the token that it is given.
import { once } from 'node:events';
import { createReader } from 'everwarm/reader';
import { look } from '../world/look.ts';
import type { Place, Question, Reply } from './place.ts';

// Whoever started it is gone.
process.on('disconnect', () => process.exit(1));
const [place] = (await once(process, 'message')) as [Place];
const reader = createReader(place);
process.once('SIGTERM', () => void reader.stop().then(() => process.exit(0)));

const answer = async ({ id, expected, options }: Question): Promise<Reply> => {
  try {
    return { id, seen: await look(reader, expected, options), error: null };
  } catch (error) {
    return { id, seen: null, error: String(error) };
  }
};
process.on('message', (question: Question) => void answer(question).then((reply) => process.send?.(reply)));
await reader.connect();
process.send?.('ready');
