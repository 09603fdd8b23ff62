import { describe, expect, it } from 'vitest';

import { otherLogins, parseLoginRoles, type LoginRole } from './login-roles.ts';

function role(name: string, change: Partial<LoginRole> = {}): LoginRole {
  return { name, mayLogIn: true, digest: 'a1', validUntil: null, isExpired: false, ...change };
}

describe('roles that log in otherwise on data of then', () => {
  it('are named with how, in order, and those that do not are left out', () => {
    const live = [
      role('app', { digest: 'b2' }),
      role('bare', { digest: 'b2' }),
      role('Ann "A"'),
      role('readers', { mayLogIn: false }),
      role('same'),
      role('shut', { mayLogIn: false }),
      role('worker'),
    ];
    const then = [
      role('app'),
      role('bare', { digest: null }),
      role('dropped'),
      role('readers', { mayLogIn: false, digest: null }),
      role('same'),
      role('shut'),
      role('worker', { mayLogIn: false }),
    ];
    expect(otherLogins(live, then, [])).toEqual([
      '"Ann ""A""" (not there)',
      'app (password set since)',
      'bare (no password)',
      'dropped (there again)',
      'shut (may log in again)',
      'worker (may not log in)',
    ]);
    expect(otherLogins(live, live, [])).toEqual([]);
  });

  it('are also those whose password has ended, or ends at another time', () => {
    const ended = { validUntil: '2026-06-01 00:00:00+00', isExpired: true };
    const later = { validUntil: '2027-06-01 00:00:00+00' };
    const live = [
      role('a', later),
      role('b'),
      role('c', { ...ended, validUntil: '2026-07-01 00:00:00+00' }),
      role('d', later),
    ];
    const then = [role('a', { ...ended, digest: 'c3' }), role('b', later), role('c', ended), role('d')];
    expect(otherLogins(live, then, [])).toEqual([
      'a (password set since, its password has ended at 2026-06-01 00:00:00+00)',
      'b (its password ends at 2027-06-01 00:00:00+00)',
      'd (its password does not end)',
    ]);
  });

  it('are not those that get their present password on any data, unless they may not log in there', () => {
    const live = [role('postgres'), role('standby'), role('admin')];
    const then = [role('postgres', { digest: 'b2' }), role('admin', { mayLogIn: false })];
    expect(otherLogins(live, then, ['postgres', 'standby', 'admin'])).toEqual(['admin (may not log in)']);
  });
});

it('takes no other answer for that of a server', () => {
  for (const text of [undefined, null, '', '{}', '[{"name":"app"}]', 'ok 1']) {
    expect(() => parseLoginRoles(text), String(text)).toThrow(/roles/);
  }
  expect(parseLoginRoles(JSON.stringify([role('app')]))).toEqual([role('app')]);
});
