/**
 * From the objects of a namespace to one value that describes the cluster. Pure.
 *
 * @module
 */

import type { WhereWeAre } from '../api/kubernetes-api.ts';
import type {
  KubernetesObject,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '../api/kubernetes-objects.ts';
import { shownVariables, type ContainerVariable } from './container-environment.ts';
import { dataPlace, probesOf, type Container } from './database-container.ts';
import { keeperOf } from './keeper.ts';
import type {
  ClaimTemplate,
  ClusterObjects,
  FoundClaim,
  FoundMember,
  FoundPod,
  FoundVolume,
  KubernetesCluster,
} from './kubernetes-cluster.ts';
import { memberWords, patroniInNamespace, type PatroniObjectsRead } from './patroni-in-namespace.ts';
import type { PatroniNames } from './patroni-names.ts';
import { bytesOfQuantity } from './quantity.ts';
import type { RunningServer } from './running-server.ts';

/** What was read. */
export interface ClusterParts {
  readonly where: WhereWeAre;
  readonly objects: ClusterObjects;
  /** True if volumes may be read: what is not among them then is not there. */
  readonly canReadVolumes: boolean;
  readonly container: Container;
  readonly archiveContainer: string | undefined;
  readonly variables: ReadonlyMap<string, ContainerVariable>;
  readonly patroni: { readonly names: PatroniNames; readonly read: PatroniObjectsRead } | undefined;
  /** What the running server says, where it was asked. */
  readonly running: RunningServer | undefined;
  readonly namespaceObject: KubernetesObject | undefined;
}

const UID_RANGE = 'openshift.io/sa.scc.uid-range';

/** `2` of `db-2` for the StatefulSet `db`; `undefined` for a name that is not its. */
export function ordinalOf(statefulSet: string, pod: string | undefined): number | undefined {
  const [, ordinal] =
    pod?.startsWith(`${statefulSet}-`) === true ? (/^(\d+)$/.exec(pod.slice(statefulSet.length + 1)) ?? []) : [];
  return ordinal === undefined ? undefined : Number(ordinal);
}

/** `storage-db-0`. */
export function claimName(template: string, statefulSet: string, ordinal: number): string {
  return `${template}-${statefulSet}-${ordinal}`;
}

function claimTemplateOf({ spec }: StatefulSet, volume: string | undefined): ClaimTemplate | undefined {
  const templates = spec?.volumeClaimTemplates ?? [];
  const found = templates.find(({ metadata }) => metadata?.name === volume) ?? templates[0];
  const name = found?.metadata?.name;
  if (found === undefined || name === undefined) return undefined;
  return {
    name,
    sizeBytes: bytesOfQuantity(found.spec?.resources?.requests?.['storage']),
    storageClass: found.spec?.storageClassName,
    accessModes: found.spec?.accessModes ?? [],
  };
}

function volumeOf(volume: PersistentVolume): FoundVolume {
  const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const nodes = terms.flatMap(({ matchExpressions = [], matchFields = [] }) =>
    [...matchExpressions, ...matchFields]
      .filter(({ key, operator }) => operator === 'In' && (key === 'kubernetes.io/hostname' || key === 'metadata.name'))
      .flatMap(({ values = [] }) => values),
  );
  return {
    name: volume.metadata?.name ?? '',
    reclaimPolicy: volume.spec?.persistentVolumeReclaimPolicy ?? 'Retain',
    nodes: nodes.length === 0 ? undefined : nodes,
  };
}

function claimOf(claim: PersistentVolumeClaim, parts: ClusterParts): FoundClaim {
  const name = claim.spec?.volumeName;
  const volume = parts.objects.volumes.find(({ metadata }) => metadata?.name === name);
  return {
    name: claim.metadata?.name ?? '',
    uid: claim.metadata?.uid ?? '',
    phase: claim.status?.phase ?? 'Pending',
    sizeBytes: bytesOfQuantity(claim.status?.capacity?.['storage'] ?? claim.spec?.resources?.requests?.['storage']),
    storageClass: claim.spec?.storageClassName,
    accessModes: claim.status?.accessModes ?? claim.spec?.accessModes ?? [],
    isGoing: claim.metadata?.deletionTimestamp !== undefined,
    volume:
      name === undefined || name === ''
        ? undefined
        : volume === undefined
          ? parts.canReadVolumes
            ? undefined
            : 'unreadable'
          : volumeOf(volume),
  };
}

function podOf(pod: Pod, { patroni, container }: ClusterParts, lockHolder: string | undefined): FoundPod {
  const status = pod.status;
  return {
    name: pod.metadata?.name ?? '',
    uid: pod.metadata?.uid ?? '',
    phase: status?.phase ?? 'Unknown',
    isReady: (status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True'),
    isGoing: pod.metadata?.deletionTimestamp !== undefined,
    node: pod.spec?.nodeName,
    restarts: (status?.containerStatuses ?? []).find(({ name }) => name === container.name)?.restartCount ?? 0,
    ...memberWords(pod, patroni?.names, lockHolder),
  };
}

function membersOf(parts: ClusterParts, template: string | undefined, lockHolder: string | undefined): FoundMember[] {
  const { statefulSet, pods, claims } = parts.objects;
  const name = statefulSet.metadata?.name ?? '';
  const ofPods = pods.map(({ metadata }) => ordinalOf(name, metadata?.name));
  const ofClaims =
    template === undefined ? [] : claims.map(({ metadata }) => ordinalOf(`${template}-${name}`, metadata?.name));
  const wanted = Array.from({ length: statefulSet.spec?.replicas ?? 1 }, (_, ordinal) => ordinal);
  const ordinals = [...new Set([...wanted, ...ofPods, ...ofClaims])].filter((ordinal) => ordinal !== undefined);
  return ordinals
    .toSorted((a, b) => a - b)
    .map((ordinal) => {
      const pod = pods.find(({ metadata }) => metadata?.name === `${name}-${ordinal}`);
      const claim =
        template === undefined
          ? undefined
          : claims.find(({ metadata }) => metadata?.name === claimName(template, name, ordinal));
      return {
        ordinal,
        pod: pod === undefined ? undefined : podOf(pod, parts, lockHolder),
        claim: claim === undefined ? undefined : claimOf(claim, parts),
      };
    });
}

/** A tag that is pulled again whenever a pod starts. */
function isMoving({ image = '', imagePullPolicy }: Container): boolean {
  if (image.includes('@sha256:')) return false;
  const isLatest = !/:[^/:]+$/.test(image) || image.endsWith(':latest');
  return isLatest && imagePullPolicy !== 'IfNotPresent' && imagePullPolicy !== 'Never';
}

function majorOf(version: string | undefined): number | undefined {
  const major = Number.parseInt(version ?? '', 10);
  return Number.isNaN(major) ? undefined : major;
}

function imageIdOf(pods: readonly Pod[], container: string): string | undefined {
  const statuses = pods.flatMap(({ status }) => status?.containerStatuses ?? []);
  const id = statuses.find((status) => status.name === container)?.imageID;
  return id === undefined || id === '' ? undefined : id;
}

function securityOf(parts: ClusterParts): {
  readonly runAsUser: number | undefined;
  readonly fsGroup: number | undefined;
} {
  const { statefulSet, pods } = parts.objects;
  // Admission sets what the template leaves out: a pod that is there is the better witness.
  const spec = pods[0]?.spec ?? statefulSet.spec?.template.spec;
  const container = (spec?.containers ?? []).find(({ name }) => name === parts.container.name);
  return {
    runAsUser: container?.securityContext?.runAsUser ?? spec?.securityContext?.runAsUser,
    fsGroup: spec?.securityContext?.fsGroup,
  };
}

function literals(variables: ClusterParts['variables']): Map<string, string> {
  return new Map(
    [...variables.values()].flatMap(({ name, value }) =>
      value === undefined || value === '' ? [] : [[name, value] as const],
    ),
  );
}

/** Describes it. */
export function describeCluster(parts: ClusterParts): KubernetesCluster {
  const { statefulSet } = parts.objects;
  const { spec, status, metadata } = statefulSet;
  const data = dataPlace(statefulSet, parts.container, literals(parts.variables), parts.running?.dataDirectory);
  const template = claimTemplateOf(statefulSet, data.volume);
  const patroni = parts.patroni === undefined ? undefined : patroniInNamespace(parts.patroni.names, parts.patroni.read);
  const members = membersOf(parts, template?.name, patroni?.lockHolder);
  const alone = members.length === 1 && patroni === undefined ? members[0]?.pod?.name : undefined;
  return {
    where: parts.where,
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    replicas: spec?.replicas ?? 1,
    readyReplicas: status?.readyReplicas ?? 0,
    updateStrategy: spec?.updateStrategy?.type ?? 'RollingUpdate',
    selector: spec?.selector.matchLabels ?? {},
    claimTemplate: template,
    retention: {
      whenScaled: spec?.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete' ? 'Delete' : 'Retain',
      whenDeleted: spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete' ? 'Delete' : 'Retain',
    },
    container: parts.container.name,
    archiveContainer: parts.archiveContainer,
    otherContainers: (spec?.template.spec?.containers ?? [])
      .map(({ name }) => name)
      .filter((name) => name !== parts.container.name),
    image: parts.container.image ?? '',
    isImageMoving: isMoving(parts.container),
    imageId: imageIdOf(parts.objects.pods, parts.container.name),
    data,
    postgresMajor: majorOf(parts.running?.version),
    probes: probesOf(parts.container),
    ...securityOf(parts),
    userRange: parts.namespaceObject?.metadata?.annotations?.[UID_RANGE],
    patroni,
    members,
    leader: members.find(({ pod }) => pod?.role === 'leader')?.pod?.name ?? alone,
    keeper: keeperOf(statefulSet),
    variables: shownVariables(parts.variables),
  };
}
