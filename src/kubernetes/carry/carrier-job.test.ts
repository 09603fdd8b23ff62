import { describe, expect, it } from 'vitest';

import { carrierJob, type CarrierRequest } from './carrier-job.ts';
import { live, namespacePlan } from './testing/namespace-plan.ts';

const request: CarrierRequest = {
  plan: namespacePlan,
  live,
  work: 'run',
  account: 'shop-recovery',
  owner: { apiVersion: 'v1', kind: 'ConfigMap', name: 'walkback-recovery-7f3a', uid: 'u-2' },
  flags: ['--archive-timeout=60s'],
};

const podOf = (given: CarrierRequest) => {
  const spec = carrierJob(given).spec?.template.spec;
  const [container] = spec?.containers ?? [];
  if (spec === undefined || container === undefined) throw new Error('no pod');
  return { spec, container };
};

describe('the Job that carries out a recovery', () => {
  it("runs the stored plan in walkback's image, as an account of its own", () => {
    const { spec, container } = podOf(request);
    expect(spec).toMatchObject({
      serviceAccountName: 'shop-recovery',
      automountServiceAccountToken: true,
      restartPolicy: 'Never',
      imagePullSecrets: [{ name: 'pull' }],
    });
    expect(container).toMatchObject({ image: 'registry/shop:1', imagePullPolicy: 'Always' });
    expect(container.command).toEqual([
      'walkback',
      'recover',
      'carry',
      '7f3a',
      '--work=run',
      '--namespace=shop-prod',
      '--statefulset=shop',
      '--archive-timeout=60s',
      '--json',
    ]);
  });

  it('brings its own image where the cluster has another', () => {
    const swap = { ...namespacePlan.swap, walkback: { kind: 'copied', image: 'walkback:2' } as const };
    expect(podOf({ ...request, plan: { ...namespacePlan, swap } }).container.image).toBe('walkback:2');
  });

  it('is refused where no image with walkback is known', () => {
    const swap = { ...namespacePlan.swap, walkback: { kind: 'none', why: 'its image has no walkback' } as const };
    expect(() => carrierJob({ ...request, plan: { ...namespacePlan, swap } })).toThrow(/its image has no walkback/);
  });

  it('holds no secret, and of the pods’ environment only the way through a proxy', () => {
    const text = JSON.stringify(carrierJob(request));
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('password');
    expect(podOf(request).container.env).toEqual([
      { name: 'HOME', value: '/tmp' },
      { name: 'WALKBACK_ENV_DIR', value: '' },
      { name: 'HTTPS_PROXY', valueFrom: { secretKeyRef: { name: 'proxy', key: 'url' } } },
    ]);
  });

  it('keeps every rule of "restricted", and goes when the journal goes', () => {
    const { spec, container } = podOf(request);
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1_000_680_000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(carrierJob(request).metadata).toMatchObject({
      name: 'walkback-7f3a-in-cluster',
      ownerReferences: [request.owner],
      annotations: { 'walkback/work': 'run' },
    });
  });

  it('goes on after a pod that died or an API that was away, and not after what somebody must decide', () => {
    const rules = carrierJob(request).spec?.podFailurePolicy?.rules ?? [];
    expect(rules).toEqual([
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { operator: 'In', values: [64, 65, 70, 71, 74, 77, 80] } },
    ]);
  });
});
