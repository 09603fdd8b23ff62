/**
 * Feeds WAL to a private server: an agent of our own that only fetches, with a spool in the recovery's folder.
 *
 * The `restore_command` is the same for the same folder, so a server goes on with it when another run feeds it. With
 * nobody feeding it, it ends above 125, which stops a server instead of letting it open short of its target.
 *
 * @module
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { runAgent } from '../archive/agent.ts';
import { isFailure } from '../base/failure.ts';
import { quoteForShell } from '../instance/run-program.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { recoveryFile, type PrivateContext, type ReplayUses } from './recovery-context.ts';
import type { WalFeed } from './uses.ts';

const RESTORE_SCRIPT = fileURLToPath(new URL('../archive/sh/walkback-restore', import.meta.url));

/** What to feed, and from where. */
export interface FeedWalOptions {
  readonly store: ObjectStore;
  readonly dataDirectory: string;
  /** A folder of the feed's own. */
  readonly spool: string;
  /** Where `walkback-restore` is; the one beside this module unless told. */
  readonly restoreScript?: string;
  readonly concurrency?: number;
}

/** Begins to feed. Disposing ends it; what ended it early is thrown then. */
export function feedWal(options: FeedWalOptions): WalFeed {
  const { store, dataDirectory, spool, concurrency = 4 } = options;
  const end = new AbortController();
  const running = runAgent({
    store,
    dataDirectory,
    spool,
    fetchConcurrency: concurrency,
    isFetchOnly: true,
    signal: end.signal,
  });
  running.catch(() => {});
  const script = quoteForShell(options.restoreScript ?? RESTORE_SCRIPT).replaceAll('%', '%%');
  return {
    restoreCommand: `sh ${script} ${quoteForShell(join(spool)).replaceAll('%', '%%')} "%f" "%p"`,
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await running.catch((error: unknown) => {
        if (!isFailure(error)) throw error;
      });
    },
  };
}

/** A private server of a recovery, and where its WAL is. */
interface FedContext extends PrivateContext {
  readonly uses: PrivateContext['uses'] & Pick<ReplayUses, 'store' | 'restoreScript' | 'concurrency'>;
}

/** Feeds a private server of a recovery. */
export function feedFor(context: FedContext, dataDirectory: string): WalFeed {
  const { store, restoreScript, concurrency } = context.uses;
  return feedWal({
    store,
    dataDirectory,
    spool: recoveryFile(context, 'spool'),
    ...(restoreScript === undefined ? {} : { restoreScript }),
    ...(concurrency === undefined ? {} : { concurrency }),
  });
}
