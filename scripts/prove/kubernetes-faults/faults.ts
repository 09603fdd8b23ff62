/**
 * What each fault of `fault-names.ts` does.
 *
 * @module
 */

import { freezeComponent, killComponent, type Component } from '../../../tests/support/kubernetes/faults.ts';
import { forSomeTime, type FaultKind } from './active-fault.ts';
import { OTHER_NAMESPACE } from './context-faults.ts';
import type { FaultName } from './fault-names.ts';
import * as ofMembers from './member-faults.ts';
import * as inNamespace from './namespace-faults.ts';
import * as ofTheClass from './refusal-faults.ts';
import * as whileDown from './down-faults.ts';
import * as onTheWay from './transport-faults.ts';

/** A part of the bed that is gone, or stands still, for so long; whoever tests waits until it works again. */
function without(component: Component, ms: number, take = killComponent): FaultKind {
  return {
    begin: async ({ scene }) => {
      const taken = await take(scene.database.bed, component);
      return { mend: forSomeTime(ms, async () => taken[Symbol.asyncDispose]()) };
    },
  };
}

/** All. */
export const FAULTS: Readonly<Record<FaultName, FaultKind>> = {
  'the API is away for 8 s': onTheWay.apiAway(8000),
  'the API is away for 40 s': onTheWay.apiAway(40_000),
  'a change is answered 409': onTheWay.CONFLICT,
  'watches are answered 410': onTheWay.GONE,
  'watches and logs are cut after 200 ms': onTheWay.CUT_STREAMS,
  'throttled: 429 for 12 requests': onTheWay.THROTTLED,
  'the answers of three changes are lost': onTheWay.LOST_ANSWERS,
  '503 for 8 requests': onTheWay.UNAVAILABLE,
  'programs and ports in pods are cut after 200 ms': onTheWay.CUT_SOCKETS,
  'the token has ended': onTheWay.expiredToken(false),
  'the token has ended, and is renewed': onTheWay.expiredToken(true),
  'the live pod is deleted': inNamespace.LIVE_POD_DELETED,
  'the live server is killed': inNamespace.LIVE_SERVER_KILLED,
  'the rehearsal’s pod is deleted': inNamespace.REHEARSAL_DELETED,
  'the rehearsal’s pod is evicted': inNamespace.REHEARSAL_EVICTED,
  'the rehearsal is killed for its memory': inNamespace.REHEARSAL_OUT_OF_MEMORY,
  'a pod at the volume is deleted': inNamespace.VOLUME_POD_DELETED,
  'another hand scales up': inNamespace.SCALED_UP,
  'another hand scales down': inNamespace.SCALED_DOWN,
  'a claim stays Terminating': inNamespace.CLAIM_STUCK,
  'a quota refuses pods': inNamespace.quota({ pods: '0' }, 40_000),
  'a quota refuses claims': inNamespace.quota({ persistentvolumeclaims: '0' }, 90_000),
  'the image cannot be pulled': inNamespace.NO_IMAGE,
  'the Job’s deadline has passed': inNamespace.DEADLINE,
  'Helm upgrades it in the middle': inNamespace.UPGRADED,
  'the API server is killed for 20 s': without('apiserver', 20_000),
  'the API server is killed for 50 s': without('apiserver', 50_000),
  'the API server stands still for 12 s': without('apiserver', 12_000, freezeComponent),
  'the kubelet is killed for 30 s': without('kubelet', 30_000),
  'the kubelet is killed for 60 s': without('kubelet', 60_000),
  'the controllers are killed for 30 s': without('controllers', 30_000),
  'no volume is provisioned for 40 s': without('provisioner', 40_000),
  'the live pod is evicted': inNamespace.LIVE_POD_EVICTED,
  'the live server crashes again and again, and the pod that pushes its WAL is deleted': whileDown.REST_POD_DELETED,
  'the live server crashes again and again, and walkback is killed while its WAL is pushed': whileDown.KILLED_IN_REST,
  'the cluster’s image cannot be pulled': whileDown.noImage(),
  'the cluster’s image cannot be pulled for 40 s': whileDown.noImage(40_000),
  'the storage class refuses claims': ofTheClass.CLASS_REFUSES,
  'a limit refuses claims of that size': ofTheClass.LIMIT_REFUSES,
  'it is gone on with in another namespace first': OTHER_NAMESPACE,
  'the joining pod is deleted': ofMembers.JOINING_DELETED,
  'the joining pod is evicted': ofMembers.JOINING_EVICTED,
  'the joining pod is killed for its memory': ofMembers.JOINING_OUT_OF_MEMORY,
  'the leader is deleted while another joins': ofMembers.LEADER_DELETED,
};
