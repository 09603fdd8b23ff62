/**
 * What a pod's log says: its last whole state, whatever else is in it.
 *
 * @module
 */

import { isVolumeTaskResult, type VolumeTaskResult } from '../volume/volume-tasks.ts';
import { VOLUME_STATES, type VolumeStatus } from '../volume/volume-status.ts';

function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function isStatus(value: unknown): value is VolumeStatus {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('state' in value)) return false;
  return value.version === 1 && VOLUME_STATES.some((state) => state === value.state) && 'targetLsn' in value;
}

/** The state that a line tells; `undefined` for every other line. */
export function statusOfLine(line: string): VolumeStatus | undefined {
  const value = objectIn(line);
  return isStatus(value) ? value : undefined;
}

/** The last state. */
export function statusOfLog(text: string): VolumeStatus | undefined {
  const lines = text.split('\n');
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    const status = statusOfLine(lines[at] ?? '');
    if (status !== undefined) return status;
  }
  return undefined;
}

/** What work on a volume has answered. */
export function resultsOfLog(text: string): VolumeTaskResult[] {
  return text
    .split('\n')
    .map(objectIn)
    .filter((value) => isVolumeTaskResult(value));
}

/** How a program of ours said that it failed, with `--json`. */
export interface LoggedFailure {
  readonly kind: string;
  readonly message: string;
  readonly remedy: string;
  readonly facts: readonly string[];
}

/** The failure at its end; `undefined` if it tells of none. */
export function failureOfLog(text: string): LoggedFailure | undefined {
  const ending = text
    .split('\n')
    .map(objectIn)
    .findLast((value) => value?.['event'] === 'failed');
  if (ending === undefined) return undefined;
  const { kind, message, remedy, facts } = ending;
  return {
    kind: String(kind),
    message: String(message),
    remedy: typeof remedy === 'string' ? remedy : 'Look at the log of the pod.',
    facts: Array.isArray(facts) ? facts.map(String) : [],
  };
}
