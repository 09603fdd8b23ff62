/**
 * The contract of `cluster.ts` as tests: every kind of cluster runs them.
 *
 * @module
 */

import { mkdir } from 'node:fs/promises';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Cluster } from './cluster.ts';

/** A running cluster to test. Disposing removes it. */
export interface ClusterUnderTest extends AsyncDisposable {
  readonly cluster: Cluster;
  /** Puts a data directory (a copy of the stopped live one) into the place of a rehearsal. */
  makeRehearsal(id: string): Promise<void>;
}

const ID = 'c0de';

/** Defines the tests for one kind; skipped where `open` has none. */
export function itKeepsTheClusterContract(kind: string, open: () => Promise<ClusterUnderTest | undefined>): void {
  describe(`a ${kind} cluster`, () => {
    let under: ClusterUnderTest;
    let opened: ClusterUnderTest | undefined;
    beforeEach(async ({ skip }) => {
      opened = await open();
      if (opened === undefined) return skip();
      under = opened;
    });
    afterEach(async () => opened?.[Symbol.asyncDispose]());

    it('stops cleanly, starts, and does either again without harm', async () => {
      const { cluster } = under;
      expect(await cluster.state()).toBe('running');
      await cluster.stop();
      await cluster.stop();
      expect(await cluster.state()).toBe('stopped');
      await cluster.start();
      await cluster.start();
      await using connection = await cluster.connect();
      expect(await connection.query('select 1 as one')).toEqual([{ one: '1' }]);
    });

    it('moves a place whole, and a move that is made already is no error', async () => {
      const { cluster } = under;
      await cluster.stop();
      await under.makeRehearsal(ID);
      for (let time = 0; time < 2; time += 1) await cluster.move(ID, 'live', 'kept');
      expect([await cluster.isPresent(ID, 'live'), await cluster.isPresent(ID, 'kept')]).toEqual([false, true]);
      await cluster.move(ID, 'rehearsal', 'live');
      expect([await cluster.isPresent(ID, 'live'), await cluster.isPresent(ID, 'rehearsal')]).toEqual([true, false]);
      await cluster.start();
    });

    it('never moves onto something that is there', async () => {
      const { cluster } = under;
      await cluster.stop();
      await under.makeRehearsal(ID);
      await expect(cluster.move(ID, 'rehearsal', 'live')).rejects.toMatchObject({ kind: 'conflict' });
      expect([await cluster.isPresent(ID, 'live'), await cluster.isPresent(ID, 'rehearsal')]).toEqual([true, true]);
    });

    it('never moves the live data while their server runs', async () => {
      const { cluster } = under;
      await mkdir(cluster.recoveryFolder(ID), { recursive: true });
      await expect(cluster.move(ID, 'live', 'kept')).rejects.toMatchObject({ kind: 'refused' });
      expect([await cluster.isPresent(ID, 'live'), await cluster.isPresent(ID, 'kept')]).toEqual([true, false]);
    });

    it('says so when neither place is there', async () => {
      await expect(under.cluster.move(ID, 'kept', 'replaced')).rejects.toMatchObject({ kind: 'conflict' });
    });

    it('lets new sessions begin read-only, and then as before', async () => itHoldsWrites(under.cluster));

    it('finds nothing in the way of moves, and room', async () => {
      expect(await under.cluster.placeProblems()).toEqual([]);
      expect(await under.cluster.freeBytes()).toBeGreaterThan(0n);
    });
  });
}

async function itHoldsWrites(cluster: Cluster): Promise<void> {
  expect(await cluster.readOnlyDefault()).toBe('unset');
  for (const [value, isRefused] of [
    ['on', true],
    ['off', false],
    ['on', true],
    ['unset', false],
  ] as const) {
    await cluster.setReadOnlyDefault(value);
    await cluster.setReadOnlyDefault(value);
    expect(await cluster.readOnlyDefault()).toBe(value);
    await using connection = await cluster.connect();
    const written = connection.query('create table if not exists written (i int)').then(
      () => false,
      () => true,
    );
    expect(await written).toBe(isRefused);
  }
}
