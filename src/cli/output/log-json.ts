/**
 * A log as JSON, piece by piece, so that it is never held whole.
 *
 * `--json` is one object: `{cluster, archive, …, "transactions": […], "end": {…}, "remarks": […], "ignoredIndexes": […]}`, its
 * transactions one a line. `--ndjson` is one transaction a line and nothing else, with the end as `{"end": {…}, …}` in the last line.
 * `remarks` are what bears on how whole the list is: `clockSetBack`, `walLevelMinimal` and `extensionRecords`, each with its `lsn`,
 * and the transaction `behind` which it is; `unloggedTable`, with the `table` that was asked for.
 * `ignoredIndexes` are objects that were of no use, with `key` and `reason`; what they tell of was read instead.
 *
 * @module
 */

import type { LogEnd, LogFacts } from '../../app/log-value.ts';
import type { IgnoredIndex } from '../../history/segment-indexes-object.ts';
import type { LoggedTransaction } from '../../history/transactions/logged-transaction.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { formatTimeUs } from '../../postgres/timestamp.ts';
import type { LogRemark } from '../../app/log-remarks.ts';
import { jsonText } from './json-text.ts';
import { remarkJson } from './log-remark-text.ts';
import { transactionJson } from './transaction-json.ts';

const time = (us: bigint | undefined): string | null => (us === undefined ? null : formatTimeUs(us));

function factsJson(facts: LogFacts) {
  return {
    cluster: facts.clusterName,
    archive: facts.address,
    systemIdentifier: facts.systemIdentifier,
    timeline: facts.timeline,
    since: time(facts.sinceUs),
    until: time(facts.untilUs),
    fromLsn: formatLsn(facts.fromLsn),
    names: facts.names,
    notes: facts.notes,
  };
}

/** How the log ended: `reached`, `limit`, `endOfArchive`, `hole` (with `missing`, `resumes`) or `damage` (with object, place and reason). */
export function endJson(end: LogEnd) {
  switch (end.kind) {
    case 'reached':
    case 'limit':
      return { kind: end.kind };
    case 'endOfArchive':
      return { kind: end.kind, missing: end.missing };
    case 'hole':
      return { kind: end.kind, missing: end.missing, resumes: end.resumes.fileName };
    case 'damage': {
      const { fileName, offsetBytes, lsn, reason, kind } = end.stop;
      return { kind: end.kind, fileName, offsetBytes, lsn: formatLsn(lsn), reason, damage: kind };
    }
  }
}

/** What was met while a log was read, beside transactions. */
export interface MetInLog {
  readonly remarks: readonly LogRemark[];
  readonly ignored: readonly IgnoredIndex[];
}

function endMembers(end: LogEnd, { remarks, ignored }: MetInLog) {
  return { end: endJson(end), remarks: remarks.map(remarkJson), ignoredIndexes: ignored };
}

/** A writer of one log: `begin`, each transaction, `finish`. */
export interface LogJsonPieces {
  readonly begin: (facts: LogFacts) => string;
  readonly transaction: (one: LoggedTransaction) => string;
  readonly finish: (end: LogEnd, met: MetInLog) => string;
}

/** The pieces of `--json`: one object. */
export function objectPieces(): LogJsonPieces {
  let isFirst = true;
  return {
    begin: (facts) => `${jsonText(factsJson(facts)).slice(0, -1)},"transactions":[`,
    transaction: (one) => {
      const separator = isFirst ? '\n' : ',\n';
      isFirst = false;
      return `${separator}${jsonText(transactionJson(one))}`;
    },
    finish: (end, met) => `\n],${jsonText(endMembers(end, met)).slice(1)}\n`,
  };
}

/** The pieces of `--ndjson`: lines. */
export function linePieces(): LogJsonPieces {
  return {
    begin: () => '',
    transaction: (one) => `${jsonText(transactionJson(one))}\n`,
    finish: (end, met) => `${jsonText(endMembers(end, met))}\n`,
  };
}
