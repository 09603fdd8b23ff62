/**
 * Reads the objects of one backup, several at a time, and writes down which were proven.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { isFailure } from '../base/failure.ts';
import { noProgress } from '../base/progress.ts';
import { ContentMeter } from '../restore/content-meter.ts';
import type { PageLayout } from '../restore/increment-writer.ts';
import { normalizeEntryName } from '../restore/restored-path.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { FilesMetadata } from '../walg/files-metadata.ts';
import type { BackupLedger } from './backup-ledger.ts';
import type { ListedPart } from './backup-objects.ts';
import { checkObject, type Expectation } from './check-object.ts';
import { readPart, type ReadPart, type ReadPartOptions } from './read-part.ts';
import { callOptionsOf, isOver, type VerifyLimits } from './read-limits.ts';

/** A backup of which objects are to be read. */
export interface BackupToRead {
  readonly expectation: Expectation;
  readonly layout: PageLayout;
  readonly ledger: BackupLedger;
}

/** What was read. */
export interface ReadObjects {
  /** By the object's name. */
  readonly parts: ReadonlyMap<string, ReadPart>;
  /** What cannot be read, or is not what it should be, and why. */
  readonly problems: readonly { readonly key: string; readonly found: string }[];
  readonly readBytes: number;
  /** False if time was over before all was read. */
  readonly isDone: boolean;
}

/** Reads them. @param onContent called with the bytes of content as they come. */
export async function readObjects(
  store: ObjectStore,
  { expectation, layout, ledger }: BackupToRead,
  wanted: readonly ListedPart[],
  limits: VerifyLimits,
  onContent: (bytes: number) => void,
): Promise<ReadObjects> {
  const { backup, metadata } = expectation;
  const queue = [...wanted];
  const parts = new Map<string, ReadPart>();
  const problems: { key: string; found: string }[] = [];
  let readBytes = 0;
  const incremented = incrementedNames(metadata, backup);
  const meter = new ContentMeter([], noProgress);
  const level = meter.startLevel({ backup, metadata, objects: wanted.map(({ object }) => object) });
  // A backup that holds far more than it says is a bomb.
  const counting: Pick<ReadPartOptions, 'onContent' | 'onEntry'> = {
    onContent: (bytes) => {
      level.onContent(bytes);
      meter.signal.throwIfAborted();
      onContent(bytes);
    },
    onEntry: () => {
      level.onEntry();
      meter.signal.throwIfAborted();
    },
  };
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (isOver(limits)) return void queue.unshift(next);
      const { object, info } = next;
      try {
        const part = await readPart(object, {
          store,
          backup,
          layout,
          incremented,
          ...counting,
          limiter: limits.limiter,
          ...callOptionsOf(limits),
        });
        const isProven = checkObject(expectation, object, part);
        parts.set(object.objectName, part);
        await ledger.note(info, damagedPagesText(part), isProven);
      } catch (error) {
        if (!isFailure(error, 'corrupt') && !isFailure(error, 'refused')) throw error;
        ledger.disprove(info, error.message);
        problems.push({ key: object.key, found: error.message });
      }
      readBytes += info.sizeBytes;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, limits.concurrency) }, lane));
  return { parts, problems, readBytes, isDone: queue.length === 0 };
}

function incrementedNames(metadata: FilesMetadata | undefined, backup: Backup): ReadonlySet<string> {
  const files = [...(metadata?.files ?? [])].filter(([, { isIncremented }]) => isIncremented);
  return new Set(files.map(([name]) => normalizeEntryName(name, backup.name)));
}

/** `base/5/16384: blocks 7, 9`, for a person; `undefined` if there are none. */
function damagedPagesText({ damagedFiles }: ReadPart): string | undefined {
  if (damagedFiles.length === 0) return undefined;
  return damagedFiles
    .map(({ name, blocks }) => `${name}: ${blocks.length === 1 ? 'block' : 'blocks'} ${blocks.slice(0, 10).join(', ')}`)
    .slice(0, 20)
    .join('; ');
}
