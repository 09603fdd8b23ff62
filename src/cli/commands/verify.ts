/**
 * `walkback verify`: is everything in the archive, and can all of it be read?
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { RateLimiter } from '../../base/rate-limiter.ts';
import { Failure } from '../../base/failure.ts';
import { duration as durationKind } from '../../config/value-kind.ts';
import { verifyArchive } from '../../verify/verify.ts';
import { defineCommand } from '../command.ts';
import { bytes, duration, flag, repeated, text, value } from '../options.ts';
import { verifyJson, verifyText } from '../output/verify-text.ts';

/** Something is damaged or missing. */
const PROBLEMS_EXIT_CODE = 2;
/** Nothing is wrong so far, and time was over before all was read. */
const UNFINISHED_EXIT_CODE = 1;
const LONGEST_MS = 36_525 * 86_400_000;
/** Segments and parts are large: more at a time would not be faster. */
const AT_A_TIME = 4;

function scopeOf(walOnly: boolean, backupsOnly: boolean): 'all' | 'wal' | 'backups' {
  if (walOnly && backupsOnly) {
    throw new Failure('usage', {
      message: 'cannot verify --wal-only and --backups-only at the same time',
      remedy: 'Give neither of them to verify both.',
    });
  }
  return walOnly ? 'wal' : backupsOnly ? 'backups' : 'all';
}

/** The command. */
export const verify = defineCommand({
  path: ['verify'],
  summary: 'Verify that the archive holds what it should, and that all of it can be read',
  description:
    'Every segment of WAL is decoded, and none may be missing; every part of every backup is read, and every page in it must carry its checksum. What was proven and is unchanged is not read again; it can be stopped at any time and goes on the next time. Exits 0 when everything is as it should be, 1 when time was over before all was read, 2 when something is wrong.',
  settings: ['archive'],
  options: {
    deep: flag(
      'Also put each backup together as a restore would, with the WAL that makes it consistent, without a disk',
    ),
    backup: repeated(text('Only this backup, or LATEST, and what it builds on; can be given several times', 'NAME')),
    walOnly: flag('Only WAL'),
    backupsOnly: flag('Only backups'),
    again: flag('Read everything, also what was proven before'),
    olderThan: value(durationKind(1000, LONGEST_MS), 'Read again what was proven longer ago than this'),
    for: duration('Stop after this long; the next run goes on'),
    rate: bytes('How many bytes a second are read at most'),
  },
  examples: [
    { line: 'walkback verify', does: 'what was not proven yet' },
    { line: 'walkback verify --for 2h --rate 50MB --older-than 90d', does: 'every night, gently' },
    { line: 'walkback verify --deep --backup LATEST', does: 'the newest backup, restored into nothing' },
  ],
  run: async (given, { settings, reporter, signal }) => {
    const scope = scopeOf(given.walOnly, given.backupsOnly);
    await using archive = await openArchive(settings);
    const nowMs = Date.now();
    let phase = 'wal';
    const report = await verifyArchive(archive.store, {
      scope,
      names: given.backup.length === 0 ? undefined : given.backup,
      isDeep: given.deep,
      notBeforeMs: given.again ? Number.POSITIVE_INFINITY : nowMs - (given.olderThan ?? Number.POSITIVE_INFINITY),
      untilMs: nowMs + (given.for ?? Number.POSITIVE_INFINITY),
      concurrency: Math.min(AT_A_TIME, settings.get('downloadConcurrency')),
      limiter: given.rate === undefined ? undefined : new RateLimiter(given.rate),
      onProgress: (progress) => {
        if (progress.phase !== phase) reporter.finish(phase);
        phase = progress.phase;
        reporter.progress(progress);
      },
      signal,
    });
    reporter.finish(phase);
    return {
      text: (screen) => verifyText(report, screen),
      json: verifyJson(report),
      exitCode: report.findings.length > 0 ? PROBLEMS_EXIT_CODE : report.isDone ? 0 : UNFINISHED_EXIT_CODE,
    };
  },
});
