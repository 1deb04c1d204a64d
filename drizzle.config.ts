import { defineConfig } from 'drizzle-kit';

const folder = './libs/blog/src/schema';

// `npx drizzle-kit generate --name what-changed` writes the next migration of the example domain; it needs no database.
export default defineConfig({
  dialect: 'postgresql',
  schema: ['users', 'categories', 'posts', 'tags', 'comments', 'votes', 'views', 'relations'].map((name) => `${folder}/${name}.ts`),
  out: './migrations',
});
