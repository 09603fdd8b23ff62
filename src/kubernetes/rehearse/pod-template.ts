/**
 * A pod of ours, made like the pods of the cluster: the same image, user, groups and resources, the same Secrets by reference.
 *
 * It differs where a member's would be a danger: it has none of their labels, no token of its service account, no probe that could
 * kill it, no `CLONE_…` variable; and it keeps every rule of Pod Security `restricted`, whatever they do.
 *
 * Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 *
 * @module
 */

import type { V1EnvVar } from '@kubernetes/client-node';

import { Failure } from '../../base/failure.ts';
import { dataMount, type DataMount } from './data-mount.ts';
import type { ArchiveEnvironment, LiveShape, PodSpec, WalkbackSource } from './rehearsal.ts';
import { CONTAINER, podLabels, type PodPart } from './rehearsal-names.ts';

type Container = PodSpec['containers'][number];
type Volume = NonNullable<PodSpec['volumes']>[number];
type Mount = NonNullable<Container['volumeMounts']>[number];
type Affinity = PodSpec['affinity'];

/** What a pod of ours is made of. */
export interface PodRequest {
  readonly id: string;
  readonly part: PodPart;
  readonly live: LiveShape;
  readonly walkback: WalkbackSource;
  readonly archive: ArchiveEnvironment;
  readonly variables: readonly V1EnvVar[];
  /** The claim that it mounts. */
  readonly claim: string;
  /** Arguments behind `walkback volume`, given where the data directory is. */
  readonly arguments: (mount: DataMount) => readonly string[];
  readonly annotations: (program: readonly string[], mount: DataMount) => Readonly<Record<string, string>>;
  readonly restartPolicy: 'OnFailure' | 'Never';
  /** On the live pod's node, as a volume of one node is used there; or better there, or anywhere. */
  readonly node: 'required' | 'preferred' | 'any';
  readonly volumes?: readonly Volume[];
  readonly mounts?: readonly Mount[];
}

/**
 * WAL reaches a private server by the process that keeps it, and by nobody else: a program that its restore_command called would
 * look for the archive in an environment that does not name it (our image's directory of variables is written by its entrypoint).
 */
const OWN_VARIABLES: readonly V1EnvVar[] = [
  { name: 'WALKBACK_ENV_DIR', value: '' },
  { name: 'WALKBACK_ONLY_AGENT', value: 'yes' },
  { name: 'WALKBACK_AGENT_SILENCE_S', value: '60' },
];

const PROGRAM_VOLUME = 'walkback-program';
const PROGRAM_FOLDER = '/walkback-program';
const TMP_VOLUME = 'walkback-tmp';

/** Where our image has walkback and its Node: `deploy/docker/Containerfile`. */
const COPY = `set -eu
cp -R /opt/walkback/. ${PROGRAM_FOLDER}/
mkdir -p ${PROGRAM_FOLDER}/.tools/node/node_modules/node-copied/bin
cp /usr/local/bin/node ${PROGRAM_FOLDER}/.tools/node/node_modules/node-copied/bin/node`;

/** A container of theirs. @throws {Failure} `refused` if there is none of that name. */
export function containerOf({ podSpec, statefulSet }: LiveShape, name: string): Container {
  const found = podSpec.containers.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new Failure('refused', {
    message: `cannot make a pod like those of ${statefulSet}: they have no container ${name}`,
    remedy: 'Look at the pods of the StatefulSet, and name the container that runs PostgreSQL.',
  });
}

/** The program as the pod calls it. */
function programOf(walkback: WalkbackSource, { statefulSet }: LiveShape): readonly string[] {
  if (walkback.kind === 'none') {
    throw new Failure('refused', {
      message: `cannot make a pod of ours beside ${statefulSet}: ${walkback.why}`,
      remedy: 'Name an image that has walkback:  --walkback-image NAME',
    });
  }
  return walkback.kind === 'inImage' ? ['walkback'] : [`${PROGRAM_FOLDER}/bin/walkback`];
}

