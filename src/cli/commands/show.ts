/**
 * `walkback show`: one transaction, its neighbours, and how to get to either side of it.
 *
 * @module
 */

import { findTransaction, type TransactionName } from '../../app/find-transaction.ts';
import { EVERYTHING } from '../../app/log-filter.ts';
import { extraNames } from '../../app/names-of-server.ts';
import { openHistory } from '../../app/open-history.ts';
import { openLog } from '../../app/read-log.ts';
import { reachOfTransaction } from '../../app/shown-transaction.ts';
import { Failure } from '../../base/failure.ts';
import { parseLsn } from '../../postgres/lsn.ts';
import { defineCommand } from '../command.ts';
import { exitCodeOfLog } from '../exit-code.ts';
import { SPAN_OPTIONS } from '../history-options.ts';
import { showJson } from '../output/show-json.ts';
import { showText } from '../output/show-text.ts';

const XID = /^\d{1,10}$/;

/** Reads `601762` or `16/B374D848`. */
function nameFrom(text: string): TransactionName {
  const lsn = parseLsn(text);
  if (lsn !== undefined) return { kind: 'lsn', lsn };
  const xid = XID.test(text) ? Number(text) : 0;
  if (xid >= 3 && xid <= 0xffff_ffff) return { kind: 'xid', xid };
  throw new Failure('usage', {
    message: `cannot show ${JSON.stringify(text)}: expected the number of a transaction, or a WAL position such as 16/B374D848`,
    remedy: 'Which transactions there are:\n    walkback log --largest 10',
  });
}

/** The command. */
export const show = defineCommand({
  path: ['show'],
  summary: 'Show one transaction, its neighbours, and how to get to just before or after it',
  description:
    'Takes the number of a transaction, or of a subtransaction, or a WAL position: then the transaction that ends there, or the next one. Exits 74 where a hole, 65 where damage hides the commit behind it.',
  settings: ['archive', 'server', 'kubernetes'],
  operands: {
    transaction: {
      placeholder: 'XID|LSN',
      summary: 'the transaction',
      whenMissing: 'Which transactions there are:\n    walkback log --largest 10',
    },
  },
  options: { timeline: SPAN_OPTIONS.timeline, pgWal: SPAN_OPTIONS.pgWal, namesFrom: SPAN_OPTIONS.namesFrom },
  examples: [
    { line: 'walkback show 601762', does: 'what it did, and the lines to type' },
    { line: 'walkback show 1F/3C4410C8', does: 'the transaction that ends there, or the next one' },
  ],
  run: async (given, { settings, signal, reporter }) => {
    const name = nameFrom(given.transaction);
    await using history = await openHistory(settings, { timeline: given.timeline, pgWal: given.pgWal, signal });
    const { clusterName } = history;
    const onWarning = reporter.warn;
    const request = {
      sinceUs: undefined,
      untilUs: undefined,
      filter: { ...EVERYTHING, withAborted: true },
      readExtraNames: extraNames({ settings, namesFrom: given.namesFrom, clusterName, onWarning }),
      isFollowed: false,
      onProgress: reporter.progress,
      onWarning,
      signal,
    };
    const found = await findTransaction(history, name, (fromLsn) => openLog(history, { ...request, fromLsn }), signal);
    const around = {
      ...found,
      namedTimeline: history.namedTimeline,
      askedXid: name.kind === 'xid' ? name.xid : undefined,
      reach: await reachOfTransaction(history, found.one, signal),
    };
    // Last: what was met while reading is known only now.
    const shown = { ...around, notes: [history.ignoredIndexes.words ?? []].flat() };
    return {
      text: (screen) => showText(shown, screen),
      json: showJson(shown),
      exitCode: exitCodeOfLog(found.end),
    };
  },
});
