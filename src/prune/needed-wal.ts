/**
 * Which segments are needed: spans of places in the stream, for each timeline.
 *
 * @module
 */

import type { SegmentRange } from '../history/archived-wal.ts';

/** Segments of one timeline, both ends included; without an end, all that come. */
export interface WalSpan {
  readonly timeline: number;
  readonly firstIndex: bigint;
  readonly lastIndex: bigint | undefined;
}

/** Spans that are asked for by place. */
export class NeededWal {
  readonly #spans = new Map<number, readonly WalSpan[]>();

  constructor(spans: readonly WalSpan[]) {
    for (const [timeline, own] of Map.groupBy(spans, (span) => span.timeline)) this.#spans.set(timeline, joined(own));
  }

  /** Joined and ascending. */
  spansOf(timeline: number): readonly WalSpan[] {
    return this.#spans.get(timeline) ?? [];
  }

  /** True if any of these segments is needed. */
  needs(timeline: number, firstIndex: bigint, lastIndex = firstIndex): boolean {
    return this.spansOf(timeline).some(
      (span) => span.firstIndex <= lastIndex && (span.lastIndex === undefined || span.lastIndex >= firstIndex),
    );
  }

  /** What of these ranges is not needed, ascending. */
  notNeededOf(timeline: number, ranges: readonly SegmentRange[]): SegmentRange[] {
    return ranges.flatMap((range) => without(range, this.spansOf(timeline)));
  }
}

function joined(spans: readonly WalSpan[]): WalSpan[] {
  const result: WalSpan[] = [];
  for (const span of spans.toSorted((a, b) =>
    a.firstIndex < b.firstIndex ? -1 : a.firstIndex > b.firstIndex ? 1 : 0,
  )) {
    const before = result.at(-1);
    if (before === undefined || (before.lastIndex !== undefined && before.lastIndex + 1n < span.firstIndex)) {
      result.push(span);
    } else {
      result[result.length - 1] = { ...before, lastIndex: later(before.lastIndex, span.lastIndex) };
    }
  }
  return result;
}

function later(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return undefined;
  return a > b ? a : b;
}

function without(range: SegmentRange, spans: readonly WalSpan[]): SegmentRange[] {
  const left: SegmentRange[] = [];
  let { firstIndex } = range;
  for (const span of spans) {
    if (span.lastIndex !== undefined && span.lastIndex < firstIndex) continue;
    if (span.firstIndex > range.lastIndex) break;
    if (span.firstIndex > firstIndex) left.push({ firstIndex, lastIndex: span.firstIndex - 1n });
    if (span.lastIndex === undefined) return left;
    firstIndex = span.lastIndex + 1n;
  }
  if (firstIndex <= range.lastIndex) left.push({ firstIndex, lastIndex: range.lastIndex });
  return left;
}
