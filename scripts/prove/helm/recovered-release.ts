/**
 * A release of the chart patroni with a bad transaction in its past, and what an operator does with it: recoveries with exactly the
 * rights of the account that the release has made, and upgrades.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';

import type { StatefulSet } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import type { KubernetesApi } from '../../../src/kubernetes/api/kubernetes-api.ts';
import { openKubernetesApi } from '../../../src/kubernetes/api/open.ts';
import type { NamespacePlan } from '../../../src/kubernetes/recover/plan-value.ts';
import { statefulSetRef } from '../../../src/kubernetes/recover/pods-gone.ts';
import type { TestNamespace } from '../../../tests/support/kubernetes/namespace.ts';
import { connectToPod } from '../../../tests/support/kubernetes/pod-client.ts';
import { startWalkback, type Ended } from '../../../tests/support/walkback-process.ts';
import { archiveSoFar, badTransaction, untilFirstBackup, walkbackIn, type Operated } from '../kubernetes/operate.ts';
import { makeLead } from '../kubernetes/namespace-case.ts';
import { givenBucket } from './chart-archives.ts';
import { CHARTS, leaderOf, placeFlags, sqlIn, withLogs, type HelmBed } from './release.ts';
import { writeKept } from './what-stays.ts';

const RELEASE = 'shop';
const APP = 'shop-patroni';
const MEMBERS = 2;

const VALUES = [
  `replicaCount=${MEMBERS}`,
  'persistentVolume.size=1Gi',
  'kubernetes.configmaps.enable=true',
  'walE.enable=true',
  'recovery.enabled=true',
  'recovery.persistentVolumes=true',
].flatMap((value) => ['--set', value]);

/** One of them. Disposing removes it. */
export class RecoveredRelease implements AsyncDisposable {
  readonly app = APP;
  readonly members = MEMBERS;
  readonly namespace: TestNamespace;
  readonly operated: Operated;
  readonly #api: KubernetesApi;
  readonly #flags: readonly string[];
  #xid = 0;

  private constructor(namespace: TestNamespace, api: KubernetesApi, operated: Operated, flags: readonly string[]) {
    this.namespace = namespace;
    this.operated = operated;
    this.#api = api;
    this.#flags = flags;
  }

  /** Installs it, and does what is to be recovered from. */
  static async install({ bed, image, archive }: HelmBed): Promise<RecoveredRelease> {
    const bucket = givenBucket(archive);
    const namespace = await bed.namespace('a-helm', { isProject: true });
    await bucket.prepare(namespace);
    const flags = [...VALUES, ...placeFlags(image, bucket, '')];
    await withLogs(namespace, () => namespace.helm(['install', RELEASE, join(CHARTS, 'patroni'), ...flags]));
    const api = await openKubernetesApi({ files: bed.kubeconfig, namespace: namespace.name });
    const operated: Operated = {
      environment: {
        KUBECONFIG: bed.kubeconfig,
        WALKBACK_CLUSTER_KIND: 'kubernetes',
        WALKBACK_NAMESPACE: namespace.name,
        WALKBACK_STATEFULSET: APP,
        WALKBACK_ACT_AS: `system:serviceaccount:${namespace.name}:${APP}-recovery`,
      },
      untilLeader: (timeoutMs) => leaderOf(namespace, APP, timeoutMs),
      connect: async (pod, database) => connectToPod(api, pod, { password: await passwordIn(namespace), database }),
    };
    const release = new RecoveredRelease(namespace, api, operated, flags);
    await withLogs(namespace, () => release.#fill());
    return release;
  }

  async #fill(): Promise<void> {
    await this.namespace.kubectl(['rollout', 'status', `statefulset/${APP}`, '--timeout=10m']);
    // Whoever comes first leads, and `recreate` needs the first pod to.
    const { untilLeader } = this.operated;
    await makeLead({ name: APP, namespace: this.namespace, untilLeader }, 0);
    await writeKept(this.namespace, APP);
    await untilFirstBackup(this.operated);
    this.#xid = await badTransaction(this.operated);
    await archiveSoFar(this.operated);
  }

