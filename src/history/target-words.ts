/**
 * Targets in words, and as they are typed.
 *
 * @module
 */

import { formatLsn, type Lsn } from '../postgres/lsn.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';

/** `just before transaction 601762`, `2026-06-05T15:02:11.620113Z`, `restore point "x"` … */
export function describeTarget(target: RecoveryTarget): string {
  switch (target.kind) {
    case 'time':
      return target.inclusive ? formatTimeUs(target.timeUs) : `just before ${formatTimeUs(target.timeUs)}`;
    case 'lsn':
      return target.inclusive ? formatLsn(target.lsn) : `just before ${formatLsn(target.lsn)}`;
    case 'xid':
      return `just ${target.inclusive ? 'after' : 'before'} transaction ${target.xid}`;
    case 'transaction':
      return `just ${target.side} transaction ${target.xid}`;
    case 'name':
      return `restore point ${JSON.stringify(target.name)}`;
    case 'latest':
      return 'the end of the archive';
  }
}

/** `--to-time 2026-06-05T15:02:11.620113Z`. */
export function toTimeFlag(timeUs: bigint): string {
  return `--to-time ${formatTimeUs(timeUs)}`;
}

/** `--to-lsn 0/3000028`; with `--exclusive`, stopping before that record. */
export function toLsnFlag(position: Lsn, side: 'before' | 'after' = 'after'): string {
  return `--to-lsn ${formatLsn(position)}${side === 'before' ? ' --exclusive' : ''}`;
}

/** The target as it is typed, its flags complete. */
export function asTyped(target: RecoveryTarget): string {
  const side = 'inclusive' in target && !target.inclusive ? ' --exclusive' : '';
  switch (target.kind) {
    case 'time':
      return `${toTimeFlag(target.timeUs)}${side}`;
    case 'lsn':
      return `${toLsnFlag(target.lsn)}${side}`;
    case 'xid':
      return `--to-xid ${target.xid}${side}`;
    case 'transaction':
      return `--${target.side}-xid ${target.xid}`;
    case 'name':
      return `--to-name '${target.name.replaceAll("'", String.raw`'\''`)}'`;
    case 'latest':
      return '--to-latest';
  }
}

/** ` --timeline 2`, to stand behind other flags: numbers and positions repeat behind a fork. Empty without one. */
export function timelineFlag(timeline: number | undefined): string {
  return timeline === undefined ? '' : ` --timeline ${timeline}`;
}