/** Of two of one name the later counts. A clone's variables would be read by nobody here, and are not handed on. */
function environmentOf(containers: readonly Container[], variables: readonly V1EnvVar[]): V1EnvVar[] {
  const all = [...containers.flatMap(({ env = [] }) => env), ...variables];
  const named = new Map(all.map((one) => [one.name, one]));
  return [...named.values()].filter(({ name }) => !name.startsWith('CLONE_'));
}

/** Secrets, ConfigMaps and places for files of a moment. No claim, and no token: those are of the live pods alone. */
function isCopied(volume: Volume): boolean {
  const { projected } = volume;
  const hasToken = projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined) === true;
  if (hasToken) return false;
  return [volume.secret, volume.configMap, projected, volume.downwardAPI, volume.emptyDir, volume.csi].some(
    (source) => source !== undefined,
  );
}

interface Mounts {
  readonly volumes: readonly Volume[];
  readonly mounts: readonly Mount[];
}

function mountsOf({ podSpec }: LiveShape, containers: readonly Container[]): Mounts {
  const copied = (podSpec.volumes ?? []).filter(isCopied);
  const names = new Set(copied.map(({ name }) => name));
  const byPath = new Map(
    containers
      .flatMap(({ volumeMounts = [] }) => volumeMounts)
      .filter(({ name }) => names.has(name))
      .map((mount) => [mount.mountPath, mount]),
  );
  const mounts = [...byPath.values()];
  const used = new Set(mounts.map(({ name }) => name));
  return { volumes: copied.filter(({ name }) => used.has(name)), mounts };
}

/** The effective user and groups of the live container: a container's own win over the pod's. */
export function podSecurity(
  { podSpec, runAs }: LiveShape,
  { securityContext: own = {} }: Container,
): NonNullable<PodSpec['securityContext']> {
  const pod = podSpec.securityContext ?? {};
  const user = own.runAsUser ?? pod.runAsUser ?? runAs?.user;
  const group = own.runAsGroup ?? pod.runAsGroup ?? runAs?.group;
  const seLinuxOptions = own.seLinuxOptions ?? pod.seLinuxOptions;
  return {
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    ...(user === undefined || user === 0 ? {} : { runAsUser: user }),
    ...(group === undefined ? {} : { runAsGroup: group }),
    ...(pod.fsGroup === undefined ? {} : { fsGroup: pod.fsGroup, fsGroupChangePolicy: 'OnRootMismatch' }),
    ...(pod.supplementalGroups === undefined ? {} : { supplementalGroups: pod.supplementalGroups }),
    ...(seLinuxOptions === undefined ? {} : { seLinuxOptions }),
  };
}

/** What a container of ours may: nothing that "restricted" does not allow. */
export function containerSecurity({ securityContext: own = {} }: Container): NonNullable<Container['securityContext']> {
  return {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    ...(own.readOnlyRootFilesystem === undefined ? {} : { readOnlyRootFilesystem: own.readOnlyRootFilesystem }),
  };
}

/** Where the live pods may run, and not how they keep away from each other. */
function affinityOf({ podSpec, node }: LiveShape, wish: PodRequest['node']): Affinity {
  const { nodeAffinity } = podSpec.affinity ?? {};
  if (node === undefined || wish === 'any') return nodeAffinity === undefined ? undefined : { nodeAffinity };
  const there = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] };
  return wish === 'required'
    ? { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [there] } } }
    : {
        nodeAffinity: {
          ...nodeAffinity,
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: there }],
        },
      };
}

