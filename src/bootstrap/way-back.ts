/**
 * How a cluster that a clone has made is got back once its data and its DCS are lost: by a clone to the end of its own archive.
 * Such a clone loses nothing that the cluster has archived, so it may be made as often as the cluster is lost, with variables
 * that were left set for it. Everything else would take the cluster back to where it began.
 *
 * @module
 */

import type { Timelines } from '../history/timelines.ts';
import { asTyped } from '../history/target-words.ts';
import type { CloneRequestFacts } from './clone-plan-value.ts';

/** What was asked for brings all of it back, or its line of history has to be named. */
export type WayBack = { readonly kind: 'this' } | { readonly kind: 'line'; readonly timeline: number };

const TO_THE_END = asTyped({ kind: 'latest' });

/** True if all is asked for that the cluster's own archive has of some line. */
export function isToOwnEnd({ target, archiveAddress, writesTo }: CloneRequestFacts): boolean {
  return target === TO_THE_END && archiveAddress === writesTo;
}

/**
 * Whether a request to the end of the own archive follows the cluster's own line.
 *
 * @param made the timeline that the clone has begun.
 * @param timelines those of the archive; `made` is one of them.
 */
export function wayBack({ timeline }: CloneRequestFacts, made: number, timelines: Timelines): WayBack {
  const goesOnAs = timelines.all.findLast((one) => leadsOver(timelines, one, made)) ?? made;
  const followed = timeline === 0 ? timelines.latest : timeline;
  return followed === goesOnAs ? { kind: 'this' } : { kind: 'line', timeline: goesOnAs };
}

function leadsOver(timelines: Timelines, timeline: number, made: number): boolean {
  if (timeline === made) return true;
  return timelines.isKnown(timeline) && timelines.lineOf(timeline).ancestors.some((one) => one.timeline === made);
}
