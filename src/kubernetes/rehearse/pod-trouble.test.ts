import { describe, expect, it } from 'vitest';

import type { Event, PersistentVolumeClaim, Pod } from '../api/kubernetes-objects.ts';
import { podTrouble, type PodFacts } from './pod-trouble.ts';

const event = (kind: string, reason: string, message: string): Event => ({
  involvedObject: { kind, name: 'walkback-7f3a' },
  metadata: {},
  reason,
  message,
});

function facts(given: Partial<PodFacts>): PodFacts {
  return { job: { metadata: { name: 'walkback-7f3a' } }, pod: undefined, claim: undefined, events: [], ...given };
}

const podWith = (status: NonNullable<Pod['status']>): Pod => ({ metadata: { name: 'walkback-7f3a-x' }, status });

function waiting(reason: string, message: string): Pod {
  const container = { name: 'rehearsal', image: 'registry/db:1', imageID: '', ready: false, restartCount: 0 };
  return podWith({ phase: 'Pending', containerStatuses: [{ ...container, state: { waiting: { reason, message } } }] });
}

function ended(reason: string, exitCode: number, message?: string): Pod {
  const container = { name: 'rehearsal', image: 'registry/db:1', imageID: '', ready: true, restartCount: 3 };
  const terminated = { exitCode, reason, ...(message === undefined ? {} : { message }) };
  return podWith({ phase: 'Running', containerStatuses: [{ ...container, lastState: { terminated }, state: {} }] });
}

const pending: PersistentVolumeClaim = {
  metadata: { name: 'walkback-7f3a' },
  spec: { storageClassName: 'netapp-block-standard' },
  status: { phase: 'Pending' },
};

const unscheduled = (message: string): Pod =>
  podWith({
    phase: 'Pending',
    conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
  });

describe('podTrouble', () => {
  it('has nothing to say of a pod that runs, or is only starting', () => {
    expect(podTrouble(facts({}))).toBeUndefined();
    expect(podTrouble(facts({ pod: podWith({ phase: 'Running' }) }))).toBeUndefined();
    expect(podTrouble(facts({ pod: waiting('ContainerCreating', '') }))).toBeUndefined();
  });

  it.each([
    ['exceeded quota: compute, requested: limits.memory=2Gi', /quota does not allow/],
    ['pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', /does not allow the pod/],
    [
      'unable to validate against any security context constraint: runAsUser: Invalid value: 101',
      /does not allow the pod/,
    ],
    ['failed calling webhook "x"', /no pod can be made/],
  ])('tells what refuses the pod: %s', (message, words) => {
    const found = podTrouble(facts({ events: [event('Job', 'FailedCreate', message)] }));
    expect(found?.message).toMatch(words);
    expect(found?.message).toContain(message);
    expect(found?.isFinal).toBe(true);
  });

  it('goes by the newest event', () => {
    const events = [
      { ...event('Job', 'FailedCreate', 'exceeded quota: a'), lastTimestamp: '2026-06-05T10:00:02Z' },
      { ...event('Job', 'FailedCreate', 'exceeded quota: b'), lastTimestamp: '2026-06-05T10:00:01Z' },
    ];
    expect(podTrouble(facts({ events }))?.message).toContain('exceeded quota: a');
  });

  it.each(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'])(
    '%s names the image',
    (reason) => {
      const found = podTrouble(facts({ pod: waiting(reason, 'not found') }));
      expect(found).toMatchObject({ isFinal: true, message: expect.stringContaining('registry/db:1') });
    },
  );

  it('tells a Secret that is missing from an image that would run as root', () => {
    const missing = podTrouble(facts({ pod: waiting('CreateContainerConfigError', 'secret "db" not found') }));
    expect(missing?.remedy).toContain('Secret');
    const root = 'container has runAsNonRoot and image will run as root';
    expect(podTrouble(facts({ pod: waiting('CreateContainerConfigError', root) }))?.remedy).toContain('runAsUser');
  });

  it('tells why no node takes it, and of a claim that has no volume', () => {
    const found = podTrouble(facts({ pod: unscheduled('0/3 nodes are available: 3 Insufficient memory.') }));
    expect(found).toMatchObject({ isFinal: false, remedy: expect.stringContaining('Free memory') });
    const unbound = unscheduled('pod has unbound immediate PersistentVolumeClaims');
    expect(podTrouble(facts({ pod: unbound, claim: pending }))?.message).toContain(
      'waits for a volume of netapp-block-standard',
    );
    const events = [event('PersistentVolumeClaim', 'ProvisioningFailed', 'storage pool is full')];
    expect(podTrouble(facts({ pod: unbound, claim: pending, events }))?.message).toContain('storage pool is full');
  });

  it('lets what goes on by itself go on: killed for its memory, evicted, a volume that another node has', () => {
    expect(podTrouble(facts({ pod: ended('OOMKilled', 137) }))).toMatchObject({
      isFinal: false,
      message: expect.stringContaining('3 times'),
    });
    expect(podTrouble(facts({ pod: ended('Error', 64, 'walkback: cannot use X\n') }))?.message).toMatch(
      /64: walkback: cannot use X$/,
    );
    expect(podTrouble(facts({ pod: ended('Completed', 0) }))).toBeUndefined();
    const evicted = podWith({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on memory.' });
    expect(podTrouble(facts({ pod: evicted }))).toMatchObject({
      isFinal: false,
      message: expect.stringContaining('Evicted'),
    });
    const attached = [event('Pod', 'FailedAttachVolume', 'Multi-Attach error for volume "pvc-1"')];
    const creating = facts({ pod: waiting('ContainerCreating', ''), events: attached });
    expect(podTrouble(creating)?.remedy).toContain('another node');
  });

  it('says that the Job was given up', () => {
    const conditions = [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message: 'too many' }];
    expect(podTrouble(facts({ job: { status: { conditions } } }))).toMatchObject({ isFinal: true });
  });
});
