import { describe, expect, it } from 'vitest';

import { Secret } from '../container/secret.ts';
import { formatRoles, parseRoles } from './roles-file.ts';

const USERS = {
  superuser: { name: 'postgres', password: new Secret('"tea"\n') },
  replication: { name: 'standby', password: new Secret('pinacolada') },
  others: [
    { name: 'admin', password: new Secret('cola'), options: ['createdb'] },
    { name: 'readers', password: undefined, options: ['nologin'] },
  ],
  human: 'zalandos',
};

describe('the file of roles', () => {
  it('says what was written', () => {
    const read = parseRoles(formatRoles(USERS).reveal());
    expect(read).toEqual(USERS);
    expect(read.superuser.password.reveal()).toBe('"tea"\n');
    expect(read.others.map(({ password }) => password?.reveal())).toEqual(['cola', undefined]);
  });

  it('shows no password, and quotes nothing of a file that is none', () => {
    expect(String(formatRoles(USERS))).not.toContain('cola');
    for (const text of ['hunter2', '{"superuser":{"name":"hunter2"}}', '[]']) {
      expect(() => parseRoles(text)).toThrow(TypeError);
      expect(() => parseRoles(text)).not.toThrow(/hunter2/);
    }
  });
});
