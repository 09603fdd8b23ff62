/**
 * Whose data the undo of a reset goes back to, where nobody led when the reset began: with its pods gone, or its node away, a cluster
 * has volumes of which only one is the newest, and no Patroni says which.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { factsOf } from '../../recovery/journal.ts';
import { kubectlIn } from '../api/kubectl-line.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { claimRef } from '../recover/exchange-claim.ts';
import { keptClaim } from '../recover/names.ts';
import { readPatroniState } from '../recover/patroni-objects.ts';
import type { PlannedMember } from '../recover/plan-value.ts';
import { surveyedLeader } from '../recover/survey.ts';
import { ledMember } from '../recover/volumes-before.ts';
import type { ResetContext } from './context.ts';

/** On a claim that keeps a member's volume: somebody has found that this is the one to go back to. */
const LED_ANNOTATION = 'walkback/led';

/** The pod that has Patroni's lock, whether or not it still lives; empty: none has. */
export async function lockHolder({ uses, plan }: ResetContext): Promise<string> {
  const { patroni } = plan.swap;
  return patroni === null ? '' : ((await readPatroniState(uses.api, patroni)).leader ?? '');
}

/** Who led, as it was written down; else when it was planned. */
function knownLeader(context: ResetContext): PlannedMember | undefined {
  const { members, leader } = context.plan.swap;
  const holders = (['resetPause', 'resetSurvey'] as const).map(
    (step) => factsOf(context.journal.entries, step)?.['holder'],
  );
  const pods = [surveyedLeader(context, 'resetSurvey'), ...holders, leader];
  const pod = pods.find((one) => one !== undefined && one !== '');
  return members.find((member) => member.pod === pod);
}

function askWhich(context: ResetContext, claims: readonly string[]): Failure {
  const { id } = context.plan.recovery;
  return new Failure('refused', {
    message: `cannot undo reset ${id}: nobody led when it began, and the newest data may be on any of ${claims.join(', ')}`,
    remedy: `Find out which: that of the highest timeline, and of those the highest checkpoint, by pg_controldata. Say so by an annotation of that claim alone:\n${kubectlIn(context.uses.api.where)} annotate persistentvolumeclaim CLAIM ${LED_ANNOTATION}=true\nThen run this again:  walkback undo ${id}`,
  });
}

/**
 * The member whose data an undo goes back to. Once that has begun, the one that was written down then.
 *
 * @throws {Failure} `refused` if several have volumes, and nobody has said which it is.
 */
export async function memberToGoBackTo(context: ResetContext): Promise<PlannedMember> {
  const { uses, plan, journal } = context;
  const { members } = plan.swap;
  const begun = factsOf(journal.entries, 'undoResetScaleDown');
  const fallback = ledMember(context, 'resetSurvey');
  // An earlier version has written nobody down, and may have moved the first one's volume already.
  if (begun !== undefined) return members.find(({ pod }) => pod === begun['led']) ?? fallback;
  const known = knownLeader(context);
  if (known !== undefined) return known;
  const kept: { readonly member: PlannedMember; readonly claim: PersistentVolumeClaim }[] = [];
  for (const member of members) {
    const name = keptClaim(plan.recovery.id, 'kept', member.ordinal);
    const claim = await uses.api.get<PersistentVolumeClaim>(claimRef(name));
    if (claim !== undefined) kept.push({ member, claim });
  }
  const said = kept.filter(({ claim }) => claim.metadata?.annotations?.[LED_ANNOTATION] === 'true');
  const [only, other] = said.length > 0 ? said : kept;
  if (other === undefined) return only?.member ?? fallback;
  throw askWhich(
    context,
    kept.map(({ claim }) => claim.metadata?.name ?? ''),
  );
}
