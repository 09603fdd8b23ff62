/**
 * A few dozen outages of a real object store during recoveries, on every major; `npm run prove -- outage` runs more.
 */

import { describe, expect, it } from 'vitest';

import { proof } from '../../scripts/prove/outage.ts';
import { startMinio } from '../support/minio.ts';

/** Servers that wait for a store that does not answer: half a minute each on a busy machine. */
const TIMEOUT_MS = 25 * 60_000;

const s3 = await startMinio();
await s3?.[Symbol.asyncDispose]();

describe('a recovery whose store fails in the middle', () => {
  it.skipIf(s3 === undefined)(
    'never opens the server short of its target, and goes on when the store is back',
    async () => {
      const lines: string[] = [];
      const { holds } = await proof.run({ seed: 1, count: 25, log: (line) => lines.push(line) });
      expect(holds ? [] : lines).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