/** What lets a pod be scheduled, and its image be pulled, as for the live ones. */
export function likeLive({ podSpec }: LiveShape): Partial<PodSpec> {
  const { serviceAccountName, imagePullSecrets, nodeSelector, tolerations, priorityClassName, runtimeClassName } =
    podSpec;
  const { schedulerName, dnsPolicy, dnsConfig, hostAliases } = podSpec;
  const all = {
    serviceAccountName,
    imagePullSecrets,
    nodeSelector,
    tolerations,
    priorityClassName,
    runtimeClassName,
    schedulerName,
    dnsPolicy,
    dnsConfig,
    hostAliases,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function copyContainer(walkback: Extract<WalkbackSource, { kind: 'copied' }>, server: Container): Container {
  return {
    name: 'copy-walkback',
    image: walkback.image,
    ...(walkback.imagePullPolicy === undefined ? {} : { imagePullPolicy: walkback.imagePullPolicy }),
    command: ['sh', '-c', COPY],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    volumeMounts: [{ name: PROGRAM_VOLUME, mountPath: PROGRAM_FOLDER }],
    ...(server.resources === undefined ? {} : { resources: server.resources }),
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/** A folder for files of a moment, also where nothing else of the image may be written. */
function tmpMount(mounts: readonly Mount[]): Mounts {
  if (mounts.some(({ mountPath }) => mountPath.replace(/\/$/, '') === '/tmp')) return { volumes: [], mounts: [] };
  return { volumes: [{ name: TMP_VOLUME, emptyDir: {} }], mounts: [{ name: TMP_VOLUME, mountPath: '/tmp' }] };
}

/** The pod. @throws {Failure} `refused` if none can be made that would see the data. */
export function podTemplate(request: PodRequest): { metadata: object; spec: PodSpec } {
  const { id, part, live, walkback, archive } = request;
  const server = containerOf(live, live.container);
  const containers = [...new Set([server, containerOf(live, live.archiveContainer)])];
  const mount = dataMount(live);
  const copied = mountsOf(live, containers);
  const tmp = tmpMount(copied.mounts);
  const isBrought = walkback.kind === 'copied';
  const program = programOf(walkback, live);
  const environment = environmentOf(containers, [
    ...OWN_VARIABLES,
    ...(isBrought ? [{ name: 'HOME', value: '/tmp' }] : []),
    ...request.variables,
  ]);
  const envFrom = containers.flatMap((one) => one.envFrom ?? []);
  const affinity = affinityOf(live, request.node);
  const container: Container = {
    name: CONTAINER[part],
    image: server.image ?? '',
    ...(server.imagePullPolicy === undefined ? {} : { imagePullPolicy: server.imagePullPolicy }),
    command: [...program, 'volume', ...request.arguments(mount), ...(archive === 'container' ? ['--container'] : [])],
    env: environment,
    ...(envFrom.length === 0 ? {} : { envFrom }),
    ...(server.resources === undefined ? {} : { resources: server.resources }),
    securityContext: containerSecurity(server),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: live.volume, mountPath: mount.mountPath },
      ...copied.mounts,
      ...tmp.mounts,
      ...(request.mounts ?? []),
      ...(isBrought ? [{ name: PROGRAM_VOLUME, mountPath: PROGRAM_FOLDER, readOnly: true }] : []),
    ],
  };
  return {
    metadata: {
      labels: podLabels(id, part),
      annotations: { 'sidecar.istio.io/inject': 'false', ...request.annotations(program, mount) },
    },
    spec: {
      ...likeLive(live),
      // By it a lock that an earlier pod has left is known to be nobody's.
      hostname: `walkback-${id}`,
      restartPolicy: request.restartPolicy,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 120,
      securityContext: podSecurity(live, server),
      ...(affinity === undefined ? {} : { affinity }),
      ...(isBrought ? { initContainers: [copyContainer(walkback, server)] } : {}),
      containers: [container],
      volumes: [
        { name: live.volume, persistentVolumeClaim: { claimName: request.claim } },
        ...copied.volumes,
        ...tmp.volumes,
        ...(request.volumes ?? []),
        ...(isBrought ? [{ name: PROGRAM_VOLUME, emptyDir: {} }] : []),
      ],
    },
  };
}
