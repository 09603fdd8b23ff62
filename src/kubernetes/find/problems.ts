/**
 * What is wrong with a cluster before anything is done to it: from the value that describes it. Pure.
 *
 * @module
 */

import { USUAL_PLACE } from './database-container.ts';
import type { FoundClaim, FoundProbe, FoundVolume, KubernetesCluster } from './kubernetes-cluster.ts';

/** One thing that is wrong. `act`: data are in danger, or a recovery would go wrong. `look`: in working hours. */
export interface Problem {
  readonly topic: string;
  readonly level: 'look' | 'act';
  readonly text: string;
  /** The next thing to do; a line to type where there is one. */
  readonly remedy: string;
}

type Check = (cluster: KubernetesCluster) => readonly Problem[];

function inNamespace({ where }: KubernetesCluster): string {
  return `-n ${where.namespace}`;
}

function patchOf(cluster: KubernetesCluster, type: 'merge' | 'json', body: unknown): string {
  return `kubectl patch statefulset ${cluster.name} ${inNamespace(cluster)} --type ${type} -p '${JSON.stringify(body)}'`;
}

/** Variables of a restore that was done: with keys and volumes lost, a new pod would silently restore the old moment. */
const leftOverClone: Check = (cluster) => {
  const left = cluster.variables.filter(({ name }) => name.startsWith('CLONE_')).map(({ name }) => name);
  const method = cluster.variables.find(({ name }) => name === 'CLONE_METHOD');
  if (left.length === 0 || cluster.patroni?.initialize === undefined) return [];
  const time = cluster.variables.find(({ name }) => name === 'CLONE_TARGET_TIME')?.value;
  return [
    {
      topic: 'variables',
      level: method === undefined ? 'look' : 'act',
      text: `${left.join(', ')} ${left.length === 1 ? 'is' : 'are'} still set, and the cluster is initialised: if its volumes and keys are ever lost, it comes back ${time === undefined ? 'as a clone of another archive' : `as of ${time}`}, not as it was last`,
      remedy: `kubectl set env statefulset/${cluster.name} ${inNamespace(cluster)} -c ${cluster.container} ${left.map((name) => `${name}-`).join(' ')}`,
    },
  ];
};

/** What answers while PostgreSQL is restored: only this does, of all that Patroni and our supervisor serve. */
const SAFE_PROBES = /^GET \/(?:liveness|livez|startup|healthz?\/live)\b/;

/** A probe by which its container is killed, if it asks PostgreSQL. */
function killerOf({ probes }: KubernetesCluster, kind: 'liveness' | 'startup'): FoundProbe | undefined {
  const isKiller = ({ does }: FoundProbe): boolean =>
    /^GET|pg_isready|:5432|postgresql/.test(does) && !SAFE_PROBES.test(does);
  return probes.find((probe) => probe.kind === kind && isKiller(probe));
}

const killingProbe: Check = (cluster) => {
  const [liveness, startup] = [killerOf(cluster, 'liveness'), killerOf(cluster, 'startup')];
  const killers = [liveness, startup].filter((probe) => probe !== undefined);
  // Until it has succeeded once, a startup probe is the only one that is asked.
  const first = startup ?? liveness;
  if (first === undefined) return [];
  const named = killers.map(({ kind, does }) => `the ${kind} probe (${does})`).join(' and ');
  const container = `spec.template.spec.containers[name=${cluster.container}]`;
  const fields = killers.map(({ kind }) => `${container}.${kind}Probe`).join(' and ');
  return [
    {
      topic: 'probe',
      level: cluster.patroni === undefined ? 'look' : 'act',
      text: `${named} ${killers.length > 1 ? 'ask' : 'asks'} PostgreSQL: a restore, or a replay after a crash, that takes longer than about ${first.failsAfterS} s is killed in the middle${cluster.patroni === undefined ? '' : ', and then goes on without its target'}`,
      remedy:
        cluster.patroni === undefined
          ? `Give ${container} a startupProbe with time enough, in the chart's values.`
          : `Let ${fields} ask /liveness, in the chart's values.`,
    },
  ];
};

