import { describe, expect, it } from 'vitest';

import { containerEnvironment, referencesOf } from './container-environment.ts';
import type { Container } from './database-container.ts';
import { mountedFile } from './mounted-file.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const CONTAINER: Container = {
  name: 'db',
  envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'S3_', secretRef: { name: 'bucket' } }],
  env: [
    { name: 'FIRST', value: 'one' },
    { name: 'SECOND', value: '$(FIRST)-$(S3_KEY)-$$(FIRST)-$(NONE)' },
    { name: 'PASSWORD', value: 'in the open' },
    { name: 'KEY', valueFrom: { secretKeyRef: { name: 'bucket', key: 'KEY' } } },
    { name: 'GONE', valueFrom: { secretKeyRef: { name: 'bucket', key: 'GONE' } } },
    { name: 'MAYBE', valueFrom: { secretKeyRef: { name: 'bucket', key: 'GONE', optional: true } } },
    { name: 'CLOSED', valueFrom: { secretKeyRef: { name: 'closed', key: 'a' } } },
    { name: 'NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    { name: 'LABEL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
    { name: 'A', value: 'later' },
  ],
};

describe('the environment of a container', () => {
  const found = containerEnvironment(
    CONTAINER,
    {
      secrets: new Map<string, { data: Record<string, string> } | string>([
        ['bucket', { data: { KEY: base64('hush') } }],
        ['closed', 'this user may not read it'],
      ]),
      configMaps: new Map([['settings', { data: { A: 'early', B: 'two' } }]]),
    },
    { metadata: { namespace: 'shop', labels: { app: 'db' } } },
  );
  const value = (name: string) => found.get(name)?.secretValue;

  it('comes from whole objects first, then from its own variables, which replace those', () => {
    expect([value('A'), value('B'), value('S3_KEY')]).toEqual(['later', 'two', 'hush']);
  });

  it('puts earlier variables into later ones, and keeps what became secret', () => {
    expect(value('SECOND')).toBe('one-hush-$(FIRST)-$(NONE)');
    expect(found.get('SECOND')?.value).toBeUndefined();
    expect(found.get('FIRST')?.value).toBe('one');
  });

  it('shows neither what is in a Secret nor a password that is not', () => {
    expect([found.get('KEY')?.value, found.get('PASSWORD')?.value]).toEqual([undefined, undefined]);
    expect([value('KEY'), value('PASSWORD')]).toEqual(['hush', 'in the open']);
  });

  it('says what could not be read, and nothing of what may be absent', () => {
    expect([found.get('GONE')?.problem, found.get('MAYBE')?.problem]).toEqual(['it is not there', undefined]);
    expect(found.get('CLOSED')).toMatchObject({ problem: 'this user may not read it', from: 'secret closed, key a' });
  });

  it('has what the pod says of itself', () => {
    expect([value('NAMESPACE'), value('LABEL')]).toEqual(['shop', 'db']);
  });

  it('is known by what has to be read for it', () => {
    expect(referencesOf(CONTAINER)).toEqual({ secrets: ['bucket', 'closed'], configMaps: ['settings'] });
  });
});

describe('a file of a container', () => {
  const container: Container = {
    name: 'db',
    volumeMounts: [
      { name: 'key', mountPath: '/etc/credentials' },
      { name: 'one', mountPath: '/etc/one.json', subPath: 'one.json' },
      { name: 'both', mountPath: '/etc/both/' },
      { name: 'data', mountPath: '/data' },
    ],
  };
  const volumes = [
    { name: 'key', secret: { secretName: 'gcp' } },
    { name: 'one', configMap: { name: 'map', items: [{ key: 'first', path: 'one.json' }] } },
    { name: 'both', projected: { sources: [{ configMap: { name: 'x', items: [] } }, { secret: { name: 'y' } }] } },
    { name: 'data', emptyDir: {} },
  ];

  it.each([
    ['/etc/credentials/credentials.json', { kind: 'Secret', name: 'gcp', key: 'credentials.json' }],
    ['/etc/one.json', { kind: 'ConfigMap', name: 'map', key: 'first' }],
    ['/etc/both/z', { kind: 'Secret', name: 'y', key: 'z' }],
    ['/data/file', undefined],
    ['/etc/credentialsx/file', undefined],
    ['/elsewhere', undefined],
  ])('%s comes from %j', (path, expected) => {
    expect(mountedFile(container, volumes, path)).toEqual(expected);
  });
});
