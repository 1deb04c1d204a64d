import { authorPage } from './author-page.ts';
import { authorPosts } from './author-posts.ts';
import { categoryCard, categoryDirectory } from './category-directory.ts';
import { categoryPosts } from './category-posts.ts';
import { frontPage } from './front-page.ts';
import { postCard } from './post-card.ts';
import { postDetail } from './post-detail.ts';
import { postReach } from './post-reach.ts';
import { tagPosts } from './tag-posts.ts';

/** Every read model of the blog, as `createEverwarm` takes them. */
export const readModels = [
  postDetail,
  postCard,
  categoryPosts,
  tagPosts,
  authorPosts,
  frontPage,
  categoryCard,
  categoryDirectory,
  authorPage,
  postReach,
] as const;
