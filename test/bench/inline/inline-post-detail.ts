import { postDetail } from '@everwarm/blog';
import type { ReadModel } from 'everwarm';

/** The blog's post_detail, written in the transactions that change it. */
export const inlinePostDetail = {
  ...(postDetail as ReadModel),
  lifecycle: 'inline',
  compile: (casing) => ({ ...postDetail.compile(casing), lifecycle: 'inline' }),
} satisfies ReadModel as ReadModel;
