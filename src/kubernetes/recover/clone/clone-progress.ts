/**
 * How far an image is that clones by itself: what its pod can be asked, and what that means. An unmodified Spilo tells no more than
 * its log does; how much is on its volume, and which segment its server replays, can be seen from outside of both. Ours says it in a
 * note beside the data directory (`src/instance/work-note.ts`).
 *
 * Source: PostgreSQL `src/backend/access/transam/xlogrecovery.c`, the title of the startup process: `recovering <segment>`.
 *
 * @module
 */

import { STEP_UNDER_WAY, type Progress } from '../../../base/progress.ts';
import { fieldOf, parseJsonOrNothing } from '../../../base/unknown-value.ts';
import { parseLsn } from '../../../postgres/lsn.ts';
import { formatSegmentName, parseSegmentName, segmentAt, walSegmentSize } from '../../../postgres/wal-segment.ts';
import type { Plan } from '../../../recovery/plan-value.ts';
import { FETCHING, REPLAYING, type CloneSight } from './clone-log.ts';

/** The shown step that it is part of. */
const STEP = 'cut over';

/** A script for `sh`. `$1`: PGDATA; `$2`: what {@link measureOf} says. It prints one line, or none. */
export const MEASURE = `
if [ -r "$1.walkback/work.json" ]; then
  printf 'work %s\\n' "$(cat "$1.walkback/work.json")"
elif [ "$2" = bytes ] && [ -d "$1" ]; then
  printf 'kibibytes %s\\n' "$(du -sk "$1" 2>/dev/null | cut -f 1)"
elif [ "$2" = segment ]; then
  cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' |
    sed -n 's/^postgres:.* startup .*\\([0-9A-F]\\{24\\}\\).*/replays \\1/p' | head -n 1
fi
exit 0
`;

/** What is worth asking, by what its log has said so far. */
export function measureOf({ phase }: CloneSight): 'bytes' | 'segment' | 'note' {
  return phase === FETCHING ? 'bytes' : phase === REPLAYING ? 'segment' : 'note';
}

const MIB = 1024 * 1024;
const SEGMENT_SIZES = Array.from({ length: 11 }, (_, power) => walSegmentSize(MIB * 2 ** power));

/** Segments that are behind it; `undefined`: it is none of the plan's. */
function segmentsBefore(name: string, { replay, target }: Pick<Plan, 'replay' | 'target'>): number | undefined {
  const [from, to] = [parseLsn(replay.fromLsn), parseLsn(target.lsn)];
  if (from === undefined || to === undefined) return undefined;
  // Plans do not hold the size; their names of segments do.
  const size = SEGMENT_SIZES.find(
    (one) =>
      formatSegmentName(segmentAt(1, from, one), one).slice(8) === replay.firstSegment.slice(8) &&
      formatSegmentName(segmentAt(1, to, one), one).slice(8) === replay.lastSegment.slice(8),
  );
  const found = size === undefined ? undefined : parseSegmentName(name, size);
  if (size === undefined || found === undefined) return undefined;
  return Math.min(replay.segments, Math.max(0, Number(found.index - segmentAt(1, from, size).index)));
}

const PHASES: ReadonlyMap<string, string> = new Map([
  ['fetch', FETCHING],
  ['replay', REPLAYING],
]);
const UNITS = ['bytes', 'segments', 'files', 'objects', 'members', 'microseconds'] as const;

function ofNote(text: string): Progress | undefined {
  const note = parseJsonOrNothing(text);
  const [phase, done, total, unit, words] = ['phase', 'done', 'total', 'unit', 'note'].map((key) => fieldOf(note, key));
  const known = UNITS.find((one) => one === unit);
  if (typeof phase !== 'string' || typeof done !== 'number' || known === undefined) return undefined;
  const isNoted = typeof words === 'string' && words !== '';
  return {
    phase: STEP,
    done,
    unit: known,
    ...(typeof total === 'number' ? { total } : {}),
    note: `${PHASES.get(phase) ?? phase}${isNoted ? `, ${words}` : ''}`,
  };
}

/** As it is on its volume; a delta is restored from others too, so that its own size says nothing. */
function ofBytes(kibibytes: number, { backup }: Pick<Plan, 'backup'>): Progress {
  const done = kibibytes * 1024;
  const whole = Number(backup.uncompressedBytes);
  const isTold = !backup.name.includes('_D_') && whole >= done;
  return { phase: STEP, done, unit: 'bytes', ...(isTold ? { total: whole } : {}), note: FETCHING };
}

function counted(plan: Pick<Plan, 'backup' | 'replay' | 'target'>, measured: string): Progress | undefined {
  const [what = '', rest = ''] = measured.trim().split(/ (.*)/s);
  if (what === 'work') return ofNote(rest);
  if (what === 'kibibytes' && /^\d+$/.test(rest)) return ofBytes(Number(rest), plan);
  const done = what === 'replays' ? segmentsBefore(rest, plan) : undefined;
  return done === undefined
    ? undefined
    : { phase: STEP, done, total: plan.replay.segments, unit: 'segments', note: REPLAYING };
}

/** What is shown. @param measured what {@link MEASURE} has printed last. */
export function cloneProgress(
  plan: Pick<Plan, 'backup' | 'replay' | 'target'>,
  sight: CloneSight,
  measured: string,
): Progress {
  return counted(plan, measured) ?? { phase: STEP_UNDER_WAY, done: 0, total: 1, unit: 'members', note: sight.phase };
}
