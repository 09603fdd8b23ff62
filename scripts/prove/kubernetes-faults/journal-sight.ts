/**
 * What a request says of the journal: walkback writes a line there before it begins a step and after it has done it.
 *
 * @module
 */

import type { ApiSight } from '../../../tests/support/kubernetes/api-proxy.ts';

/** The journal's newest line, as a request writes it. */
export interface JournalLine {
  readonly event: string;
  readonly step: string | undefined;
}

function field(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
    value,
  );
}

/** The line that this request writes; `undefined` if it writes none. */
export function journalLineOf({ method, path, body }: ApiSight): JournalLine | undefined {
  if (method !== 'PATCH' || !/\/configmaps\/walkback-recovery-[^/?]+\?/.test(path)) return undefined;
  if (path.includes('dryRun')) return undefined;
  const journal = field(body, 'data', 'journal');
  if (typeof journal !== 'string') return undefined;
  const line: unknown = JSON.parse(journal.trimEnd().split('\n').at(-1) ?? '{}');
  const step = field(line, 'step');
  return { event: String(field(line, 'event')), step: typeof step === 'string' ? step : undefined };
}

const NO_CHANGE = /\/(?:leases|selfsubjectaccessreviews)(?:[/?]|$)|dryRun=/;

/** Whether it changes something in the namespace, or runs a program there. */
export function isChange(sight: ApiSight): boolean {
  if (sight.isSocket) return /\/exec\?/.test(sight.path);
  return sight.method !== 'GET' && !NO_CHANGE.test(sight.path) && journalLineOf(sight) === undefined;
}
