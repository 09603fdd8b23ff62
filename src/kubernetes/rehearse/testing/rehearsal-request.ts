/**
 * What a rehearsal is asked for in tests of what is made of it.
 *
 * @module
 */

import { live } from '../../carry/testing/namespace-plan.ts';
import type { RehearsalRequest } from '../rehearsal.ts';
import { volumePlan } from './volume-plan.ts';

/** On a new claim, beside the cluster whose image it has. */
export const rehearsalRequest: RehearsalRequest = {
  plan: volumePlan,
  live,
  place: { kind: 'newClaim', leastBytes: 1n },
  walkback: { kind: 'inImage' },
  archive: 'container',
  listens: false,
};
