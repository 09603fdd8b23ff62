/**
 * The rights of a recovery in a namespace, on a real API server, as the ServiceAccount that the chart makes and helm renders: with
 * exactly its rights it succeeds, carried by a Job too; with any one of them taken away the plan is refused, and says which; and none of
 * them is one that nothing needs.
 *
 * Seed `s` is the right number `s` to be taken away; seed 0 runs the recovery in a Job too, once refused and once to its end.
 */

import { startBed, type Bed } from '../../tests/support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../../tests/support/kubernetes/patroni-database.ts';
import { archiveSoFar, badTransaction, untilFirstBackup, walkbackIn } from './kubernetes/operate.ts';
import { caseOf, isOpenShiftsOwn, type RightCase, type Store } from './rbac/cases.ts';
import { grantedBy, renderAccount, without, type Granted } from './rbac/chart-account.ts';
import type { Proof, ProofRun } from './proof.ts';

interface Played {
  readonly database: PatroniDatabase;
  readonly account: Awaited<ReturnType<typeof renderAccount>>;
  readonly xid: number;
  readonly log: (line: string) => void;
}

function words({ verb, resource }: Granted): string {
  return `${verb} ${resource}`;
}

/** Rights that are granted, and that nothing asks for. */
function tooMany(granted: readonly Granted[]): string[] {
  return granted.filter((right) => caseOf(right) === undefined && !isOpenShiftsOwn(right)).map(words);
}

function asAccount({ namespace, name }: PatroniDatabase): Record<string, string> {
  return { WALKBACK_ACT_AS: `system:serviceaccount:${namespace.name}:${name}-recovery` };
}

/** Says what is missing, and where: the right by its verb and resource. */
function names(text: string, { resource, verb }: Granted): boolean {
  return text.includes(resource.split('/')[0] ?? '') && text.includes(verb);
}

/** Planned without one right: refused, and the right is named. */
async function planWithout(
  { database, account, xid }: Played,
  { right, way, workload }: RightCase,
): Promise<string | undefined> {
  await database.bed.apply(without(account, right));
  const besides = workload === undefined ? [] : ['--scale-down', workload];
  const planned = ['recover', 'plan', '--before-xid', String(xid), '--way', way, ...besides];
  const command = way === 'reset' ? ['cluster', 'reset', '--dry-run'] : planned;
  const run = await walkbackIn(database, command, asAccount(database));
  if (run.code === 0) return `without ${words(right)} it is planned all the same`;
  return names(run.err, right)
    ? undefined
    : `without ${words(right)} the refusal does not name it: ${run.err.slice(0, 300)}`;
}

/** Planned by somebody with more rights than the Job's account has: the Job refuses before it does anything. */
async function carryWithout({ database, account }: Played, id: string, right: Granted): Promise<string | undefined> {
  await database.bed.apply(without(account, right));
  const run = await walkbackIn(database, ['recover', 'run', id, '--in-cluster', '--yes']);
  if (run.code === 0) return `a Job without ${words(right)} recovers all the same`;
  const status = await walkbackIn(database, ['recover', 'status', id, '--json']);
  if (!/"state": ?"planned"/.test(status.out))
    return `a Job without ${words(right)} has begun: ${status.out.slice(0, 200)}`;
  return names(run.err, right) ? undefined : `a Job does not name ${words(right)}: ${run.err.slice(0, 300)}`;
}

/** The whole recovery by a Job, with exactly the rights of the chart. */
async function carry(played: Played): Promise<string[]> {
  const { database, account, xid, log } = played;
  await database.bed.apply(account);
  const target = ['--before-xid', String(xid), '--way', 'rebind'];
  const planned = await walkbackIn(database, ['recover', 'plan', ...target, '--in-cluster', '--json']);
  if (planned.code !== 0) return [`it cannot be planned for a Job: ${planned.err.slice(-400)}`];
  const { recovery } = JSON.parse(planned.out) as { readonly recovery: { readonly id: string } };
  const patch = { verb: 'patch', group: '', resource: 'persistentvolumes', isClusterWide: true };
  const refused = await carryWithout(played, recovery.id, patch);
  log(`a Job without ${words(patch)}: ${refused ?? 'refused before its first step, by its name'}`);
  await database.bed.apply(account);
  const run = await walkbackIn(database, ['recover', 'run', recovery.id, '--in-cluster', '--yes']);
  const problem = run.code === 0 ? undefined : `with exactly the chart's rights a Job fails: ${run.err.slice(-600)}`;
  log(`a Job with exactly the chart's rights: ${problem ?? 'recovered'}`);
  return [refused, problem].filter((one) => one !== undefined);
}

