import { readModels } from '@everwarm/blog';
import { defineConfig } from 'everwarm';
import { loadServiceEnv } from './tools/service-env.mjs';

// Without URLs of its own, a command finds the services of a running `npm start`.
loadServiceEnv();

export default defineConfig({
  postgres: process.env['DATABASE_URL'] ?? '',
  redis: process.env['REDIS_URL'] ?? '',
  readModels,
});
