/**
 * A recovery, its undo or its release, carried out by a Job in the namespace: begun and watched from here. Whoever stops watching
 * stops nothing; the same command watches again.
 *
 * @module
 */

import type { OpenCarrier } from '../../app/open-carrier.ts';
import { Failure } from '../../base/failure.ts';
import { kubectlIn } from '../../kubernetes/api/kubectl-line.ts';
import type { KubernetesApi, WhereWeAre } from '../../kubernetes/api/kubernetes-api.ts';
import { storeChecks } from '../../kubernetes/carry/carried-checks.ts';
import {
  endCarrier,
  findCarrier,
  removePolicyOfEnded,
  startCarrier,
  type Carrier,
} from '../../kubernetes/carry/carrier.ts';
import { carrierName, type CarriedWork } from '../../kubernetes/carry/carrier-job.ts';
import { followCarrier, type CarrierEnd } from '../../kubernetes/carry/follow-carrier.ts';
import { listStoredRecoveries, readRecovery, type StoredRecovery } from '../../kubernetes/recover/journal-object.ts';
import { confirmWord, type NamespacePlan } from '../../kubernetes/recover/plan-value.ts';
import { openSwap } from '../../kubernetes/recover/recover.ts';
import { swapReleasePlan } from '../../kubernetes/recover/release.ts';
import { swapStatus } from '../../kubernetes/recover/status.ts';
import type { ChecksRequest } from '../../recovery/check-rehearsal.ts';
import { stateOf } from '../../recovery/journal.ts';
import { transition } from '../../recovery/states.ts';
import type { Answer } from '../command.ts';
import { countOf, formatAgo } from '../output/format.ts';
import {
  confirmQuestion,
  namespaceReleaseText,
  recoveredInNamespaceText,
  undoneInNamespaceText,
  watchLine,
} from '../output/namespace-text.ts';
import type { Session } from '../session.ts';
import { reportCarried } from './carried-event.ts';

function stoppedWatching({ recovery, swap }: NamespacePlan, work: CarriedWork): Failure {
  const { id } = recovery;
  return new Failure('refused', {
    message: `stopped watching: recovery ${id} goes on in the cluster`,
    remedy: `Watch it again:\n    ${watchLine(id, work)}\nWhere it stands:\n    walkback recover status ${id}\nTo stop it behind the step that it is at:\n    kubectl -n ${swap.namespace} delete job ${carrierName(id)}`,
  });
}

function endedWithoutWord({ recovery, swap }: NamespacePlan, end: CarrierEnd): Failure {
  const { id } = recovery;
  const found = end === 'gone' ? 'somebody has removed its Job' : 'its Job was given up';
  return new Failure('failed', {
    message: `cannot go on with recovery ${id} in the cluster: ${found}`,
    remedy: `What is done is in its journal:\n    walkback recover status ${id}\nWhy:\n    kubectl -n ${swap.namespace} describe job ${carrierName(id)}`,
  });
}

/** Shows it until it has ended. @throws {Failure} what it has failed with, or that it is not watched any more. */
async function watchCarrier(
  { uses: { api } }: OpenCarrier,
  plan: NamespacePlan,
  work: CarriedWork,
  { reporter, signal }: Session,
): Promise<void> {
  let failure: Failure | undefined;
  const watch = {
    signal,
    onLine: (line: string) => {
      failure = reportCarried(line, reporter) ?? failure;
    },
    onNextPod: (pod: string) => {
      reporter.warn(`${failure?.message ?? 'the pod that worked was ended'}; ${pod} goes on`);
      failure = undefined;
    },
    onTrouble: reporter.warn,
  };
  const claim = plan.swap.members[0]?.claim ?? '';
  const followed = { api, job: carrierName(plan.recovery.id), claim, watch };
  const end = await followCarrier(followed).catch((error: unknown) => {
    throw signal.aborted ? stoppedWatching(plan, work) : error;
  });
  if (end === 'complete') return removePolicyOfEnded(api, plan.recovery.id);
  throw failure ?? endedWithoutWord(plan, end);
}

