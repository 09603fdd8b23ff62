import { describe, expect, it } from 'vitest';

import type { StatefulSet } from '../api/kubernetes-objects.ts';
import type { LiveShape, PodSpec } from '../rehearse/rehearsal.ts';
import { plannedShape, shapeWithValues } from './planned-shape.ts';

const REFERENCE = { secretKeyRef: { name: 'shop', key: 'password' } };

const POD: PodSpec = {
  nodeName: 'one',
  initContainers: [{ name: 'wait', env: [{ name: 'WAIT_TOKEN', value: 'hush-init' }] }],
  containers: [
    {
      name: 'db',
      image: 'db:1',
      command: ['run', '--password=hush-command'],
      args: ['--key=hush-argument'],
      lifecycle: { preStop: { exec: { command: ['stop', 'hush-hook'] } } },
      livenessProbe: { exec: { command: ['ask', 'hush-probe'] } },
      volumeMounts: [{ name: 'data', mountPath: '/data' }],
      env: [
        { name: 'PGPASSWORD_SUPERUSER', value: 'hush-password' },
        { name: 'WALG_S3_PREFIX', value: 's3://user:hush-url@bucket/wal' },
        { name: 'FROM_SECRET', valueFrom: REFERENCE },
        { name: 'EMPTY' },
        { name: 'BY_ADMISSION', value: 'hush-admission' },
      ],
    },
    { name: 'exporter', args: ['--dsn=postgres://hush-dsn'], env: [{ name: 'DSN', value: 'hush-exporter' }] },
  ],
};

const LIVE: LiveShape = {
  statefulSet: 'shop',
  podSpec: POD,
  container: 'db',
  archiveContainer: 'db',
  claim: {
    metadata: { name: 'data-shop-0', annotations: { note: 'hush-annotation' }, labels: { app: 'shop' } },
    spec: { accessModes: ['ReadWriteOnce'] },
  },
  volume: 'data',
  dataDirectory: '/data/pgroot',
};

function statefulSet(env: NonNullable<PodSpec['containers'][number]['env']>): StatefulSet {
  return {
    spec: {
      serviceName: 'shop',
      selector: {},
      template: { spec: { containers: [{ name: 'db', command: ['other'], env }] } },
    },
  };
}

describe('what a plan keeps of the live cluster', () => {
  it('is without every value that somebody wrote into it', () => {
    const kept = JSON.stringify(plannedShape(LIVE));
    expect(kept).not.toContain('hush');
    for (const name of ['PGPASSWORD_SUPERUSER', 'WALG_S3_PREFIX', 'BY_ADMISSION']) expect(kept).toContain(name);
    expect(kept).toContain(JSON.stringify(REFERENCE));
  });

  it('has what a pod like its pods is made of', () => {
    const { podSpec, ...others } = shapeWithValues(plannedShape(LIVE), statefulSet([]));
    expect(podSpec).toMatchObject({ nodeName: 'one', containers: [{ name: 'db', image: 'db:1' }] });
    expect(others).toMatchObject({
      container: 'db',
      dataDirectory: '/data/pgroot',
      claim: { metadata: { labels: { app: 'shop' } } },
    });
  });

  it('is given the values that the StatefulSet has when they are needed', () => {
    const env = [
      { name: 'PGPASSWORD_SUPERUSER', value: 'hush-new' },
      { name: 'WALG_S3_PREFIX', valueFrom: REFERENCE },
      { name: 'EMPTY' },
    ];
    const { podSpec } = shapeWithValues(plannedShape(LIVE), statefulSet(env));
    expect(podSpec.containers[0]?.env).toEqual([
      { name: 'PGPASSWORD_SUPERUSER', value: 'hush-new' },
      { name: 'WALG_S3_PREFIX', valueFrom: REFERENCE },
      { name: 'FROM_SECRET', valueFrom: REFERENCE },
      { name: 'EMPTY' },
      // What admission had added is added by admission again.
    ]);
  });
});
