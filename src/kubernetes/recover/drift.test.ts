import { describe, expect, it } from 'vitest';

import type { StatefulSet } from '../api/kubernetes-objects.ts';
import { driftOf, type Drifting } from './drift.ts';
import { withTemplate } from './other-way-steps.ts';

type Metadata = NonNullable<StatefulSet['metadata']>;

const HELM = { heritage: 'Helm', release: 'shop' };
const OURS = { ...HELM, chart: 'patroni-1.0.0' };
const BEFORE = { ...HELM, chart: 'patroni-0.21.4' };

function drift(metadata: Metadata, given: Partial<Drifting> = {}): string {
  const statefulSet: StatefulSet = { metadata: { name: 'shop', ...metadata } };
  const rebind = {
    way: 'rebind',
    id: '7f3a',
    claimTemplate: 'storage-volume',
    workloads: [],
    clone: undefined,
  } as const;
  return driftOf({ ...rebind, statefulSet, ...given }).join('\n');
}

function cloned(labels: Record<string, string>, variables: Record<string, string>): string {
  const to = Object.values(variables)[0] ?? '';
  return drift({ labels }, { way: 'clone', clone: { archive: { from: 'gs://shop/wal', to, variables } } });
}

describe('what is to be known after a recovery', () => {
  it('is nothing where nothing but volumes has changed hands', () => {
    expect(drift({ labels: OURS })).toBe('');
    expect(drift({})).toBe('');
  });

  it('names the value for a claim template of another name, and what it must be', () => {
    const ours = drift({ labels: OURS }, { way: 'recreate' });
    expect(ours).toContain('is called walkback-7f3a afterwards, and not storage-volume');
    expect(ours).toContain(
      'next upgrade of Helm shop, which would otherwise be refused: set persistentVolume.claimTemplate=walkback-7f3a (in cas-postgres below patroni:)',
    );
    const before = drift({ labels: BEFORE }, { way: 'recreate' });
    expect(before).toMatch(/this chart has no value for it: .* with persistentVolume\.claimTemplate=walkback-7f3a/);
    expect(drift({ labels: { ...HELM, chart: 'postgresql-12.1.0' } }, { way: 'recreate' })).toMatch(
      /the value by which its chart names that template to walkback-7f3a/,
    );
  });

  it('names the value for an archive that a clone has left, by the chart that made the StatefulSet', () => {
    const google = { WALE_GS_PREFIX: 'gs://shop/wal-7f3a' };
    expect(cloned(OURS, google)).toContain('set walE.prefix=gs://shop/wal-7f3a (in cas-postgres below patroni:)');
    expect(cloned(BEFORE, google)).toContain('set walE.gcsBucketBackupLocation=wal-7f3a (in cas-postgres');
    expect(cloned(OURS, { WALE_S3_PREFIX: 's3://shop/a', WALG_S3_PREFIX: 's3://shop/a' })).toContain(
      'set walE.prefix=s3://shop/a and env.WALG_S3_PREFIX=s3://shop/a (in cas-postgres',
    );
    expect(cloned(BEFORE, { WALE_S3_PREFIX: 's3://shop/a' })).toContain('set env.WALE_S3_PREFIX=s3://shop/a (in');
    expect(cloned({}, google)).toContain(
      'set WALE_GS_PREFIX=gs://shop/wal-7f3a in the values of whatever the StatefulSet is made from',
    );
  });

  it('tells that such a value is for the recovered cluster alone: after an undo it would lead the one from before there', () => {
    expect(cloned(OURS, { WALE_GS_PREFIX: 'gs://shop/wal-7f3a' })).toContain(
      'gs://shop/wal stays as it is. After an undo it archives there again: put the value back to what it was then.',
    );
    expect(drift({ labels: OURS }, { way: 'recreate' })).toContain('After an undo it is storage-volume again.');
  });
});

describe('who would put a change back', () => {
  const instance = { 'app.kubernetes.io/instance': 'shop-app' };

  it('is Argo CD by its tracking, by what it is told, or by what it has written', () => {
    const tracked = { 'argocd.argoproj.io/tracking-id': 'shop-app:apps/StatefulSet:shop/shop' };
    expect(drift({ annotations: tracked })).toMatch(
      /^Argo CD \(shop-app:.*\) manages it: switch its automatic sync off/,
    );
    expect(drift({ labels: { 'argocd.argoproj.io/instance': 'shop-app' } })).toMatch(/^Argo CD \(shop-app\)/);
    expect(drift({ labels: instance, managedFields: [{ manager: 'argocd-controller' }] })).toMatch(
      /^Argo CD \(shop-app\)/,
    );
    expect(drift({ labels: instance, annotations: { 'argocd.argoproj.io/sync-wave': '1' } })).toMatch(
      /^Argo CD \(shop-app\)/,
    );
  });

  it('is not Argo CD by the common label alone, which Helm has too', () => {
    expect(drift({ labels: { ...instance, ...HELM }, managedFields: [{ manager: 'helm' }] })).toBe('');
  });

  it('is Flux, or an owner', () => {
    expect(drift({ labels: { 'helm.toolkit.fluxcd.io/name': 'shop' } })).toMatch(/^Flux \(shop\).*flux suspend/);
    const owner = { apiVersion: 'acid.zalan.do/v1', kind: 'postgresql', name: 'shop', uid: 'u' };
    expect(drift({ ownerReferences: [owner] })).toMatch(/^postgresql shop manages it: see that it leaves it alone/);
  });

  it('is an autoscaler, of what is scaled down', () => {
    const workloads = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', replicas: 2 }];
    expect(drift({}, { workloads })).toContain('autoscaler');
  });
});

describe('a StatefulSet made anew around another claim template', () => {
  it('has that template as it was but for its name, so that the next upgrade finds nothing else changed', () => {
    const metadata = { name: 'storage-volume', labels: { app: 'shop' }, annotations: { 'backup/keep': 'yes' } };
    const saved: StatefulSet = {
      metadata: { name: 'shop' },
      spec: {
        serviceName: 'shop',
        selector: {},
        template: { spec: { containers: [] } },
        volumeClaimTemplates: [{ metadata, spec: { accessModes: ['ReadWriteOnce'] } }],
      },
    };
    const made = withTemplate(saved, 'storage-volume', 'walkback-7f3a');
    expect(made.spec?.volumeClaimTemplates).toEqual([
      { metadata: { ...metadata, name: 'walkback-7f3a' }, spec: { accessModes: ['ReadWriteOnce'] } },
    ]);
  });
});
