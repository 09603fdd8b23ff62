import { describe, expect, it } from 'vitest';

import { formatPolicies, parsePolicies } from './access-policies.ts';
import { signContainer } from './container-signature.ts';

describe('the stored access policies of a container', () => {
  it('are read as they were written', () => {
    const policies = [
      { id: 'sa-shop-1', permissions: 'racwdl', startsAt: '', endsAt: '2036-11-29T00:00:00Z' },
      { id: 'theirs & <others>', permissions: 'r', startsAt: '2026-01-01T00:00:00Z', endsAt: '' },
    ];
    expect(parsePolicies(formatPolicies(policies))).toEqual(policies);
    expect(parsePolicies('<?xml version="1.0"?><SignedIdentifiers/>')).toEqual([]);
  });
});

describe('the signature of a container', () => {
  it('names its policy, holds no key, and changes with each thing that is signed', () => {
    const given = {
      account: 'shop',
      key: Buffer.from('a key'),
      container: 'backups',
      policy: 'sa-backups-1',
      isTlsOnly: true,
    };
    const token = new URLSearchParams(signContainer(given));
    expect(Object.fromEntries(token)).toMatchObject({ si: 'sa-backups-1', sr: 'c', spr: 'https' });
    const others = [
      { account: 'x' },
      { container: 'x' },
      { policy: 'x' },
      { isTlsOnly: false },
      { key: Buffer.from('x') },
    ];
    const signatures = others.map((other) => new URLSearchParams(signContainer({ ...given, ...other })).get('sig'));
    expect(new Set([token.get('sig'), ...signatures]).size).toBe(6);
  });
});
