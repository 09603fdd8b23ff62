/**
 * The rights of a recovery in a namespace: with exactly those of the table it succeeds; with any one of them taken away the plan
 * is refused, and says which. On a real API server, as a service account that has nothing else.
 *
 * Seed `s` is the right number `s` of the table (rebind) to be taken away; seed 0 runs the whole recovery too.
 */

import { rightsOfWay, type Right } from '../../src/kubernetes/find/rights.ts';
import { startBed } from '../../tests/support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../../tests/support/kubernetes/patroni-database.ts';
import { badTransaction, untilFirstBackup, walkbackIn } from './kubernetes/operate.ts';
import type { Proof, ProofRun } from './proof.ts';

const WAY = 'rebind';
const NAME = 'recovery';
const ALL = rightsOfWay(WAY, 'ConfigMap');

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

function rulesOf(rights: readonly Right[]): Rule[] {
  return rights.map(({ group, resource, verb }) => ({ apiGroups: [group], resources: [resource], verbs: [verb] }));
}

function roles(namespace: string, rights: readonly Right[]): object[] {
  const api = 'rbac.authorization.k8s.io';
  const apiVersion = `${api}/v1`;
  const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace }];
  const clusterName = `${namespace}-${NAME}`;
  const inNamespace = rights.filter(({ isClusterWide }) => isClusterWide !== true);
  const wide = rights.filter(({ isClusterWide }) => isClusterWide === true);
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace } },
    { apiVersion, kind: 'Role', metadata: { name: NAME, namespace }, rules: rulesOf(inNamespace) },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata: { name: NAME, namespace },
      subjects,
      roleRef: { apiGroup: api, kind: 'Role', name: NAME },
    },
    { apiVersion, kind: 'ClusterRole', metadata: { name: clusterName }, rules: rulesOf(wide) },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name: clusterName },
      subjects,
      roleRef: { apiGroup: api, kind: 'ClusterRole', name: clusterName },
    },
  ];
}

function asRecovery({ namespace }: PatroniDatabase): Record<string, string> {
  return { WALKBACK_ACT_AS: `system:serviceaccount:${namespace.name}:${NAME}` };
}

function words({ verb, resource }: Right): string {
  return `${verb} ${resource}`;
}

/** Planned without one right: refused, and the right is named. */
async function planWithout(database: PatroniDatabase, xid: number, right: Right): Promise<string | undefined> {
  await database.bed.apply(
    roles(
      database.namespace.name,
      ALL.filter((one) => one !== right),
    ),
  );
  const target = ['--before-xid', String(xid), '--way', WAY];
  const run = await walkbackIn(database, ['recover', 'plan', ...target], asRecovery(database));
  if (run.code === 0) return `without ${words(right)} it is planned all the same`;
  const resource = right.resource.split('/')[0] ?? '';
  return run.err.includes(resource) && run.err.includes(right.verb)
    ? undefined
    : `without ${words(right)} the refusal does not name it: ${run.err.slice(0, 300)}`;
}

async function recoverWithAll(database: PatroniDatabase, xid: number): Promise<string | undefined> {
  await database.bed.apply(roles(database.namespace.name, ALL));
  const target = ['--before-xid', String(xid), '--way', WAY];
  const run = await walkbackIn(database, ['recover', 'run', ...target, '--yes'], asRecovery(database));
  return run.code === 0 ? undefined : `with exactly the rights of the table it fails: ${run.err.slice(-600)}`;
}

async function problemsOf(database: PatroniDatabase, { seed, count, log }: ProofRun): Promise<string[]> {
  await untilFirstBackup(database);
  const xid = await badTransaction(database);
  const problems: string[] = [];
  for (let one = seed; one < seed + count; one += 1) {
    const right = ALL[one % ALL.length];
    if (right === undefined) continue;
    const problem = await planWithout(database, xid, right);
    log(`without ${words(right)}: ${problem ?? 'refused in the plan, by its name'}`);
    if (problem !== undefined) problems.push(problem);
  }
  if (seed > 0) return problems;
  const problem = await recoverWithAll(database, xid);
  log(`with exactly these rights: ${problem ?? 'recovered'}`);
  return problem === undefined ? problems : [...problems, problem];
}

/** The proof. */
export const proof: Proof = {
  name: 'rbac',
  shows:
    'A recovery in a namespace succeeds with exactly the rights of the table that the shipped Role is made of, and is refused in the plan, by name, without any one of them.',
  defaultCount: 3,
  budgetMs: 1_800_000,
  run: async (given) => {
    const bed = await startBed();
    if (bed === undefined) return { holds: false, figure: 'SKIPPED: no Kubernetes runs here' };
    await using database = await startPatroniDatabase(bed, { replicas: 1, prefix: 'rbac' });
    const problems = await problemsOf(database, given);
    const whole = given.seed > 0 ? '' : '; and the whole recovery with exactly these';
    return {
      holds: problems.length === 0,
      figure: `${given.count - problems.length} of ${given.count} rights, each taken away: refused in the plan${whole}`,
    };
  },
};
