import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Journal, JournalEntry, NewJournalEntry } from './journal.ts';
import { hasStepBegun } from './journal.ts';
import { mayStayRecovered } from './give-up.ts';
import { runSteps, takeStepsBack, undoSteps, type Run, type Step } from './runner.ts';
import { ALL_STEPS, CUTOVER_STEPS, REHEARSE_STEPS, UNDO_STEPS, type StepName } from './step-names.ts';

/** What a machine that dies leaves: the moves made so far, and the journal's lines. */
interface World {
  live: 'old' | 'new' | undefined;
  kept: 'old' | undefined;
  rehearsal: 'new' | undefined;
  replaced: 'new' | undefined;
  /** Whether the live server runs. */
  isUp: boolean;
  readonly lines: JournalEntry[];
  readonly log: string[];
  /** Actions until the machine dies; each journal line and each half of a step is one. */
  left: number;
}

class Died extends Error {}

function tick(world: World): void {
  if (world.left === 0) throw new Died('the machine died');
  world.left -= 1;
}

function journalOf(world: World): Journal {
  const append = async (entry: NewJournalEntry): Promise<void> => {
    tick(world);
    world.lines.push({ at: '2026-06-05T15:02:11Z', ...entry });
  };
  return { entries: world.lines, append, [Symbol.asyncDispose]: async () => {} };
}

/** Dies before, or after it was made but before anybody knows. */
function making(world: World, name: string, change: () => void): void {
  tick(world);
  change();
  world.log.push(name);
  tick(world);
}

function move(world: World, from: 'live' | 'kept' | 'rehearsal', to: 'live' | 'kept' | 'replaced'): void {
  if (world[from] === undefined && world[to] !== undefined) return;
  if (to === 'replaced' && world.isUp) throw new Error('moved under a running server');
  if (world[to] !== undefined) throw new Error(`${to} is there`);
  Object.assign(world, { [to]: world[from], [from]: undefined });
}

function stepsOf(): Record<StepName, Step<World>> {
  const plain = (name: StepName): Step<World> => ({
    do: async (world) => {
      making(world, name, () => {});
      return {};
    },
    undo: async (world) => making(world, `undo ${name}`, () => {}),
    isDone: async () => false,
  });
  const moving = (
    name: StepName,
    from: 'live' | 'kept' | 'rehearsal',
    to: 'live' | 'kept' | 'replaced',
  ): Step<World> => ({
    do: async (world) => {
      making(world, name, () => move(world, from, to));
      return {};
    },
    undo: async (world) =>
      making(world, `undo ${name}`, () => (world.kept === undefined ? undefined : move(world, 'kept', 'live'))),
    isDone: async (world) => world[from] === undefined && world[to] !== undefined,
  });
  const all = Object.fromEntries(ALL_STEPS.map((name) => [name, plain(name)])) as Record<StepName, Step<World>>;
  all.restore = {
    ...plain('restore'),
    do: async (world) => {
      making(world, 'restore', () => {
        world.rehearsal = 'new';
      });
      return {};
    },
  };
  return {
    ...all,
    setLiveAside: moving('setLiveAside', 'live', 'kept'),
    putInPlace: moving('putInPlace', 'rehearsal', 'live'),
    undoStop: {
      ...plain('undoStop'),
      do: async (world) => {
        making(world, 'undoStop', () => (world.isUp = false));
        return {};
      },
      undo: async (world) => making(world, 'undo undoStop', () => (world.isUp = true)),
    },
    undoSetAside: moving('undoSetAside', 'live', 'replaced'),
    undoPutBack: moving('undoPutBack', 'kept', 'live'),
  };
}

const STEPS = stepsOf();

function runOf(world: World, order: readonly StepName[]): Run<World> {
  return { steps: STEPS, order, journal: journalOf(world), context: world };
}

function newWorld(): World {
  return {
    live: 'old',
    kept: undefined,
    rehearsal: undefined,
    replaced: undefined,
    isUp: true,
    lines: [],
    log: [],
    left: 0,
  };
}

/** Works until the machine dies or the work is done; true if it is done. */
async function lives(world: World, actions: number, work: () => Promise<void>): Promise<boolean> {
  world.left = actions;
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Died) return false;
    throw error;
  }
}

const KINDS = ['local', 'patroni'] as const;
type Kind = (typeof KINDS)[number];

const orderOf = (kind: Kind): readonly StepName[] => [...REHEARSE_STEPS, ...CUTOVER_STEPS[kind]];
const recover = (world: World, kind: Kind) => runSteps(runOf(world, orderOf(kind)));

/** As `recover.ts` does it. */
async function undo(world: World, kind: Kind): Promise<void> {
  const order = orderOf(kind);
  if (!hasStepBegun(world.lines, 'putInPlace')) return undoSteps(runOf(world, CUTOVER_STEPS[kind]));
  if (world.replaced === undefined) await runSteps(runOf(world, order.slice(0, order.indexOf('putInPlace') + 1)));
  return runSteps(runOf(world, UNDO_STEPS[kind]));
}

