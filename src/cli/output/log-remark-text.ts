/**
 * What was met in the WAL beside transactions, in words.
 *
 * @module
 */

import type { LogRemark, WalRemark } from '../../app/log-remarks.ts';
import { resourceManagerName } from '../../postgres/wal-records/record-names.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { formatTimeUs } from '../../postgres/timestamp.ts';
import { shownText } from './shown-name.ts';
import { countOf, formatDuration, shortTime } from './format.ts';
import type { Screen } from './screen.ts';

function placeOf({ lsn, behind }: WalRemark, screen: Screen): string {
  const at = formatLsn(lsn);
  return behind === undefined ? at : `${at}, behind ${behind.xid} of ${shortTime(behind.timeUs, screen)}`;
}

/** A sentence or two. */
export function remarkText(remark: LogRemark, screen: Screen): string {
  if (remark.kind === 'unloggedTable') {
    return `${shownText(remark.table)} is or was unlogged: what was done to its rows is not in the WAL, and no log can tell it. A recovery to such a moment leaves it empty.`;
  }
  const at = placeOf(remark, screen);
  switch (remark.kind) {
    case 'clockSetBack': {
      const { behind, toUs } = remark;
      const back = behind === undefined ? '' : ` by ${formatDuration(Number(behind.timeUs - toUs) / 1000)}`;
      return `The server's clock went back${back} at ${at}: commits are listed in the order of the WAL, not of their times.`;
    }
    case 'walLevelMinimal': {
      const until = remark.untilLsn === undefined ? 'on' : `to ${formatLsn(remark.untilLsn)}`;
      return `The server ran with wal_level=minimal from ${at} ${until}: rows of tables that were made or truncated by the same transaction are missing there, and no recovery can go through it.`;
    }
    case 'extensionRecords': {
      const name = resourceManagerName(remark.resourceManager);
      return `An extension wrote records of its own (${name}) in ${countOf(remark.segmentCount, 'segment')}, first at ${at}: if it stores tables, their rows are not in this list.`;
    }
  }
}

/** The objects of JSON. */
export function remarkJson(remark: LogRemark) {
  if (remark.kind === 'unloggedTable') return { kind: remark.kind, table: remark.table };
  const { kind, behind } = remark;
  const place = {
    kind,
    lsn: formatLsn(remark.lsn),
    behind: behind === undefined ? null : { xid: behind.xid, time: formatTimeUs(behind.timeUs) },
  };
  switch (remark.kind) {
    case 'clockSetBack':
      return { ...place, time: formatTimeUs(remark.toUs) };
    case 'walLevelMinimal':
      return { ...place, untilLsn: remark.untilLsn === undefined ? null : formatLsn(remark.untilLsn) };
    case 'extensionRecords':
      return {
        ...place,
        resourceManager: resourceManagerName(remark.resourceManager),
        segmentCount: remark.segmentCount,
      };
  }
}