  /** Plans to just before the bad transaction. */
  async plan(way: 'rebind' | 'recreate' | 'clone'): Promise<NamespacePlan> {
    const target = ['--before-xid', String(this.#xid), '--way', way];
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the program prints of one
    return JSON.parse(await this.walkback('recover', 'plan', ...target, '--json')) as NamespacePlan;
  }

  /** Runs walkback, and returns what it has printed. @throws if it fails. */
  async walkback(...args: readonly string[]): Promise<string> {
    const { code, out, err } = await walkbackIn(this.operated, args);
    if (code !== 0) throw new Error(`walkback ${args.join(' ')} ended with ${code}: ${err.slice(-2000)}`);
    return out;
  }

  /** Upgrades with the values of the installation and these, which start every member anew. */
  async upgrade(note: string, ...values: readonly string[]): Promise<void> {
    const more = [`podAnnotations.note=${note}`, ...values].flatMap((value) => ['--set-string', value]);
    await this.namespace.helm(['upgrade', RELEASE, join(CHARTS, 'patroni'), ...this.#flags, ...more]);
  }

  /** Waits until every member is as the last upgrade wants it, and has passed its test. */
  async untilUpgraded(): Promise<void> {
    await withLogs(this.namespace, async () => {
      await this.namespace.kubectl(['rollout', 'status', `statefulset/${APP}`, '--timeout=10m']);
      await this.namespace.helm(['test', RELEASE, '--timeout', '10m']);
    });
  }

  /** How many rows the table has from which all were deleted, and into which one was written later: 1, and 5000 before. */
  async orders(): Promise<string> {
    return sqlIn(this.namespace, await leaderOf(this.namespace, APP), 'select count(*) from orders');
  }

  /** `undefined` while there is none. */
  async statefulSet(): Promise<StatefulSet | undefined> {
    return this.#api.get<StatefulSet>(statefulSetRef(APP));
  }

  async #journal(id: string): Promise<string> {
    const map = await this.#api.get({ apiVersion: 'v1', kind: 'ConfigMap', name: `walkback-recovery-${id}` });
    return String(Reflect.get(Object(Reflect.get(map ?? {}, 'data')), 'journal') ?? '');
  }

  /** Runs a recovery until a step has begun, and gives it this signal. @returns how it ended. */
  signalledAt(id: string, step: string, signal: 'SIGKILL' | 'SIGSTOP'): Signalled {
    const environment = { HOME: process.env['HOME'] ?? '', ...this.operated.environment };
    const child = startWalkback(['recover', 'run', id, '--yes'], environment);
    let err = '';
    child.stdout.resume();
    child.stderr.on('data', (text: Buffer) => (err += text.toString()));
    const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, out: '', err })));
    const begun = (async () => {
      while (child.exitCode === null && !(await this.#journal(id)).includes(`"event":"begin","step":"${step}"`))
        await sleep(50);
      if (child.exitCode !== null) throw new Error(`it ended before ${step}: ${err.slice(-2000)}`);
      child.kill(signal);
    })();
    return { begun, ended, goOn: () => child.kill('SIGCONT') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#api[Symbol.asyncDispose]();
    await this.namespace[Symbol.asyncDispose]();
  }
}

/** A recovery that got a signal. */
export interface Signalled {
  /** It has got it. */
  readonly begun: Promise<void>;
  readonly ended: Promise<Ended>;
  readonly goOn: () => void;
}

async function passwordIn(namespace: TestNamespace): Promise<string> {
  const kept = await namespace.kubectl(['get', 'secret', APP, '--output', 'jsonpath={.data.password-superuser}']);
  return Buffer.from(kept, 'base64').toString();
}
