import type { StepName } from '#contracts/steps.ts';
import type { Fault, ProcessRole, Stage, StageProcess } from './types.ts';

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

/** One worker dies or freezes at a step, whoever comes there first; the others go on. */
function atStep(step: StepName, act: 'kill' | 'freeze', quick: boolean): Fault {
  return {
    name: `${act}-at-${step.replaceAll('.', '-')}`,
    needs: [],
    grips: ['workers'],
    lasts: act === 'freeze' ? pastEveryLease : [0, 2000],
    quick,
    inject: async (stage, random) => {
      const workers = running(stage, 'worker');
      const passes = random.integer(1, 5);
      const traps = workers.map(async (one) => {
        const isSprung = await one.trap({ step, act, passes }, trapMs);
        if (isSprung) for (const other of workers) if (other !== one) other.disarm();
        return isSprung;
      });
      const sprung = await Promise.all(traps);
      if (!sprung.includes(true)) stage.log(`Nobody passed ${step} within ${trapMs} ms.`);
      return async () => void (await Promise.all(workers.map((one) => one.restart())));
    },
  };
}

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
  ...stepsToDieAt.map((step) => atStep(step, 'kill', quickSteps.has(step))),
  ...stepsToFreezeAt.map((step) => atStep(step, 'freeze', false)),
];
