import { defineConfig } from 'everwarm';
import { exhibitPage, hallPage, keywordExhibits, siteExhibits } from './read-models.ts';

const { DATABASE_URL = '', REDIS_URL = '', NAMESPACE = 'museum' } = process.env;

export default defineConfig({
  postgres: DATABASE_URL,
  redis: REDIS_URL,
  namespace: NAMESPACE,
  readModels: [hallPage, exhibitPage, siteExhibits, keywordExhibits],
});