const deletedWhenScaled: Check = (cluster) => [
  ...(cluster.retention.whenScaled === 'Delete'
    ? [
        {
          topic: 'claims',
          level: 'act' as const,
          text: 'persistentVolumeClaimRetentionPolicy.whenScaled is Delete: scaling down deletes the data',
          remedy: patchOf(cluster, 'merge', {
            spec: { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Retain' } },
          }),
        },
      ]
    : []),
  ...(cluster.retention.whenScaled === 'Retain' && cluster.retention.whenDeleted === 'Delete'
    ? [
        {
          topic: 'claims',
          level: 'look' as const,
          text: 'persistentVolumeClaimRetentionPolicy.whenDeleted is Delete: deleting the StatefulSet deletes the data',
          remedy: patchOf(cluster, 'merge', {
            spec: { persistentVolumeClaimRetentionPolicy: { whenScaled: 'Retain', whenDeleted: 'Retain' } },
          }),
        },
      ]
    : []),
];

function claimsOf(cluster: KubernetesCluster): readonly FoundClaim[] {
  return cluster.members.flatMap(({ claim }) => (claim === undefined ? [] : [claim]));
}

function volumesOf(cluster: KubernetesCluster): readonly FoundVolume[] {
  return claimsOf(cluster).flatMap(({ volume }) => (volume === undefined || volume === 'unreadable' ? [] : [volume]));
}

const unprotectedVolumes: Check = (cluster) => {
  const names = volumesOf(cluster)
    .filter(({ reclaimPolicy }) => reclaimPolicy !== 'Retain')
    .map(({ name }) => name);
  if (names.length === 0) return [];
  const many = names.length > 1;
  return [
    {
      topic: 'volumes',
      level: 'look',
      text: `${names.join(', ')} ${many ? 'have' : 'has'} the reclaim policy Delete: whoever deletes ${many ? 'a claim' : 'the claim'} destroys the data`,
      remedy: `kubectl patch pv ${names.join(' ')} -p '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}'`,
    },
  ];
};

/** A place that only the image's name tells, while there are claims, is more likely wrong than the data in danger. */
function isPlaceGuessed({ data, claimTemplate }: KubernetesCluster): boolean {
  return data.volume === undefined && claimTemplate !== undefined && data.from === USUAL_PLACE;
}

const unknownPlace: Check = (cluster) =>
  isPlaceGuessed(cluster)
    ? [
        {
          topic: 'claims',
          level: 'look',
          text: `where the data is could not be told: ${cluster.data.dataDirectory} would be the usual place, and is on no claim`,
          remedy: 'A running server says it: let it run, and ask for the right to create pods/exec.',
        },
      ]
    : [];

const claimsInDanger: Check = (cluster) => [
  ...(cluster.data.volume === undefined && !isPlaceGuessed(cluster)
    ? [
        {
          topic: 'claims',
          level: 'act' as const,
          text: `${cluster.data.dataDirectory} is on no claim: the data is gone with its pod`,
          remedy: 'Give the StatefulSet a claim template for it; until then, the archive is the only copy.',
        },
      ]
    : []),
  ...claimsOf(cluster)
    .filter(({ isGoing }) => isGoing)
    .map(({ name }) => ({
      topic: 'claims',
      level: 'act' as const,
      text: `claim ${name} is being deleted: it is gone as soon as its pod is`,
      remedy: `Do not stop the pod. Keep its volume first: kubectl get pvc ${name} ${inNamespace(cluster)} -o jsonpath='{.spec.volumeName}', then set that volume to Retain.`,
    })),
];

/** A new member's claim is made of the template, whatever the others have grown to. */
const smallTemplate: Check = (cluster) => {
  const size = cluster.claimTemplate?.sizeBytes;
  const grown = claimsOf(cluster).filter((claim) => size !== undefined && (claim.sizeBytes ?? 0n) > size);
  if (grown.length === 0) return [];
  return [
    {
      topic: 'claims',
      level: 'look',
      text: `${grown.map(({ name }) => name).join(', ')} ${grown.length === 1 ? 'is' : 'are'} larger than the claim template: a claim that is made anew would be too small`,
      remedy:
        'A template cannot be changed; correct its size in the chart’s values, for when the StatefulSet is made anew.',
    },
  ];
};

const noLeader: Check = (cluster) => {
  if (cluster.replicas === 0) {
    return [
      {
        topic: 'pods',
        level: 'look',
        text: 'it is scaled to 0: nothing runs',
        remedy: `Start it, if it should run: kubectl scale statefulset ${cluster.name} ${inNamespace(cluster)} --replicas=1`,
      },
    ];
  }
  if (cluster.leader !== undefined || cluster.patroni === undefined) return [];
  return [
    {
      topic: 'pods',
      level: 'act',
      text: 'no pod is the leader: nothing takes writes',
      remedy: `See what its members say: kubectl logs ${cluster.name}-0 ${inNamespace(cluster)} -c ${cluster.container}`,
    },
  ];
};

/** A replica on another timeline looks healthy, and serves rows that the leader does not have. */
const strayReplicas: Check = (cluster) => {
  const leader = cluster.members.find(({ pod }) => pod?.name === cluster.leader)?.pod;
  if (leader?.timeline === undefined) return [];
  return cluster.members.flatMap(({ pod }): readonly Problem[] => {
    if (pod?.role !== 'replica' || pod.timeline === undefined) return [];
    const remedy = `kubectl exec ${cluster.leader ?? ''} ${inNamespace(cluster)} -c ${cluster.container} -- patronictl reinit ${cluster.patroni?.scope ?? ''} ${pod.name} --force`;
    if (pod.timeline !== leader.timeline) {
      const text = `${pod.name} is on timeline ${pod.timeline} (${pod.state ?? 'unknown'}), the leader on ${leader.timeline ?? 0}: it may serve rows that the leader does not have`;
      return [{ topic: 'pods', level: 'act', text, remedy }];
    }
    if (pod.state !== 'in archive recovery') return [];
    // Every replica is for some seconds after its start, so nothing that destroys its data is told to be typed at once.
    const text = `${pod.name} replays WAL from the archive, and does not stream from the leader: usual just after its start, and not for longer`;
    return [{ topic: 'pods', level: 'look', text, remedy: `If it stays so:  ${remedy}` }];
  });
};

const patroniState: Check = (cluster) => {
  const { patroni } = cluster;
  if (patroni === undefined) return [];
  const foreign = [patroni.config, patroni.leader, patroni.failover, patroni.sync].filter(({ isOurs }) => !isOurs);
  return [
    ...foreign.map(({ name }) => ({
      topic: 'patroni',
      level: 'act' as const,
      text: `${patroni.kind} ${name} has this cluster's name and not its labels: it may be another cluster's`,
      remedy: `Compare them: kubectl get ${patroni.kind.toLowerCase()} ${name} ${inNamespace(cluster)} --show-labels`,
    })),
    ...(patroni.initialize === ''
      ? [
          {
            topic: 'patroni',
            level: 'act' as const,
            text: 'somebody is bootstrapping it, or a bootstrap was broken off',
            remedy: `See which pod: kubectl get pods ${inNamespace(cluster)} -l ${patroni.scopeLabel}=${patroni.scope}`,
          },
        ]
      : []),
    ...(patroni.isPaused
      ? [
          {
            topic: 'patroni',
            level: 'look' as const,
            text: 'Patroni is paused: nothing fails over',
            remedy: `kubectl exec ${cluster.leader ?? `${cluster.name}-0`} ${inNamespace(cluster)} -c ${cluster.container} -- patronictl resume ${patroni.scope}`,
          },
        ]
      : []),
  ];
};

const movingImage: Check = (cluster) =>
  cluster.isImageMoving
    ? [
        {
          topic: 'image',
          level: 'look',
          text: `${cluster.image} is pulled at every start: a restart may bring another PostgreSQL or another collation library`,
          remedy: `Name it by its digest in the chart's values${cluster.imageId === undefined ? '' : `: ${cluster.imageId}`}.`,
        },
      ]
    : [];

const unreadVariables: Check = (cluster) => {
  const unread = cluster.variables.filter(
    ({ problem, from }) => problem !== undefined && /^(?:secret|config map)/.test(from),
  );
  const reasons = Map.groupBy(unread, ({ from, problem }) => `${from.replace(/, key .*/, '')}: ${problem ?? ''}`);
  return [...reasons].map(([reason, variables]) => ({
    topic: 'variables',
    level: 'look' as const,
    text: `${variables.map(({ name }) => name).join(', ')} could not be read (${reason})`,
    remedy: 'Ask for the right to read it, or correct the reference in the chart’s values.',
  }));
};

const CHECKS: readonly Check[] = [
  noLeader,
  strayReplicas,
  patroniState,
  deletedWhenScaled,
  claimsInDanger,
  unknownPlace,
  killingProbe,
  leftOverClone,
  unprotectedVolumes,
  smallTemplate,
  unreadVariables,
  movingImage,
];

/** All that is wrong, the worst first. */
export function problemsOf(cluster: KubernetesCluster): readonly Problem[] {
  const found = CHECKS.flatMap((check) => check(cluster));
  return [...found.filter(({ level }) => level === 'act'), ...found.filter(({ level }) => level === 'look')];
}
