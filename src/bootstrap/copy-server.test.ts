import { describe, expect, it } from 'vitest';

import { passwordLine } from './copy-server.ts';

describe('the password file of a copy', () => {
  it('has colons and backslashes of its fields escaped', () => {
    const server = { host: 'fd00::1', port: 5433, user: 'standby', sslMode: 'require', sslRootCert: undefined };
    expect(passwordLine({ ...server, password: String.raw`a:b\c` })).toBe(
      String.raw`fd00\:\:1:5433:*:standby:a\:b\\c` + '\n',
    );
  });
});
