/**
 * The summary of an index: made of it, and as it stands at the head of the index's object.
 *
 * Rows are counted to the minute in which their transaction ended, if it ended in the same segment, otherwise to that of
 * the segment's last end; rows of PostgreSQL's own catalogs not at all. They are for the bars of a long span, and no more.
 *
 * @module
 */

import type { Major } from '../postgres/versions.ts';
import {
  flag,
  list,
  optional,
  position,
  shape,
  signed,
  signed64,
  text,
  unsigned,
  unsigned32,
  unsigned64,
  type Field,
} from './index-fields.ts';
import { gatherSummary } from './gather-summary.ts';
import type { SegmentIndex, SegmentIndexSummary } from './segment-index.ts';

type Minute = SegmentIndexSummary['minutes'][number];

/** What an index and its summary have in common. */
type Common = Pick<
  SegmentIndex,
  | 'fileName'
  | 'timeline'
  | 'startLsn'
  | 'sizeBytes'
  | 'systemIdentifier'
  | 'major'
  | 'contentCrc'
  | 'first'
  | 'last'
  | 'highestXid'
>;

/** The members that an index and its summary have in common. */
export function commonOf(from: Common): Common {
  const { fileName, timeline, startLsn, sizeBytes, systemIdentifier, major: version, contentCrc } = from;
  const { first, last, highestXid } = from;
  return {
    fileName,
    timeline,
    startLsn,
    sizeBytes,
    systemIdentifier,
    major: version,
    contentCrc,
    first,
    last,
    highestXid,
  };
}

/** The summary of an index. @param objectBytes the size of the archive's object of its segment, where it is known. */
export function summaryOf(index: SegmentIndex, objectBytes?: number): SegmentIndexSummary {
  return { ...commonOf(index), ...gatherSummary(index), isStopped: index.stop !== undefined, objectBytes };
}

const MAJORS: readonly Major[] = [14, 15, 16, 17, 18];

const major: Field<Major> = {
  write: (out, value) => out.unsigned(value),
  read: (from) => {
    const number = from.unsigned();
    const known = MAJORS.find((one) => one === number);
    if (known === undefined) throw from.problem(`PostgreSQL ${number}, which is not known here,`);
    return known;
  },
};

/** The summary in an index object. The order of its members is the format. */
export const summaryField: Field<SegmentIndexSummary> = shape<SegmentIndexSummary>({
  fileName: text,
  timeline: unsigned32,
  startLsn: position,
  sizeBytes: unsigned,
  systemIdentifier: unsigned64,
  major,
  contentCrc: unsigned32,
  first: optional(shape({ lsn: position, previousLsn: position })),
  last: optional(shape({ lsn: position, endLsn: position })),
  highestXid: optional(unsigned32),
  lowestXid: optional(unsigned32),
  firstEndUs: optional(signed64),
  lastEndUs: optional(signed64),
  commitCount: unsigned,
  redoLsns: list(position),
  switchesTo: list(unsigned32),
  isStopped: flag,
  hasDdl: flag,
  objectBytes: optional(unsigned),
  minutes: list(shape<Minute>({ minute: signed, commits: unsigned, rows: unsigned })),
});
