import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { wrappedStore } from '../archive/testing/wrapped-store.ts';
import { openFileStore } from '../storage/file/file-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { isProven } from './fingerprint.ts';
import {
  backupLedgerKey,
  backupOfLedgerKey,
  parseWalLedgerKey,
  readLedgerObject,
  walLedgerKey,
  writeLedgerObject,
} from './ledger-object.ts';

function storeOf(objects: Map<string, Buffer>): ObjectStore {
  return wrappedStore(openFileStore('/nowhere'), {
    get: async (key) => objects.get(key),
    put: async (key, body) => {
      if (body instanceof Uint8Array) objects.set(key, Buffer.from(body));
      return 'written';
    },
  });
}

const PROOF = { sizeBytes: 12, modifiedMs: 1000, provenMs: 5000 };

describe('what was proven, written down', () => {
  it('is read as it was written', async () => {
    const store = storeOf(new Map());
    const key = walLedgerKey(1, '0000000A');
    const content = { proven: new Map([['000000A1', PROOF]]), more: { broken: 'a part is gone' } };
    expect(await writeLedgerObject(store, key, content)).toBe(true);
    const read = await readLedgerObject(store, key);
    expect(read.proven).toEqual(content.proven);
    expect(read.more['broken']).toBe('a part is gone');
  });

  it('counts as absent when it is anything else', async () => {
    const odd = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((json) => `{"version":1,"proven":${json}}`),
      fc.json().map((json) => `{"version":1,"proven":{"a":${json}}}`),
    );
    await fc.assert(
      fc.asyncProperty(odd, async (text) => {
        const read = await readLedgerObject(storeOf(new Map([['k', Buffer.from(text)]])), 'k');
        for (const proof of read.proven.values()) expect(Object.values(proof).every(Number.isFinite)).toBe(true);
      }),
    );
    const later = JSON.stringify({ version: 2, proven: { a: [1, 2, 3] } });
    expect((await readLedgerObject(storeOf(new Map([['k', Buffer.from(later)]])), 'k')).proven.size).toBe(0);
  });

  it('is of an object as long as its size and time are the same, and the proof is not too old', () => {
    const object = { key: 'k', sizeBytes: 12, modifiedAt: new Date(1000) };
    expect(isProven(object, PROOF, { notBeforeMs: 5000 })).toBe(true);
    expect(isProven(object, PROOF, { notBeforeMs: 5001 })).toBe(false);
    expect(isProven({ ...object, sizeBytes: 13 }, PROOF, { notBeforeMs: 0 })).toBe(false);
    expect(isProven({ ...object, modifiedAt: new Date(999) }, PROOF, { notBeforeMs: 0 })).toBe(false);
    expect(isProven(object, undefined, { notBeforeMs: 0 })).toBe(false);
  });

  it('stands under names that wal-g leaves alone', () => {
    const name = 'base_000000010000000000000004_D_000000010000000000000002';
    expect(backupOfLedgerKey(backupLedgerKey(name))).toBe(name);
    expect(parseWalLedgerKey(walLedgerKey(17, '0000000A'))).toEqual({ timeline: 17, high: '0000000A' });
    for (const key of [backupLedgerKey(name), walLedgerKey(17, '0000000A')]) expect(key).not.toMatch(/[0-9A-F]{24}/i);
    expect(backupOfLedgerKey('walkback_001/verified/backups/readme.json')).toBeUndefined();
  });
});