function otherAtWork(where: WhereWeAre, id: string, { work }: Carrier): Failure {
  return new Failure('conflict', {
    message: `cannot work on recovery ${id}: a Job in the cluster does ("${work}")`,
    remedy: `Watch it:\n    ${watchLine(id, work)}\nOr stop it:\n    ${kubectlIn(where)} delete job ${carrierName(id)}`,
  });
}

/** A Job is begun again by itself, and an undo is given up by a person only. */
export function notCarried(id: string): Failure {
  return new Failure('refused', {
    message: `cannot give up the undo of recovery ${id} in a Job: its pods begin by themselves again, whatever has been decided since`,
    remedy: `Give it up from here:  walkback recover run ${id}\nOr finish it:  walkback undo ${id} --in-cluster`,
  });
}

/** @throws {Failure} `conflict` while a Job works on this recovery, which between two of its pods holds no Lease. */
export async function checkNotCarried(api: KubernetesApi, id: string): Promise<void> {
  const carrier = await findCarrier(api, id);
  if (carrier?.state === 'atWork') throw otherAtWork(api.where, id, carrier);
}

/** Starts the work, unless it is at work already; then watches. */
async function carry(opened: OpenCarrier, stored: StoredRecovery, work: CarriedWork, session: Session): Promise<void> {
  const { plan } = stored;
  const { uses, account, flags } = opened;
  session.reporter.note(`ServiceAccount ${account} works in ${plan.swap.namespace}; this terminal only watches`);
  await startCarrier(uses, { plan, work, account, flags });
  await watchCarrier(opened, plan, work, session);
}

/** Says what is looked at with whose rights. */
export function noteRights({ account, isAccount }: OpenCarrier, { reporter }: Session): void {
  if (isAccount) return;
  reporter.note(
    `You may not act as ServiceAccount ${account}: this looks with rights of your own, and the Job looks at its own before it begins`,
  );
}

/** One that is at work there on this cluster, if there is one: a second plan would only wait for it. */
export async function refuseIfAtWork(opened: OpenCarrier): Promise<void> {
  const { api } = opened.uses;
  for (const { plan } of await listStoredRecoveries(api, await opened.statefulSet())) {
    const { id } = plan.recovery;
    const carrier = await findCarrier(api, id);
    if (carrier?.state === 'atWork') throw otherAtWork(api.where, id, carrier);
  }
}

/** `walkback recover run --in-cluster`. */
export async function runCarried(
  opened: OpenCarrier,
  id: string,
  given: { readonly checks: ChecksRequest; readonly yes: boolean },
  session: Session,
): Promise<Answer> {
  const { api } = opened.uses;
  const stored = await readRecovery(api, id);
  const { plan } = stored;
  const state = stateOf(stored.entries);
  const carrier = await findCarrier(api, id);
  const isSame = carrier?.work === 'run';
  if (carrier?.state === 'atWork' && !isSame) throw otherAtWork(api.where, id, carrier);
  if (isSame && carrier.state === 'atWork') await watchCarrier(opened, plan, 'run', session);
  else if (!(isSame && carrier.state === 'complete' && state === 'recovered')) {
    if (state === 'undoing') throw notCarried(id);
    transition(id, state, state === 'cuttingOver' ? 'cutOver' : 'rehearse');
    if (!(await mayRun(stored, given.yes, session))) {
      return { text: () => `Nothing has been begun.  The plan stays: ${id}\n`, json: { id, state } };
    }
    await storeChecks(api, id, given.checks);
    await carry(opened, stored, 'run', session);
  }
  const status = await swapStatus(api, id);
  return {
    text: (screen) => recoveredInNamespaceText(status, screen),
    json: { id, state: status.state, plan: status.plan, journal: status.entries },
  };
}

