import { addViews, type BlogDatabase, publishDue, type ViewStore } from '@everwarm/blog';
import { type Repeated, repeat } from './repeat.ts';

/** What the blog's own chores stand on. The caller opens it, and closes it after they are stopped. */
export type ChoreParts = {
  readonly db: BlogDatabase;
  readonly store: ViewStore;
  readonly onError: (error: unknown, during: string) => void;
};

/**
 * What the blog has done each second beside its read models: scheduled posts are published, and views that wait in Redis are added to
 * Postgres. Any number of workers may do so at once. Stopping adds the views that wait at that moment, so that none depends on a
 * Redis that keeps no files.
 */
export function startChores({ db, store, onError }: ChoreParts): Repeated {
  const publishing = repeat(
    () => publishDue(db),
    (error) => onError(error, 'publish due posts'),
  );
  const counting = repeat(
    () => addViews(store, db),
    (error) => onError(error, 'add views'),
  );
  return {
    async stop() {
      await Promise.all([publishing.stop(), counting.stop()]);
      // Twice: the first one may find a batch that another process took and left.
      for (let batch = 0; batch < 2; batch++) await addViews(store, db).catch((error: unknown) => onError(error, 'add views'));
    },
  };
}
