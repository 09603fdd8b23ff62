/**
 * What every store does whose server, or something before it, may answer a 404 that does not say of what.
 *
 * @module
 */

import { describe, expect, it } from 'vitest';

import type { Fault } from './fault-proxy.ts';
import { BODY, withObject, type FaultedStore } from './store-faults.ts';

/** The store asks the listing. */
export function itAsksTheListing(name: string, under: FaultedStore | undefined): void {
  describe.skipIf(under === undefined)(`an object of ${name}, after a 404 that does not say of what`, () => {
    const bare: Fault = { kind: 'answer', status: 404 };
    const given = (): FaultedStore => {
      if (under === undefined) throw new Error('there is no server');
      return under;
    };

    it('is read when it is listed: it came between the two answers', async () => {
      const { store } = await withObject(given());
      given().proxy.inject({ when: given().reads, times: 1, fault: bare });
      expect((await store.get('k'))?.equals(BODY)).toBe(true);
      given().proxy.inject({ when: (request) => !given().lists(request), times: 1, fault: bare });
      expect(await store.stat('k')).toMatchObject({ sizeBytes: BODY.byteLength });
    });

    it('is absent when it is not, though others begin with its name', async () => {
      const { store } = await withObject(given());
      await store.put('absent.other', BODY.subarray(0, 10));
      given().proxy.inject({ fault: bare, when: (request) => !given().lists(request) });
      expect([await store.get('absent'), await store.stat('absent')]).toEqual([undefined, undefined]);
    });
  });
}
