/**
 * A process that works on a recovery until its n-th journal line, and is then killed, with or without the servers.
 *
 *     node worker.ts ROOT MAJOR ID recover|undo LINES both|self
 *
 * LINES 0: it is not killed. Prints the recovery's state when it comes to its end.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { stateOf } from '../../../src/recovery/journal.ts';
import { cutOver, openRecovery, rehearse, undo } from '../../../src/recovery/recover.ts';
import { usesOf } from '../../../tests/support/recoverable.ts';

const [root = '', majorText = '', id = '', work = '', linesText = '0', whom = 'self'] = process.argv.slice(2);
const uses = await usesOf(root, Number(majorText));
const killAt = Number(linesText);
let lines = 0;

/** Every postmaster under the root. */
function postmasters(): number[] {
  const places = ['live', 'rehearsal', 'kept', 'replaced'] as const;
  return places.flatMap((place) => {
    try {
      const text = readFileSync(join(uses.cluster.placeOf(id, place), 'postmaster.pid'), 'utf8');
      return [Number(text.split('\n')[0])];
    } catch {
      return [];
    }
  });
}

/** Backends end by themselves when their postmaster is gone, but not at once; a machine that dies takes all. */
function family(pid: number): number[] {
  const children = readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) && readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] === String(pid)
      );
    } catch {
      return false;
    }
  });
  return [pid, ...children.map(Number)];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

function onEntry(): void {
  lines += 1;
  if (lines !== killAt) return;
  if (whom === 'both') for (const pid of postmasters().flatMap(family)) kill(pid);
  process.kill(process.pid, 'SIGKILL');
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
}

await using recovery = await openRecovery(uses, id, onEntry);
const { context } = recovery;
if (work === 'undo') await undo(context);
else {
  const state = stateOf(context.journal.entries);
  if (state !== 'cuttingOver') await rehearse(context);
  await cutOver(context);
}
process.stdout.write(`${stateOf(context.journal.entries)} ${lines}\n`);
