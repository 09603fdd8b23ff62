/**
 * Progress in words: `1.2 GB of 4.1 GB at 212 MB/s, about 14 s left`.
 *
 * @module
 */

import type { Progress } from '../../base/progress.ts';
import { countOf, formatBytes, formatCount, formatDuration, formatRate } from './format.ts';
import { ratePerSecond, remainingMs, type Step } from './step-list.ts';

function amount(progress: Progress): string | undefined {
  const { done, total, unit } = progress;
  if (unit === 'microseconds') return undefined;
  if (unit === 'bytes')
    return total === undefined ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`;
  const noun = unit.slice(0, -1);
  return total === undefined ? countOf(done, noun) : `${formatCount(done)} of ${countOf(total, noun)}`;
}

function rate(progress: Progress, perSecond: number): string | undefined {
  if (progress.unit === 'bytes') return formatRate(perSecond);
  if (progress.unit === 'microseconds') return undefined;
  return `${perSecond >= 10 ? formatCount(Math.round(perSecond)) : perSecond.toFixed(1)} per second`;
}

/** How far a running step is; its note comes first, unless it is shown elsewhere. */
export function progressText(step: Step, hasNote = true): string {
  const { progress } = step;
  if (progress === undefined) return step.note ?? step.summary;
  const perSecond = ratePerSecond(step);
  const leftMs = remainingMs(step);
  const parts = [
    hasNote ? step.note : undefined,
    amount(progress),
    perSecond === undefined ? undefined : rate(progress, perSecond),
    leftMs === undefined ? undefined : `about ${formatDuration(Math.max(1000, leftMs)).replace('.0 s', ' s')} left`,
  ];
  return parts.filter((part) => part !== undefined && part !== '').join(', ');
}

/** What a finished step did: its note, or how much. */
export function outcomeText(step: Step): string {
  if (step.note !== undefined && step.note !== '') return step.note;
  const { progress } = step;
  if (progress === undefined || progress.unit === 'microseconds') return step.summary;
  const { total: _total, ...soFar } = progress;
  const seconds = (step.endedAtMs - step.begunAtMs) / 1000;
  const overall = progress.unit === 'bytes' && seconds >= 0.1 ? ` at ${formatRate(progress.done / seconds)}` : '';
  return `${amount(soFar) ?? ''}${overall}`;
}
