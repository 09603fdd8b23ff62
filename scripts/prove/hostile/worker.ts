/**
 * Tries a range of seeds in a thread of its own, so that a hang can be seen from outside.
 *
 * @module
 */

import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

import { seededRandom, type Random } from '../../../tests/support/random.ts';
import type { HostileTrials } from './hostile-kind.ts';
import { HOSTILE_KINDS } from './hostile-kinds.ts';
import { isHostileRange, NOTICE_EVERY, type HostileNotice } from './notice.ts';

const range: unknown = workerData;
const port = parentPort;
if (port === null || !isHostileRange(range)) throw new TypeError('this is to be started as a worker');
const { seed, count } = range;
const tell = (notice: HostileNotice): void => {
  port.postMessage(notice);
};

interface Prepared {
  readonly name: string;
  readonly trials: HostileTrials;
}

/** Each kind as often as it weighs. */
const prepared: Prepared[] = [];
await using opened = new AsyncDisposableStack();
for (const kind of HOSTILE_KINDS) {
  const trials = opened.use(await kind.prepare());
  for (let left = kind.weight; left > 0; left -= 1) prepared.push({ name: kind.name, trials });
}
tell({ kind: 'ready', kinds: HOSTILE_KINDS.map(({ name }) => name) });

const counts = { refused: 0, same: 0, different: 0, wrong: 0, outside: 0 };

async function tryOne(one: number, { name, trials }: Prepared, random: Random): Promise<void> {
  try {
    const outcome = await trials.tryOne(random);
    counts[outcome.kind] += 1;
    if (!('what' in outcome)) return;
    const kept = join(tmpdir(), `walkback-hostile-${one}`);
    await writeFile(kept, outcome.input);
    tell({ kind: outcome.kind, seed: one, what: `${outcome.what} (the input is in ${kept})` });
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    tell({ kind: 'crash', seed: one, what: `${name}: ${what}` });
  }
}

for (let one = seed; one < seed + count; one += 1) {
  const random = seededRandom(one);
  await tryOne(one, random.pick(prepared), random);
  if ((one - seed) % NOTICE_EVERY === NOTICE_EVERY - 1 || one === seed + count - 1) {
    tell({ kind: 'done', next: one + 1, counts: { ...counts } });
  }
}
