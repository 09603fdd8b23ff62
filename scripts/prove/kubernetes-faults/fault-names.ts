/**
 * What goes wrong on bad days, by name, and at which steps it can.
 *
 * Those of the whole bed are last: others in it feel them.
 *
 * @module
 */

import type { SwapStep } from '../../../src/kubernetes/recover/step-names.ts';

/** Where each can be met; absent: at any step. */
interface NamedFault {
  readonly name: string;
  readonly steps?: readonly SwapStep[];
}

const REHEARSING: readonly SwapStep[] = ['startRehearsal', 'awaitRehearsal'];
const WHILE_UP: readonly SwapStep[] = [
  ...(['survey', 'save', 'pause', 'archiveTail', 'stopLive'] as const),
  ...(['undoSurvey', 'undoPause', 'undoArchiveTail', 'undoStop'] as const),
];
const WHILE_OPENING: readonly SwapStep[] = [
  ...(['openLine', 'verify', 'resume', 'backUp', 'scaleOut', 'settle'] as const),
  ...(['undoOpenLine', 'undoVerify', 'undoResume', 'undoBackUp', 'undoScaleOut', 'undoSettle'] as const),
];
const WHILE_DOWN: readonly SwapStep[] = [
  'archiveRest',
  'finishRehearsal',
  'endRehearsal',
  'exchangeVolumes',
  'renameInVolume',
  'recreateStatefulSet',
  'clearStatus',
  'undoArchiveRest',
  'undoExchangeVolumes',
  'undoRenameInVolume',
  'undoRecreateStatefulSet',
  'undoClearStatus',
];
const WITH_JOB: readonly SwapStep[] = ['awaitRehearsal', 'finishRehearsal'];
/** Claims are removed there. */
const WITH_CLAIMS: readonly SwapStep[] = [
  ...(['exchangeVolumes', 'removeReplicaClaims', 'endRehearsal'] as const),
  ...(['undoExchangeVolumes', 'undoRemoveReplicaClaims'] as const),
];
/** Pods are made there. */
const WITH_NEW_PODS: readonly SwapStep[] = [
  ...REHEARSING,
  ...(['archiveRest', 'openLine', 'scaleOut'] as const),
  ...(['undoReopen', 'undoOpenLine', 'undoScaleOut'] as const),
];
/** Claims are made there. */
const WITH_NEW_CLAIMS: readonly SwapStep[] = ['startRehearsal', 'exchangeVolumes', 'scaleOut', 'undoExchangeVolumes'];

const NAMED = [
  { name: 'the API is away for 8 s' },
  { name: 'the API is away for 40 s' },
  { name: 'a change is answered 409' },
  { name: 'watches are answered 410' },
  { name: 'watches and logs are cut after 200 ms' },
  { name: 'throttled: 429 for 12 requests' },
  { name: 'the answers of three changes are lost' },
  { name: '503 for 8 requests' },
  { name: 'programs and ports in pods are cut after 200 ms' },
  { name: 'the token has ended' },
  { name: 'the token has ended, and is renewed' },
  { name: 'the live pod is deleted', steps: [...WHILE_UP, ...WHILE_OPENING] },
  { name: 'the live server is killed', steps: [...WHILE_UP, ...WHILE_OPENING] },
  { name: 'the rehearsal’s pod is deleted', steps: WITH_JOB },
  { name: 'the rehearsal’s pod is evicted', steps: WITH_JOB },
  { name: 'the rehearsal is killed for its memory', steps: WITH_JOB },
  { name: 'a pod at the volume is deleted', steps: ['renameInVolume', 'undoReopen', 'undoRenameInVolume'] },
  { name: 'another hand scales up', steps: WHILE_DOWN },
  { name: 'another hand scales down', steps: WHILE_OPENING },
  { name: 'a claim stays Terminating', steps: WITH_CLAIMS },
  { name: 'a quota refuses pods', steps: WITH_NEW_PODS },
  { name: 'a quota refuses claims', steps: WITH_NEW_CLAIMS },
  { name: 'the image cannot be pulled', steps: REHEARSING },
  { name: 'the Job’s deadline has passed', steps: WITH_JOB },
  { name: 'Helm upgrades it in the middle' },
  { name: 'the API server is killed for 20 s' },
  { name: 'the API server is killed for 50 s' },
  { name: 'the API server stands still for 12 s' },
  { name: 'the kubelet is killed for 30 s' },
  { name: 'the kubelet is killed for 60 s' },
  { name: 'the controllers are killed for 30 s' },
  { name: 'no volume is provisioned for 40 s', steps: ['startRehearsal', 'scaleOut', 'undoScaleOut'] },
] as const;

/** Those that came later: at which steps they are met says `added-cases.ts`. */
const ADDED = [
  'the live pod is evicted',
  'the live server crashes again and again, and the pod that pushes its WAL is deleted',
  'the live server crashes again and again, and walkback is killed while its WAL is pushed',
  'the cluster’s image cannot be pulled',
  'the cluster’s image cannot be pulled for 40 s',
  'the storage class refuses claims',
  'a limit refuses claims of that size',
  'it is gone on with in another namespace first',
] as const;

/** Those of a second member. */
const OF_MEMBERS = [
  'the joining pod is deleted',
  'the joining pod is evicted',
  'the joining pod is killed for its memory',
  'the leader is deleted while another joins',
] as const;

type NumberedFault = (typeof NAMED)[number]['name'];
/** A fault's name. */
export type FaultName = NumberedFault | (typeof ADDED)[number] | (typeof OF_MEMBERS)[number];

/** Those that seeds are numbered by, in that order: none is ever added to them. */
export const FAULT_NAMES: readonly (NamedFault & { readonly name: NumberedFault })[] = NAMED;
/** What can only go wrong with more than one member. */
export const MEMBER_FAULTS: ReadonlySet<FaultName> = new Set<FaultName>(OF_MEMBERS);
