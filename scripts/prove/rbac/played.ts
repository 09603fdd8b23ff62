/**
 * A cluster that rights are tried with, and the account that the chart makes for it.
 *
 * @module
 */

import type { PatroniDatabase } from '../../../tests/support/kubernetes/patroni-database.ts';
import type { Granted, renderAccount } from './chart-account.ts';

/** The cluster, with a bad transaction in its past. */
export interface Played {
  readonly database: PatroniDatabase;
  readonly account: Awaited<ReturnType<typeof renderAccount>>;
  readonly xid: number;
  readonly log: (line: string) => void;
}

/** `patch persistentvolumes` */
export function words({ verb, resource }: Granted): string {
  return `${verb} ${resource}`;
}

/** With exactly the rights of the chart's account. */
export function asAccount({ namespace, name }: PatroniDatabase): Record<string, string> {
  return { WALKBACK_ACT_AS: `system:serviceaccount:${namespace.name}:${name}-recovery` };
}

/** Says what is missing, and where: the right by its verb and resource. */
export function names(text: string, { resource, verb }: Granted): boolean {
  return text.includes(resource.split('/')[0] ?? '') && text.includes(verb);
}
