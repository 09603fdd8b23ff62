/**
 * The pod template of a StatefulSet whose image is told to clone, and the one that it has afterwards. Pure: both are made of the
 * StatefulSet as it was saved, so each may be written again.
 *
 * Three things differ while it clones. Its variables: `CLONE_…`, the major, and a new location to archive to. Its probes: one
 * that asks PostgreSQL would kill the restore in the middle, which then goes on without its target (F-07). Its update strategy:
 * pods are restarted by the steps, and by nothing else.
 *
 * @module
 */

import type { StatefulSet } from '../../api/kubernetes-objects.ts';
import type { PlannedClone } from '../plan-value.ts';

type Spec = NonNullable<StatefulSet['spec']>;
type PodSpec = NonNullable<Spec['template']['spec']>;
type Container = PodSpec['containers'][number];
type Variable = NonNullable<Container['env']>[number];
type Probe = NonNullable<Container['livenessProbe']>;

const EVICTABLE = 'cluster-autoscaler.kubernetes.io/safe-to-evict';
/** What Patroni and our supervisor answer while a restore runs. */
const SAFE = /^\/(?:liveness|livez|startup|healthz?\/live)\b/;
const PATRONI_PORT = 8008;

function withValues(env: readonly Variable[], more: readonly Variable[]): Variable[] {
  const names = new Set(more.map(({ name }) => name));
  return [...env.filter(({ name }) => !names.has(name)), ...more];
}

function values(variables: Readonly<Record<string, string>>): Variable[] {
  return Object.entries(variables).map(([name, value]) => ({ name, value }));
}

/** The variables while it clones. Copies keep where their value comes from: a Secret stays a Secret. */
export function cloneVariables(env: readonly Variable[], clone: PlannedClone): Variable[] {
  const copies = clone.copied.flatMap((name) =>
    env
      .filter((one) => one.name === name)
      .slice(-1)
      .map((one) => ({ ...one, name: `CLONE_${name}` })),
  );
  return withValues(env, [...copies, ...values({ ...clone.variables, ...clone.archive.variables })]);
}

/** A probe that may be asked during a restore; `undefined`: there is to be none. */
function safeProbe(probe: Probe | undefined): Probe | undefined {
  const get = probe?.httpGet;
  if (get === undefined) return undefined;
  if (SAFE.test(get.path ?? '')) return probe;
  return Number(get.port) === PATRONI_PORT || get.port === 'patroni'
    ? { ...probe, httpGet: { ...get, path: '/liveness' } }
    : undefined;
}

/** Of the container that clones. */
function cloneContainer(container: Container, clone: PlannedClone): Container {
  const { livenessProbe, startupProbe, ...rest } = container;
  const [liveness, startup] = [safeProbe(livenessProbe), safeProbe(startupProbe)];
  return {
    ...rest,
    env: cloneVariables(container.env ?? [], clone),
    ...(liveness === undefined ? {} : { livenessProbe: liveness }),
    ...(startup === undefined ? {} : { startupProbe: startup }),
  };
}

function containersOf({ spec }: StatefulSet, name: string, change: (container: Container) => Container): Container[] {
  return (spec?.template.spec?.containers ?? []).map((one) => (one.name === name ? change(one) : one));
}

function evictable({ spec }: StatefulSet): string | null {
  return spec?.template.metadata?.annotations?.[EVICTABLE] ?? null;
}

/** A merge of the StatefulSet: it clones when it is scaled up. */
export function clonePatch(saved: StatefulSet, clone: PlannedClone): object {
  const containers = containersOf(saved, clone.container, (one) => cloneContainer(one, clone));
  return {
    spec: {
      updateStrategy: { type: 'OnDelete', rollingUpdate: null },
      template: { metadata: { annotations: { [EVICTABLE]: 'false' } }, spec: { containers } },
    },
  };
}

/** A merge of the StatefulSet: as it was saved, but for the location that the recovered cluster archives to. */
export function recoveredPatch(saved: StatefulSet, clone: PlannedClone): object {
  const change = (one: Container): Container => ({
    ...one,
    env: withValues(one.env ?? [], values(clone.archive.variables)),
  });
  return templatePatch(saved, containersOf(saved, clone.container, change));
}

/** A merge of the StatefulSet: as it was saved. */
export function savedPatch(saved: StatefulSet): object {
  return {
    spec: { ...templatePatch(saved, saved.spec?.template.spec?.containers ?? []).spec, ...strategyPatch(saved).spec },
  };
}

function templatePatch(saved: StatefulSet, containers: readonly Container[]) {
  return { spec: { template: { metadata: { annotations: { [EVICTABLE]: evictable(saved) } }, spec: { containers } } } };
}

/** A merge of the StatefulSet: pods are restarted by it as before. */
export function strategyPatch({ spec }: StatefulSet) {
  const { type = 'RollingUpdate', rollingUpdate = null } = spec?.updateStrategy ?? {};
  return { spec: { updateStrategy: { type, rollingUpdate } } };
}

/** The first variable that is not as it is to be; `undefined`: all are. */
export function differingVariable(found: StatefulSet | undefined, clone: PlannedClone): string | undefined {
  const container = found?.spec?.template.spec?.containers.find(({ name }) => name === clone.container);
  const env = new Map((container?.env ?? []).map((one) => [one.name, one]));
  const wanted = Object.entries({ ...clone.variables, ...clone.archive.variables });
  const wrong = wanted.find(([name, value]) => (env.get(name)?.value ?? '') !== value)?.[0];
  return wrong ?? clone.copied.map((name) => `CLONE_${name}`).find((name) => !env.has(name));
}

/** True if a pod, or a template, is told to clone. */
export function isToldToClone(podSpec: PodSpec | undefined, container: string): boolean {
  const env = podSpec?.containers.find(({ name }) => name === container)?.env ?? [];
  return env.some(({ name }) => name === 'CLONE_METHOD');
}
