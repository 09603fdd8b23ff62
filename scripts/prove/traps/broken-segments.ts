/**
 * An empty object, and half a segment, where a whole one should be: a server that is given either would take it for the
 * end of the WAL.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { assertUntouched, lookAt } from './live-bytes.ts';
import { accident, before, GOOD, orderInSegment } from './orders.ts';
import { assertNeverOpens } from './never-opens.ts';
import { askOne, rehearsed } from './standing.ts';
import { failureOf, type Trap } from './trap.ts';

/** With the object `fileName` replaced by a part of it, to the end of `work`. */
async function withPart(live: Recoverable, fileName: string, part: number, work: () => Promise<void>): Promise<void> {
  const path = join(live.archive, 'wal_005', fileName);
  const whole = await readFile(path);
  await rm(path);
  await writeFile(path, whole.subarray(0, whole.length * part));
  try {
    await work();
  } finally {
    await rm(path);
    await writeFile(path, whole);
  }
}

/** The trap. */
export const brokenSegments: Trap = {
  name: 'an empty and a half segment',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    const xid = await accident(live);
    const broken = await orderInSegment(live, 301);
    await orderInSegment(live, 302);
    await live.server.stop();
    let files = 0;
    for (const part of [0, 0.5]) {
      await withPart(live, broken, part, async () => {
        const look = await lookAt(live);
        await failureOf('refused', [broken, '--to-lsn'], () => live.plan({ kind: 'latest' }));
        const orders = await rehearsed(live, await live.plan(before(xid)), ({ server }) =>
          askOne(server, 'select count(*) from orders'),
        );
        assert.equal(orders, String(GOOD), 'a target before it');
        files = await assertUntouched(live, look);
        await assertNeverOpens(live, broken);
        await rm(join(live.root, 'by-hand'), { recursive: true });
      });
    }
    return `the plan names the object; restore_command hands over neither and stops the server; ${files} files of the stopped server the same, every byte`;
  },
};
