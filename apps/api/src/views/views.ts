import {
  authorPage,
  authorPosts,
  categoryCard,
  categoryDirectory,
  categoryPosts,
  frontPage,
  postCard,
  postDetail,
  tagPosts,
} from '@everwarm/blog';
import type { ListModel, ReadModel } from 'everwarm';

/** One document of a read model, by the `:id` of the path. */
export type DocumentView = { readonly url: string; readonly model: ReadModel; readonly noun: string; readonly summary: string };

/** A page of a list: of the partition that `:id` names, or of the whole list where the path has no `:id`. */
export type ListView = { readonly url: string; readonly list: ListModel; readonly summary: string };

/** Where each document model is read. */
export const documentViews: readonly DocumentView[] = [
  {
    url: '/posts/:id',
    model: postDetail,
    noun: 'published post',
    summary: 'A post with author, category, tags, newest comments and totals',
  },
  { url: '/posts/:id/card', model: postCard, noun: 'published post', summary: 'A post as lists show it' },
  { url: '/categories/:id', model: categoryCard, noun: 'category', summary: 'A category with the number of its posts' },
  { url: '/authors/:id', model: authorPage, noun: 'author', summary: 'A member with their totals' },
];

/** Where each list is read. */
export const listViews: readonly ListView[] = [
  { url: '/posts', list: frontPage, summary: 'Published posts, newest first' },
  { url: '/categories', list: categoryDirectory, summary: 'All categories, oldest first' },
  { url: '/categories/:id/posts', list: categoryPosts, summary: 'Published posts of a category, newest first' },
  { url: '/tags/:id/posts', list: tagPosts, summary: 'Published posts with a tag, newest first' },
  { url: '/authors/:id/posts', list: authorPosts, summary: 'Published posts of an author, newest first' },
];
