/**
 * What the steps of one reset share.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/object-store.ts';
import type { SwapUses } from '../recover/context.ts';
import type { ResetJournal } from '../recover/journal-object.ts';
import type { ResetPlan } from './plan-value.ts';

/** An archive that is open for a moment. */
export interface ArchiveNow extends AsyncDisposable {
  readonly store: ObjectStore;
}

/** What a reset works with. `store` is the archive as it was when the program began. */
export interface ResetUses extends SwapUses {
  /** The archive that the StatefulSet's variables name now. */
  readonly archiveNow: () => Promise<ArchiveNow>;
}

/** One reset at work. */
export interface ResetContext {
  readonly uses: ResetUses;
  readonly plan: ResetPlan;
  readonly journal: ResetJournal;
}
