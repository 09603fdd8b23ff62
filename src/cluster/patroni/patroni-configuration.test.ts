import { describe, expect, it } from 'vitest';

import { parseConfiguration } from './patroni-configuration.ts';

const ANSWER = {
  scope: 'shop',
  name: 'one',
  restapi: { listen: '0.0.0.0:8008', connect_address: '10.0.0.1:8008' },
  postgresql: {
    data_dir: '/srv/data',
    authentication: {
      superuser: { username: 'postgres', password: 'a' },
      replication: { username: 'replicator', password: 'b' },
    },
  },
};

describe('the configuration of a member', () => {
  it('tells where its data and its API are, and which roles Patroni needs', () => {
    expect(parseConfiguration(ANSWER, '/etc/patroni.yml')).toEqual({
      scope: 'shop',
      memberName: 'one',
      dataDirectory: '/srv/data',
      binDirectory: undefined,
      restUrl: 'http://10.0.0.1:8008',
      roles: [
        { purpose: 'superuser', user: 'postgres', password: 'a' },
        { purpose: 'replication', user: 'replicator', password: 'b' },
      ],
    });
  });

  it('has an API over TLS where that has a certificate', () => {
    const restapi = { ...ANSWER.restapi, certfile: '/etc/patroni.crt' };
    expect(parseConfiguration({ ...ANSWER, restapi }, 'p').restUrl).toBe('https://10.0.0.1:8008');
  });

  it.each(['scope', 'name', 'postgresql'])('without %s is refused, by the name of the file', (key) => {
    expect(() => parseConfiguration({ ...ANSWER, [key]: undefined }, '/etc/patroni.yml')).toThrow(
      expect.objectContaining({ kind: 'usage', message: expect.stringContaining('/etc/patroni.yml') }),
    );
  });
});
