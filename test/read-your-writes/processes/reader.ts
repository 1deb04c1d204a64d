// A process that only reads: looks for what it is told that must be there, with the token that it is given.
import { createReader } from 'everwarm/reader';
import { look } from '../world/look.ts';
import type { Place, Question, Reply } from './place.ts';

process.once('message', async (place: Place) => {
  const reader = createReader(place);
  await reader.connect();
  const answer = async ({ id, expected, options }: Question): Promise<Reply> => {
    try {
      return { id, seen: await look(reader, expected, options), error: null };
    } catch (error) {
      return { id, seen: null, error: String(error) };
    }
  };
  process.on('message', (question: Question) => void answer(question).then((reply) => process.send?.(reply)));
  process.once('SIGTERM', () => void reader.stop().then(() => process.exit(0)));
  process.send?.('ready');
});
process.on('disconnect', () => process.exit(1));
