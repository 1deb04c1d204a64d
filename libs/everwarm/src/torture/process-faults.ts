import { setTimeout as pause } from 'node:timers/promises';
import type { StepName } from '#contracts/steps.ts';
import type { Fault, Grip, ProcessRole, Random, Stage, StageProcess } from './types.ts';

const running = (stage: Stage, role: ProcessRole): readonly StageProcess[] =>
  stage.processes.filter((one) => one.role === role && one.state === 'running');

/** Every kind of process: killed without a word. */
const kills: readonly Fault[] = (['worker', 'reader'] as const).map((role) => ({
  name: `kill-${role}`,
  needs: [],
  grips: [`${role}s`],
  lasts: [200, 3000],
  quick: true,
  inject: async (stage, random) => {
    const victim = random.pick(running(stage, role));
    await victim.kill();
    return () => victim.restart();
  },
}));

/** Nobody works for a while: leader and standby die at once. */
const killAllWorkers: Fault = {
  name: 'kill-all-workers',
  needs: [],
  grips: ['workers'],
  lasts: [1000, 5000],
  quick: true,
  inject: async (stage) => {
    const victims = running(stage, 'worker');
    await Promise.all(victims.map((one) => one.kill()));
    return async () => void (await Promise.all(victims.map((one) => one.restart())));
  },
};

/** Longer than every lease: that of a relay's leadership, of a transaction that idles, of BullMQ's jobs. */
const pastEveryLease = [12_000, 35_000] as const;

/** Stopped where it stands, with all its locks, and continued when others have taken its place: what it writes then is late. */
const freezeWorker: Fault = {
  name: 'freeze-worker',
  needs: [],
  grips: ['workers'],
  lasts: pastEveryLease,
  quick: false,
  inject: async (stage, random) => {
    const victim = random.pick(running(stage, 'worker'));
    victim.freeze();
    return async () => victim.thaw();
  },
};

/** A deploy: each worker in turn is asked to end, drains, and is started again. */
const rollingRestart: Fault = {
  name: 'rolling-restart',
  needs: [],
  grips: ['workers', 'readers'],
  lasts: [0, 1000],
  quick: true,
  inject: async (stage, random) => {
    const order = random.shuffle(stage.processes.filter((one) => one.state === 'running'));
    return async () => {
      for (const one of order) {
        if (!(await one.terminate())) stage.accuse({ law: 2, detail: `${one.name} did not drain within its grace period after SIGTERM` });
        await one.restart();
      }
    };
  },
};

/** How long a trap may wait for its step: some are passed only now and then. */
const trapMs = 8000;

/** A step at which a worker dies or freezes. */
export type StepFault = {
  readonly step: StepName;
  readonly act: 'kill' | 'freeze';
  readonly quick: boolean;
  /** Brings about that the step is passed, where it seldom is, when traps are set; what it returns undoes that. Default: nothing. */
  readonly provoke?: (stage: Stage, random: Random) => Promise<() => Promise<void>>;
  /** What `provoke` takes, the workers excepted. */
  readonly grips?: readonly Grip[];
};

/** One worker dies or freezes at a step, whoever comes there first; the others go on. */
export function faultAtStep({ step, act, quick, provoke, grips = [] }: StepFault): Fault {
  return {
    name: `${act}-at-${step.replaceAll('.', '-')}`,
    needs: [],
    grips: ['workers', ...grips],
    lasts: act === 'freeze' ? pastEveryLease : [0, 2000],
    quick,
    inject: async (stage, random) => {
      const workers = running(stage, 'worker');
      const passes = provoke ? 1 : random.integer(1, 5);
      const traps = workers.map(async (one) => {
        const isSprung = await one.trap({ step, act, passes }, provoke ? 2 * trapMs : trapMs);
        if (isSprung) for (const other of workers) if (other !== one) other.disarm();
        return isSprung;
      });
      const [undo, sprung] = await Promise.all([provoke?.(stage, random), Promise.all(traps)]);
      if (!sprung.includes(true)) stage.log(`Nobody passed ${step}.`);
      return async () => {
        await undo?.();
        await Promise.all(workers.map((one) => one.restart()));
      };
    },
  };
}

/** Redis is away for everybody, for so long that what is owed to it is drained into Postgres. */
const withoutRedis: NonNullable<StepFault['provoke']> = async (stage) => {
  for (const { links } of stage.processes) links.redis.cut();
  return async () => {
    for (const { links } of stage.processes) links.redis.heal();
  };
};

/** Long enough for trust in Redis to end and for keys to be drained. */
const awayMs = 8000;

/** Redis was away and is back: what it is owed is paid. */
const withRedisBack: NonNullable<StepFault['provoke']> = async (stage, random) => {
  const back = await withoutRedis(stage, random);
  await pause(awayMs);
  await back();
  return () => Promise.resolve();
};

const stepsToDieAt: readonly StepName[] = [
  'relay.read',
  'relay.before-commit',
  'relay.committed',
  'relay.rotating',
  'relay.folding',
  'recompute.locked',
  'recompute.written',
  'recompute.committed',
  'publish.half',
  'publish.done',
  'acknowledge.before',
];

/** Where a frozen process holds most: a transaction, a number already drawn, a write on its way. */
const stepsToFreezeAt: readonly StepName[] = ['relay.before-commit', 'recompute.written', 'recompute.committed', 'publish.half'];

const quickSteps: ReadonlySet<StepName> = new Set(['relay.committed', 'recompute.committed', 'publish.half', 'acknowledge.before']);

/** What can happen to processes: killed anywhere and at each step, frozen and continued, restarted in good order. */
export const processFaults: readonly Fault[] = [
  ...kills,
  killAllWorkers,
  freezeWorker,
  rollingRestart,
  ...stepsToDieAt.map((step) => faultAtStep({ step, act: 'kill', quick: quickSteps.has(step) })),
  ...stepsToFreezeAt.map((step) => faultAtStep({ step, act: 'freeze', quick: false })),
  faultAtStep({ step: 'drain.claimed', act: 'kill', quick: false, provoke: withoutRedis, grips: ['redis', 'readers'] }),
  faultAtStep({ step: 'pay.half', act: 'kill', quick: false, provoke: withRedisBack, grips: ['redis', 'readers'] }),
];
