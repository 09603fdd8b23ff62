/**
 * A namespace in which a Job does the work: opened as the Job's own ServiceAccount where this user may act as that, so that what is
 * planned is what it may do.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';
import { findCluster } from '../kubernetes/find/find-cluster.ts';
import { openNamespaceRecovery, type OpenNamespace } from './open-namespace-recovery.ts';
import { clusterChoice, openNamespace } from './open-namespace.ts';
import type { RecoveryRun } from './open-recovery-uses.ts';

/** A namespace with somebody who works there. */
export interface OpenCarrier extends OpenNamespace {
  /** The ServiceAccount of the Job. */
  readonly account: string;
  /** False: this user may not act as it, and has looked with rights of their own. */
  readonly isAccount: boolean;
  /** Flags for the Job of settings that it cannot know. */
  readonly flags: readonly string[];
}

/** The longest name that leaves room for what the chart puts behind it. */
const MOST_NAME = 54;

/** As the chart calls it. */
export function usualAccount(statefulSet: string): string {
  return `${statefulSet.slice(0, MOST_NAME)}-recovery`;
}

function checkSettings(settings: Settings): void {
  if (settings.find('archive')?.source.kind !== 'flag') return;
  throw new Failure('usage', {
    message:
      'cannot use --archive together with --in-cluster: the Job reaches the archive as the pods of the cluster do',
    remedy: 'Leave one of them out.',
  });
}

function flagsOf(settings: Settings): string[] {
  const timeout = settings.find('archiveTimeout');
  return timeout === undefined || timeout.source.kind === 'default' ? [] : [`--archive-timeout=${timeout.text}`];
}

/** Opens it. @throws {Failure} as {@link openNamespaceRecovery}. */
export async function openCarrier(settings: Settings, run: RecoveryRun): Promise<OpenCarrier> {
  checkSettings(settings);
  await using own = await openNamespace(settings);
  const { cluster } = await findCluster(own, clusterChoice(settings));
  const account = settings.get('serviceAccount') ?? usualAccount(cluster.name);
  const access = { verb: 'impersonate', group: '', resource: 'serviceaccounts', name: account };
  const isOwnChoice = settings.find('actAs') !== undefined;
  const isAccount = !isOwnChoice && (await own.isAllowed(access));
  const actAs = `system:serviceaccount:${own.where.namespace}:${account}`;
  const opened = await openNamespaceRecovery(settings, run, isAccount ? actAs : undefined);
  return { ...opened, account, isAccount, flags: flagsOf(settings) };
}
