import { describe, expect, it } from 'vitest';

import { restoreOnly } from './restore-only.ts';

const NAMES = {
  postgres: { oid: 5, tables_new: { 'pg_catalog.pg_class': { oid: 1259, relfilenode: 1259 } } },
  shop: {
    oid: 16_400,
    tables_new: {
      // Rewritten: the number of its file is no longer its own.
      'pg_catalog.pg_attribute': { oid: 1249, relfilenode: 16_990 },
      'public.orders': { oid: 16_401, relfilenode: 16_501 },
      'public.orders_pkey': { oid: 16_402, relfilenode: 16_402 },
      'pg_toast.pg_toast_16401': { oid: 16_403, relfilenode: 16_503 },
      'pg_toast.pg_toast_16401_index': { oid: 16_404, relfilenode: 16_504 },
      'sales.events': {
        oid: 16_410,
        relfilenode: 0,
        subtables: { 'sales.events_1': { oid: 16_411, relfilenode: 16_411 } },
      },
      'pg_toast.pg_toast_16411': { oid: 16_412, relfilenode: 16_412 },
    },
  },
  other: { oid: 16_600, tables_new: { 'public.t': { oid: 16_601, relfilenode: 16_601 } } },
};

function kept(...wishes: readonly string[]): readonly string[] {
  const isWanted = restoreOnly(NAMES, 'files_metadata.json', wishes);
  return [
    'global/1262',
    'base/5/1259',
    'base/5/16777',
    'base/16400/PG_VERSION',
    'base/16400/16990',
    'base/16400/16501',
    'base/16400/16501.1',
    'base/16400/16501_fsm',
    'base/16400/16402',
    'base/16400/16503',
    'base/16400/16504',
    'base/16400/16411',
    'base/16400/16412',
    'pg_tblspc/16700/PG_15_202209061/16400/16501',
    'base/16600/16601',
  ].filter((name) => !isWanted(name));
}

describe('a partial restore', () => {
  it('keeps the system and the whole of a database that is asked for', () => {
    expect(kept('shop')).toEqual(['base/16600/16601']);
  });

  it('keeps of a table its file, in any tablespace, with its TOAST table', () => {
    expect(kept('shop/orders')).toEqual([
      'base/16400/16402',
      'base/16400/16411',
      'base/16400/16412',
      'base/16600/16601',
    ]);
  });

  it('keeps the tables that inherit from it, with theirs', () => {
    const left = kept('shop/sales.events');
    expect(left).toEqual(kept('shop/sales/events'));
    expect(left).not.toContain('base/16400/16411');
    expect(left).not.toContain('base/16400/16412');
    expect(left).toContain('base/16400/16501');
  });

  it('keeps what any of several wishes asks for, and what * stands for', () => {
    expect(kept('shop/orders', 'other')).not.toContain('base/16600/16601');
    expect(kept('*')).toEqual([]);
    expect(kept('shop/public.orders*')).not.toContain('base/16400/16402');
  });

  it('refuses what the backup does not name, with the nearest name', () => {
    expect(() => kept('shopp')).toThrow(/no such database/);
    expect(() => kept('shop/order')).toThrow(/no such table/);
    expect(() => restoreOnly(undefined, 'files_metadata.json', ['shop'])).toThrow(/does not tell the names/);
  });
});
