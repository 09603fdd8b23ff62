/**
 * An index whose events and work are still in columns: objects are made of them when somebody asks, which who stores the
 * index never does.
 *
 * @module
 */

import type { ChangedBlocks, ChangedFile } from './changed-blocks.ts';
import type { EventColumns } from './event-columns.ts';
import type { IndexEvent, SegmentIndex, XidWork } from './segment-index.ts';
import type { WorkColumns } from './work-columns.ts';

/** What an index was made of. */
export interface IndexColumns {
  readonly events: EventColumns;
  readonly work: WorkColumns;
  readonly changedBlocks: Pick<ChangedBlocks, 'toFiles'>;
}

const COLUMNS = new WeakMap<object, IndexColumns>();

/** The columns of an index that was made here, and is not a changed copy of one; `undefined` for any other. */
export function columnsOfIndex(index: SegmentIndex): IndexColumns | undefined {
  return COLUMNS.get(index);
}

/** An index with events and work from columns, which nobody changes any more. */
export function indexOfColumns(rest: Omit<SegmentIndex, 'events' | 'work'>, columns: IndexColumns): SegmentIndex {
  let events: readonly IndexEvent[] | undefined;
  let work: readonly XidWork[] | undefined;
  const index: SegmentIndex = {
    ...rest,
    get events() {
      events ??= columns.events.toEvents();
      return events;
    },
    get work() {
      work ??= columns.work.toWork();
      return work;
    },
  };
  COLUMNS.set(index, columns);
  return index;
}

/** Which blocks the segment of an index changes; `undefined` if it was not made here. */
export function changedFilesOf(index: SegmentIndex): readonly ChangedFile[] | undefined {
  return columnsOfIndex(index)?.changedBlocks.toFiles();
}
