import { describe, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import { chooseRemoval, targetBefore, type FoundRemovals } from './choose-removal.ts';
import type { Removal } from './removals.ts';

const BASE_US = 1_780_671_731_000_000n;

const removal = (xid: number, given: Partial<Removal> = {}): Removal => ({
  xid,
  timeUs: BASE_US + BigInt(xid) * 1_000_000n,
  lsn: lsn(BigInt(xid) * 0x100n),
  what: 'delete',
  rows: xid,
  share: undefined,
  tables: ['shop.public.orders'],
  isIncomplete: false,
  ...given,
});

const found = (kept: readonly Removal[], given: Partial<FoundRemovals> = {}): FoundRemovals => ({
  kept,
  count: kept.length,
  hasNames: true,
  fromUs: BASE_US,
  toUs: BASE_US + 1n,
  ...given,
});

const deleted = { kind: 'beforeDelete', table: 'orders' } as const;
const dropped = { kind: 'beforeDrop', table: 'orders' } as const;

describe('the removal that is meant', () => {
  it('is the only one, and stands for its transaction', async () => {
    const only = await chooseRemoval(deleted, found([removal(7)]));
    expect(targetBefore(only)).toEqual({ kind: 'transaction', xid: 7, side: 'before' });
  });

  it('is the last drop', async () => {
    const drops = [removal(7, { what: 'drop' }), removal(9, { what: 'drop' })];
    expect((await chooseRemoval(dropped, found(drops))).xid).toBe(9);
  });

  it('is the one that the operator says, of several deletes', async () => {
    const [first, last] = [removal(7), removal(9)];
    expect(await chooseRemoval(deleted, found([first, last]), async () => first)).toBe(first);
  });

  it('is refused with the last and the largest where nobody says', async () => {
    const given = found([removal(7, { rows: 48_211, share: 0.965 }), removal(9)], { count: 12 });
    await expect(chooseRemoval(deleted, given, async () => undefined)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/12 transactions deleted from it$/),
      remedy:
        'The last (-9 rows):\n    walkback recover plan --before-xid 9\n' +
        'The largest (-48,211 rows, 97 % of the table):\n    walkback recover plan --before-xid 7',
      facts: [expect.stringMatching(/^7 /), expect.stringMatching(/^9 /), 'and 10 more, smaller ones'],
    });
  });

  it('is refused with lines to type that name the timeline, where there are several', async () => {
    const given = found([removal(7), removal(9)], { timeline: 2 });
    await expect(chooseRemoval(deleted, given)).rejects.toMatchObject({
      remedy: expect.stringMatching(/--before-xid 9 --timeline 2$/),
    });
    await expect(chooseRemoval(deleted, found([], { timeline: 2 }))).rejects.toMatchObject({
      remedy: expect.stringMatching(/walkback log --op delete --timeline 2$/),
    });
  });

  it('is refused where tables of that name are several', async () => {
    const given = found([removal(7), removal(9, { tables: ['shop.audit.orders'] })]);
    await expect(chooseRemoval(deleted, given)).rejects.toMatchObject({
      remedy: expect.stringMatching(/--before-delete 'shop.public.orders'[^]*--before-delete 'shop.audit.orders'/),
    });
  });

  it('is refused where there is none, and says when names were missing', async () => {
    await expect(chooseRemoval(dropped, found([], { hasNames: false }))).rejects.toMatchObject({
      message: expect.stringMatching(/orders was dropped: no transaction between .* dropped a table of that name/),
      remedy: expect.stringContaining('walkback log --op drop'),
      facts: [expect.stringContaining('No names')],
    });
  });
});
