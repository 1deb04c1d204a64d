import { guards } from './guards.ts';
import { takeAway } from './take-away.ts';

takeAway(guards.filter(({ law }) => law > 4));