/** As `recover.ts` does it. */
async function giveUp(world: World, kind: Kind): Promise<void> {
  await takeStepsBack(runOf(world, UNDO_STEPS[kind]));
  await recover(world, kind);
}

/** The state that `recover.ts` writes before the work. */
function enter(world: World, state: 'cuttingOver' | 'undoing'): void {
  world.lines.push({ at: '2026-06-05T15:02:11Z', event: 'state', state });
}

const oldIsThere = (world: World): boolean => world.live === 'old' || world.kept === 'old';
const deaths = fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 6 });

describe.each(KINDS)('the runner on a cluster of kind %s', (kind) => {
  it('finishes a recovery after any deaths, each step made, the old data always somewhere', async () => {
    await fc.assert(
      fc.asyncProperty(deaths, async (lifetimes) => {
        const world = newWorld();
        for (const actions of lifetimes) {
          await lives(world, actions, () => recover(world, kind));
          expect(oldIsThere(world)).toBe(true);
        }
        expect(await lives(world, 1000, () => recover(world, kind))).toBe(true);
        expect(world).toMatchObject({ live: 'new', kept: 'old', rehearsal: undefined });
      }),
    );
  });

  it('takes a recovery back after any deaths of it and of its undo', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 90 }), deaths, async (untilDeath, lifetimes) => {
        const world = newWorld();
        await lives(world, untilDeath, () => recover(world, kind));
        for (const actions of lifetimes) {
          await lives(world, actions, () => undo(world, kind));
          expect(oldIsThere(world)).toBe(true);
        }
        expect(await lives(world, 1000, () => undo(world, kind))).toBe(true);
        expect(world.live).toBe('old');
        expect(world.kept).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('ends with either data, whole and up, after any deaths of an undo and of giving it up', async () => {
    const attempts = fc.array(fc.record({ actions: fc.integer({ min: 0, max: 36 }), stays: fc.boolean() }), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(attempts, fc.boolean(), async (lifetimes, staysAtLast) => {
        const world = newWorld();
        await lives(world, 1000, () => recover(world, kind));
        const attempt = async (actions: number, stays: boolean): Promise<boolean> => {
          const state = world.lines.findLast(({ event }) => event === 'state');
          const isUndoing = state?.event === 'state' && state.state === 'undoing';
          const gives = stays && (!isUndoing || mayStayRecovered(world.lines));
          enter(world, gives ? 'cuttingOver' : 'undoing');
          expect(await lives(world, actions, () => (gives ? giveUp(world, kind) : undo(world, kind)))).toBeTypeOf(
            'boolean',
          );
          expect(oldIsThere(world)).toBe(true);
          return gives;
        };
        for (const { actions, stays } of lifetimes) await attempt(actions, stays);
        const stayed = await attempt(1000, staysAtLast);
        expect(world).toMatchObject(
          stayed ? { live: 'new', kept: 'old', isUp: true } : { live: 'old', replaced: 'new' },
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('writes each intention before the step and each result after it', async () => {
    const world = newWorld();
    await lives(world, 1000, () => recover(world, kind));
    const words = world.lines.flatMap((line) => ('step' in line ? [`${line.event} ${line.step}`] : []));
    expect(words).toEqual(orderOf(kind).flatMap((name) => [`begin ${name}`, `done ${name}`]));
  });

  it('stops at the step that fails, says so in the journal, and begins there again', async () => {
    const world = newWorld();
    let isBroken = true;
    const steps = {
      ...STEPS,
      promote: {
        ...STEPS.promote,
        do: async (at: World) => (isBroken ? Promise.reject(new Error('no')) : STEPS.promote.do(at)),
      },
    };
    world.left = 1000;
    await expect(runSteps({ ...runOf(world, orderOf(kind)), steps })).rejects.toThrow('no');
    expect(world.lines.at(-1)).toMatchObject({ event: 'failed', step: 'promote', message: 'no' });
    isBroken = false;
    world.log.length = 0;
    await runSteps({ ...runOf(world, orderOf(kind)), steps });
    expect(world.log[0]).toBe('promote');
  });

  it('tells why a step failed also when the journal cannot be written any more', async () => {
    const world = newWorld();
    world.left = 1000;
    const journal = journalOf(world);
    const full: Journal = {
      ...journal,
      append: async (entry) =>
        entry.event === 'failed' ? Promise.reject(new Error('no room')) : journal.append(entry),
    };
    const steps = { ...STEPS, promote: { ...STEPS.promote, do: async () => Promise.reject(new Error('the reason')) } };
    await expect(runSteps({ ...runOf(world, orderOf(kind)), journal: full, steps })).rejects.toThrow('the reason');
  });
});
