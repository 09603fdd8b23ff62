/**
 * From a cluster that was found to what a recovery is planned for.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { PersistentVolumeClaim, Pod } from '../api/kubernetes-objects.ts';
import type { FoundCluster } from '../find/find-cluster.ts';
import { firstSet, type Lookup } from '../find/superuser-login.ts';
import type { LiveShape, WalkbackSource } from '../rehearse/rehearsal.ts';
import type { VolumeRole } from '../volume/volume-plan.ts';
import { claimNumbers } from './claim-numbers.ts';
import { cloneSubjectOf } from './clone/clone-subject.ts';
import { memberClaim } from './names.ts';
import type { PatroniObjects } from './plan-value.ts';
import type { Subject } from './subject.ts';
import { loginOf } from './superuser.ts';

function refuse({ cluster }: FoundCluster, found: string, remedy: string): Failure {
  return new Failure('refused', {
    message: `cannot recover ${cluster.where.namespace}/${cluster.name}: ${found}`,
    remedy,
    facts: [`context ${cluster.where.context}, server ${cluster.where.server}`],
  });
}

/** By exact names, each with labels that are the cluster's own: another cluster's name may begin alike. */
export function patroniObjects(found: FoundCluster): PatroniObjects | null {
  const { patroni } = found.cluster;
  if (patroni === undefined) return null;
  const { scope, kind, leader, config, sync, failover, labels } = patroni;
  const foreign = [leader, config, sync, failover].find(({ isThere, isOurs }) => isThere && !isOurs);
  if (foreign !== undefined) {
    throw refuse(
      found,
      `${kind} ${foreign.name} has its name, and not its labels: it is another cluster's`,
      'Two clusters share a scope there. Give one of them another, or recover by hand.',
    );
  }
  return {
    scope,
    kind,
    leader: leader.name,
    config: config.name,
    sync: sync.name,
    failover: failover.name,
    labels,
  };
}

/** The first of these variables that is set. */
function variableOf(get: Lookup, names: readonly string[]): { readonly variable: string } | null {
  const variable = firstSet(get, names);
  return variable === undefined ? null : { variable };
}

const PASSWORD = {
  replication: ['PGPASSWORD_STANDBY', 'PATRONI_REPLICATION_PASSWORD'],
  rewind: ['PATRONI_REWIND_PASSWORD'],
} as const;

const USER = {
  replication: ['PGUSER_STANDBY', 'PATRONI_REPLICATION_USERNAME'],
  rewind: ['PATRONI_REWIND_USERNAME'],
} as const;

/** Spilo's own names where nothing says otherwise. */
const USUAL_USER = { replication: 'standby', rewind: undefined } as const;

function userOf(get: Lookup, purpose: keyof typeof USER): string | undefined {
  const named = firstSet(get, USER[purpose]);
  return named === undefined ? USUAL_USER[purpose] : get(named);
}

/** Roles of Patroni's own connections, with where their passwords are; never the passwords. */
function rolesOf(found: FoundCluster, get: Lookup): VolumeRole[] {
  if (found.cluster.patroni === undefined) return [];
  const { user: superuser, passwords } = loginOf(found);
  const others = (['replication', 'rewind'] as const).flatMap((purpose) => {
    const user = userOf(get, purpose);
    return user === undefined ? [] : [{ purpose, user, password: variableOf(get, PASSWORD[purpose]) }];
  });
  return [{ purpose: 'superuser', user: superuser, password: variableOf(get, passwords) }, ...others];
}

/** Our image makes its administrator on each new leader; Spilo does in a bootstrap alone, if at all. */
function rolesSetAgain(get: Lookup, isOurContainer: boolean): string[] {
  const isSet = isOurContainer && (get('PGPASSWORD_ADMIN') ?? '') !== '';
  return isSet ? [get('PGUSER_ADMIN') ?? 'admin'] : [];
}

function secretOf({ environment }: FoundCluster): Lookup {
  return (name) => environment.get(name)?.secretValue;
}

/** The pod that a rehearsal's is made like: the leader's, or one that runs, or the template. */
function podOf({ cluster, objects }: FoundCluster): Pod | undefined {
  const isRunning = ({ status }: Pod): boolean => status?.phase === 'Running';
  return (
    objects.pods.find((pod) => pod.metadata?.name === cluster.leader && isRunning(pod)) ?? objects.pods.find(isRunning)
  );
}

/** What pods are made like. @throws {Failure} `refused` if its data is on no claim. */
export function liveShape(found: FoundCluster): LiveShape {
  const { cluster, objects, container } = found;
  const { data, claimTemplate } = cluster;
  if (claimTemplate === undefined || data.volume === undefined) {
    throw refuse(
      found,
      'its data is not on a claim of its claim templates',
      'Recover it by hand: there is no volume that could be kept.',
    );
  }
  const name = memberClaim(claimTemplate.name, cluster.name, 0);
  const claim: PersistentVolumeClaim | undefined = objects.claims.find(({ metadata }) => metadata?.name === name);
  const pod = podOf(found);
  const podSpec = pod?.spec ?? objects.statefulSet.spec?.template.spec;
  if (claim === undefined || podSpec === undefined) {
    throw refuse(found, `claim ${name} of its first member is not there`, 'Scale it to 1 first, so that it is made.');
  }
  return {
    statefulSet: cluster.name,
    podSpec,
    container: container.name,
    archiveContainer: found.archive?.container.name ?? container.name,
    claim,
    volume: data.volume,
    dataDirectory: data.dataDirectory,
    ...(pod?.spec?.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
  };
}

/** Ours has walkback in it; into any other it is copied from ours. Without it the way that is left is the image's own. */
async function walkbackOf(api: KubernetesApi, found: FoundCluster, image: string | undefined): Promise<WalkbackSource> {
  if (image !== undefined) return { kind: 'copied', image };
  const pod = podOf(found)?.metadata?.name;
  // A pod that is starting again and again counts as running, and often has no container.
  const outcome =
    pod === undefined
      ? undefined
      : await api.exec(pod, found.container.name, ['sh', '-c', 'command -v walkback']).catch((error: unknown) => {
          if (isFailure(error, 'failed')) return undefined;
          throw error;
        });
  if (outcome?.exitCode === 0) return { kind: 'inImage' };
  return {
    kind: 'none',
    why:
      outcome === undefined
        ? 'no pod of it runs, so whether its image has walkback cannot be told, and --walkback-image names none'
        : 'its image has no walkback, and --walkback-image names none that has',
  };
}

/** What a plan is made for. @param image from which walkback is copied; `undefined`: the cluster's own. @throws {Failure} `refused`. */
export async function subjectOf(api: KubernetesApi, found: FoundCluster, image: string | undefined): Promise<Subject> {
  const get = secretOf(found);
  const { objects, cluster } = found;
  const live = liveShape(found);
  const claimTemplate = cluster.claimTemplate?.name ?? '';
  const walkback = await walkbackOf(api, found, image);
  const isContainer = get('SCOPE') !== undefined && get('WALKBACK_ARCHIVE') === undefined;
  return {
    statefulSet: objects.statefulSet,
    pods: objects.pods,
    claimTemplate,
    ...claimNumbers(`${claimTemplate}-${cluster.name}`, objects.statefulSet.spec?.replicas ?? 0, objects.claims),
    live,
    archive: isContainer ? 'container' : 'settings',
    walkback,
    clone: cloneSubjectOf(found),
    patroni: patroniObjects(found),
    superuser: loginOf(found).user,
    roles: rolesOf(found, get),
    rolesSetAgain: rolesSetAgain(get, isContainer && walkback.kind === 'inImage'),
  };
}
