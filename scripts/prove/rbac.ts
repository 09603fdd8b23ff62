/**
 * The rights of a recovery in a namespace, on a real API server, as the ServiceAccount that the chart makes and helm renders: with
 * exactly its rights it succeeds, carried by a Job too; with any one of them taken away the plan is refused, and says which; and none of
 * them is one that nothing needs.
 *
 * Seed `s` is the right number `s` to be taken away; a run from seed 0 does whole recoveries too, and takes each back: by Jobs, *rebind*
 * and *clone*, each refused once for want of a right; and with Patroni's keys in Endpoints a *clone* and a reset.
 */

import { startBed, type Bed } from '../../tests/support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../../tests/support/kubernetes/patroni-database.ts';
import { archiveSoFar, badTransaction, untilFirstBackup, walkbackIn } from './kubernetes/operate.ts';
import { caseOf, isOpenShiftsOwn, type RightCase, type Store } from './rbac/cases.ts';
import { grantedBy, renderAccount, without, type Granted } from './rbac/chart-account.ts';
import { asAccount, names, words, type Played } from './rbac/played.ts';
import { wholeRecoveries } from './rbac/whole-recoveries.ts';
import type { Proof, ProofResult, ProofRun } from './proof.ts';

/** Rights that are granted, and that nothing asks for. */
function tooMany(granted: readonly Granted[]): string[] {
  return granted.filter((right) => caseOf(right) === undefined && !isOpenShiftsOwn(right)).map(words);
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

/** Each right of a range taken away. @returns how many were, and what went wrong. */
async function tryRights(
  clusters: Clusters,
  granted: readonly Granted[],
  { seed, count, log }: ProofRun,
): Promise<{ readonly tried: number; readonly problems: readonly string[] }> {
  const cases = granted.map(caseOf).filter((one) => one !== undefined);
  log(`${cases.length} rights`);
  // A count beyond the last right would only try some of them twice.
  const chosen = cases.map((_, at) => seed + at).slice(0, count);
  const problems: string[] = [];
  for (const one of chosen) {
    const taken = cases[one % cases.length];
    if (taken === undefined) continue;
    const problem = await planWithout(await clusters.of(taken.store), taken);
    log(`${one}: without ${words(taken.right)}, ${taken.way}: ${problem ?? 'refused in the plan, by its name'}`);
    if (problem !== undefined) problems.push(problem);
  }
  return { tried: chosen.length, problems };
}

async function shown(clusters: Clusters, given: ProofRun): Promise<ProofResult> {
  const { log, seed } = given;
  const granted = grantedBy((await clusters.of('ConfigMap')).account);
  const needless = tooMany(granted);
  for (const right of needless) log(`the chart grants ${right}, which nothing needs`);
  for (const right of granted.filter(isOpenShiftsOwn)) log(`not tried, since this is no OpenShift: ${words(right)}`);
  const rights = await tryRights(clusters, granted, given);
  const whole = seed > 0 ? { problems: [], done: [] } : await wholeRecoveries((store) => clusters.of(store), log);
  const refused = `${rights.tried - rights.problems.length} of ${rights.tried} rights of the chart's account, each taken away: refused in the plan`;
  const recovered = seed > 0 ? '' : `; with exactly these, done and undone: ${whole.done.join('; ') || 'nothing'}`;
  return {
    holds: needless.length + rights.problems.length + whole.problems.length === 0,
    figure: `${refused}${recovered}`,
  };
}

/** The proof. */
export const proof: Proof = {
  name: 'rbac',
  shows:
    'A recovery in a namespace, and its undo, succeed with exactly the rights of the ServiceAccount that the chart renders, carried by a Job as that account too; without any one of them it is refused in the plan, by name, and none is granted that nothing needs.',
  defaultCount: 3,
  group: 'namespaces',
  budgetMs: 1_800_000,
  run: async (given) => {
    const bed = await startBed();
    if (bed === undefined) return { holds: false, figure: 'SKIPPED: no Kubernetes runs here' };
    await using clusters = new Clusters(bed, given.log);
    // The clusters end when this returns.
    return await shown(clusters, given);
  },
};