async function mayRun(
  { plan, entries }: StoredRecovery,
  isYes: boolean,
  { questions, screen }: Session,
): Promise<boolean> {
  if (isYes || stateOf(entries) === 'cuttingOver') return true;
  const { laterCommits, createdAt } = plan.recovery;
  const ago = formatAgo(BigInt(Date.parse(createdAt)) * 1000n, screen.nowUs());
  const does = `Recover now?  It is rehearsed and checked first, and cut over to without another question. What was committed behind the target (${countOf(laterCommits, 'transaction')} when it was planned, ${ago}) will be set aside: kept, not deleted.`;
  return questions.confirm({ question: confirmQuestion(plan, does), word: confirmWord(plan), flag: '--yes' });
}

/** `walkback undo --in-cluster`. A recovery that is at work there is stopped behind its step first. */
export async function undoCarried(opened: OpenCarrier, id: string, yes: boolean, session: Session): Promise<Answer> {
  const { api } = opened.uses;
  let stored = await readRecovery(api, id);
  const { plan } = stored;
  const carrier = await findCarrier(api, id);
  if (carrier?.state === 'atWork' && carrier.work === 'release') throw otherAtWork(api.where, id, carrier);
  if (carrier?.state === 'atWork' && carrier.work === 'undo') await watchCarrier(opened, plan, 'undo', session);
  else if (!(carrier?.work === 'undo' && carrier.state === 'complete')) {
    const isAtWork = carrier !== undefined && carrier.state === 'atWork';
    if (!isAtWork) transition(id, stateOf(stored.entries), 'undo');
    const does = isAtWork
      ? 'Stop it behind the step that it is at, and swap back?  What the cluster has done will be kept, not deleted.'
      : 'Swap back now?  What the cluster has done since its recovery will be set aside: kept, not deleted.';
    const question = { question: confirmQuestion(plan, does), word: confirmWord(plan), flag: '--yes' };
    const mustAsk = !yes && (isAtWork || stateOf(stored.entries) === 'recovered');
    if (mustAsk && !(await session.questions.confirm(question))) {
      return { text: () => 'Nothing has been changed.\n', json: { id, state: stateOf(stored.entries) } };
    }
    if (isAtWork) await endCarrier(api, id, session.signal);
    stored = await readRecovery(api, id);
    transition(id, stateOf(stored.entries), 'undo');
    await carry(opened, stored, 'undo', session);
  }
  const status = await swapStatus(api, id);
  return {
    text: (screen) => undoneInNamespaceText(status, screen),
    json: { id, state: status.state, journal: status.entries },
  };
}

/** `walkback release --in-cluster`. */
export async function releaseCarried(opened: OpenCarrier, id: string, yes: boolean, session: Session): Promise<Answer> {
  const { api } = opened.uses;
  const stored = await readRecovery(api, id);
  const { plan } = stored;
  const carrier = await findCarrier(api, id);
  if (carrier?.state === 'atWork' && carrier.work !== 'release') throw otherAtWork(api.where, id, carrier);
  const planned = await plannedRelease(opened, id);
  const answer = (removed: boolean): Answer => ({
    text: () => (removed ? namespaceReleaseText(planned, true) : 'Nothing has been removed.\n'),
    json: { id, ...planned, removed },
  });
  const does = `${namespaceReleaseText(planned, false)}Afterwards recovery ${id} cannot be undone.`;
  const question = { question: confirmQuestion(plan, does), word: confirmWord(plan), flag: '--yes' };
  if (!yes && !(await session.questions.confirm(question))) return answer(false);
  await carry(opened, stored, 'release', session);
  return answer(true);
}

async function plannedRelease({ uses }: OpenCarrier, id: string) {
  await using recovery = await openSwap(uses, id);
  // The recovery is closed when this returns.
  return await swapReleasePlan(recovery.context);
}
