// For `node --import ./tools/load-service-env.mjs PROGRAM`: the program finds the services of `npm start` when it was given none.
import { loadServiceEnv } from './service-env.mjs';

loadServiceEnv();
