/**
 * What an index says of the two ends of its segment, as it stands in the index's body.
 *
 * @module
 */

import type { WalStop } from '../postgres/wal-records/wal-stop.ts';
import { bytes, flag, oneOf, optional, position, shape, text, unsigned, type Field } from './index-fields.ts';
import type { SegmentIndex } from './segment-index.ts';

/** What the segment begins with. */
export const headField: Field<SegmentIndex['head']> = shape<SegmentIndex['head']>({
  restBytes: unsigned,
  bytes,
  isOverwritten: flag,
});

/** The record that it cuts. */
export const tailField: Field<SegmentIndex['tail']> = optional(
  shape<NonNullable<SegmentIndex['tail']>>({ lsn: position, totalBytes: unsigned, bytes }),
);

/** Where reading stopped. */
export const stopField: Field<SegmentIndex['stop']> = optional(
  shape<WalStop>({
    kind: oneOf('unwritten', 'stale', 'foreign', 'damaged'),
    fileName: text,
    offsetBytes: unsigned,
    lsn: position,
    reason: text,
  }),
);