/** Applications that a recovery may be asked to scale down; none of them runs. */
function applications(namespace: string): object[] {
  const labels = { app: 'application' };
  const container = { name: 'application', image: 'localhost/application' };
  const spec = {
    replicas: 0,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [container] } },
  };
  return ['Deployment', 'ReplicaSet'].map((kind) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name: 'application', namespace },
    spec,
  }));
}

/** A cluster with a bad transaction in its past, and the account that the chart makes for it. */
async function prepare(database: PatroniDatabase, log: Played['log']): Promise<Played> {
  await untilFirstBackup(database);
  const xid = await badTransaction(database);
  await archiveSoFar(database);
  const { bed, name, namespace } = database;
  await bed.apply(applications(namespace.name));
  const account = await renderAccount(bed, name, namespace.name, ['recovery.workloads=true']);
  return { database, account, xid, log };
}

/** The clusters that cases ask for, made when the first one does. */
class Clusters implements AsyncDisposable {
  readonly #bed: Bed;
  readonly #log: Played['log'];
  readonly #made = new Map<Store, Played>();

  constructor(bed: Bed, log: Played['log']) {
    this.#bed = bed;
    this.#log = log;
  }

  async of(store: Store): Promise<Played> {
    const known = this.#made.get(store);
    if (known !== undefined) return known;
    const database = await startPatroniDatabase(this.#bed, { replicas: 1, prefix: 'rbac', keeps: store });
    const played = await prepare(database, this.#log);
    this.#made.set(store, played);
    return played;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { database } of this.#made.values()) await database[Symbol.asyncDispose]();
  }
}

async function problemsOf(
  clusters: Clusters,
  { seed, count, log }: ProofRun,
): Promise<{ readonly problems: readonly string[]; readonly rights: number }> {
  const first = await clusters.of('ConfigMap');
  const granted = grantedBy(first.account);
  const cases = granted.map(caseOf).filter((one) => one !== undefined);
  const problems = tooMany(granted).map((right) => `the chart grants ${right}, which nothing needs`);
  for (const problem of problems) log(problem);
  for (const right of granted.filter(isOpenShiftsOwn)) log(`not tried, since this is no OpenShift: ${words(right)}`);
  log(`${cases.length} rights`);
  for (let one = seed; one < seed + Math.min(count, cases.length); one += 1) {
    const taken = cases[one % cases.length];
    if (taken === undefined) continue;
    const problem = await planWithout(await clusters.of(taken.store), taken);
    log(`${one}: without ${words(taken.right)}, ${taken.way}: ${problem ?? 'refused in the plan, by its name'}`);
    if (problem !== undefined) problems.push(problem);
  }
  const whole = seed > 0 ? [] : await carry(first);
  return { problems: [...problems, ...whole], rights: cases.length };
}

/** The proof. */
export const proof: Proof = {
  name: 'rbac',
  shows:
    'A recovery in a namespace succeeds with exactly the rights of the ServiceAccount that the chart renders, carried by a Job as that account; without any one of them it is refused in the plan, by name, and none is granted that nothing needs.',
  defaultCount: 3,
  inContainers: true,
  budgetMs: 1_800_000,
  run: async (given) => {
    const bed = await startBed();
    if (bed === undefined) return { holds: false, figure: 'SKIPPED: no Kubernetes runs here' };
    await using clusters = new Clusters(bed, given.log);
    const { problems, rights } = await problemsOf(clusters, given);
    const whole = given.seed > 0 ? '' : '; and a Job with exactly these recovers, and one with one less refuses';
    const tried = Math.min(given.count, rights);
    return {
      holds: problems.length === 0,
      figure: `${tried - problems.length} of ${tried} rights of the chart's account, each taken away: refused in the plan${whole}`,
    };
  },
};
