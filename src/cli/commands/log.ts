/**
 * `walkback log`: the transactions of a span, from the WAL itself.
 *
 * @module
 */

import { LogDigester } from '../../app/log-digest.ts';
import type { LogEnd } from '../../app/log-value.ts';
import { extraNames } from '../../app/names-of-server.ts';
import { openHistory } from '../../app/open-history.ts';
import { openLog, type OpenLog } from '../../app/read-log.ts';
import type { LoggedTransaction } from '../../history/transactions/logged-transaction.ts';
import { Failure } from '../../base/failure.ts';
import { noProgress } from '../../base/progress.ts';
import { defineCommand, type Answer } from '../command.ts';
import { exitCodeOfLog } from '../exit-code.ts';
import { FILTER_OPTIONS, filterFrom, SPAN_OPTIONS, spanFrom } from '../history-options.ts';
import { flag, integer } from '../options.ts';
import { linePieces, objectPieces, type LogJsonPieces } from '../output/log-json.ts';
import { followHead, followLine } from '../output/log-list.ts';
import { remarkText } from '../output/log-remark-text.ts';
import { endLines, logHeading, logText, offsetMinutesAt, type LogShape } from '../output/log-text.ts';
import { wrap } from '../output/wrap.ts';
import type { Session } from '../session.ts';

/** So many are listed one by one; more are drawn as bars first. */
const LISTED = 50;
const LARGEST = 10;

interface GivenShape {
  readonly limit: number | undefined;
  readonly largest: number | undefined;
  readonly follow: boolean;
  readonly ndjson: boolean;
}

function checkShape({ limit, largest, follow, ndjson }: GivenShape, isJson: boolean): void {
  const clash =
    limit !== undefined && largest !== undefined
      ? '--limit and --largest'
      : follow && (largest !== undefined || limit !== undefined)
        ? '--follow and --limit or --largest'
        : follow && isJson
          ? '--follow and --json, which is one object'
          : ndjson && isJson
            ? '--json and --ndjson'
            : undefined;
  if (clash === undefined) return;
  throw new Failure('usage', {
    message: `cannot tell what to print: ${clash} are both given`,
    remedy: 'Keep one of them. --ndjson prints transactions as they are read, and goes with --follow.',
  });
}

/** Prints pieces of JSON as the log is read. Answers how it ended. */
async function writeJson(log: OpenLog, pieces: LogJsonPieces, shape: GivenShape, session: Session): Promise<LogEnd> {
  const { write } = session;
  const { largest, limit = Infinity } = shape;
  let count = 0;
  for await (const one of largest === undefined ? log : largestOf(log, largest)) {
    // Not before: what was asked for may be refused when all was read.
    if (count === 0) await write(pieces.begin(log.facts));
    await write(pieces.transaction(one));
    count += 1;
    if (count === limit) break;
  }
  if (count === 0) await write(pieces.begin(log.facts));
  const end = log.end ?? { kind: 'limit' };
  await write(pieces.finish(end, { remarks: log.remarks, ignored: log.ignoredIndexes.kept }));
  return end;
}

/** The largest of a log, when all of it was read. */
async function* largestOf(log: OpenLog, mostLargest: number): AsyncGenerator<LoggedTransaction> {
  const digester = new LogDigester({ mostListed: 0, mostLargest, offsetMinutes: 0 });
  for await (const one of log) digester.take(one);
  yield* digester.digest().largest;
}

/** Prints lines as they come, until it is stopped or the log ends. */
async function writeFollowed(log: OpenLog, { write, screen }: Session): Promise<LogEnd | undefined> {
  const begin = { facts: log.facts, digest: { first: undefined } };
  const notes = log.facts.notes.flatMap((note) => wrap(note, screen.columns));
  await write(`${[...logHeading(begin, screen), ...notes, '', ...followHead(screen)].join('\n')}\n`);
  let toldCount = 0;
  for await (const one of log) {
    for (; toldCount < log.remarks.length; toldCount += 1) {
      const [remark] = log.remarks.slice(toldCount);
      if (remark !== undefined) await write(`${wrap(remarkText(remark, screen), screen.columns).join('\n')}\n`);
    }
    if (one.changes.length + one.definitions.length > 0) await write(`${followLine(one, screen)}\n`);
  }
  const { words } = log.ignoredIndexes;
  if (words !== undefined) await write(`${words}\n`);
  if (log.end !== undefined) await write(`${endLines(log.end, log.lastRead, screen).join('\n')}\n`);
  return log.end;
}

async function readText(log: OpenLog, shape: GivenShape, { screen }: Session): Promise<Answer> {
  const digester = new LogDigester({
    mostListed: shape.limit ?? LISTED,
    mostLargest: shape.largest ?? LARGEST,
    offsetMinutes: offsetMinutesAt(log.facts.sinceUs ?? screen.nowUs(), screen.zone),
  });
  for await (const one of log) digester.take(one);
  const form: LogShape['form'] =
    shape.largest !== undefined ? 'largest' : shape.limit !== undefined ? 'list' : 'overview';
  const { lastRead, end = { kind: 'reached' }, remarks, ignoredIndexes } = log;
  const facts = { ...log.facts, notes: [...log.facts.notes, ignoredIndexes.words ?? []].flat() };
  return {
    text: (on) => logText({ facts, digest: digester.digest(), end, remarks, lastRead }, { form }, on),
    json: undefined,
    exitCode: exitCodeOfLog(end),
  };
}

/** The command. */
export const log = defineCommand({
  path: ['log'],
  summary: 'List what happened: transactions with their tables and rows, from the WAL itself',
  description:
    'Reads the archive, and the pg_wal of the server where its data directory is set. Without a span: all there is behind the last hole; to be followed, the newest segment. A short span is a list; a long one is drawn as bars first, then its largest are listed. Exits 74 if it stopped at a hole, 65 at damage.',
  settings: ['archive', 'server', 'kubernetes'],
  options: {
    ...SPAN_OPTIONS,
    ...FILTER_OPTIONS,
    largest: integer('Only this many, those that changed most', 1, 10_000),
    limit: integer('List this many, from the first on', 1, 1_000_000),
    follow: flag(
      'Go on until stopped: with what is committed, where pg_wal can be read, or else with what is archived',
    ),
    ndjson: flag('One JSON object a line for each transaction, as they are read'),
  },
  examples: [
    { line: 'walkback log --around 08:00 --tz America/Vancouver', does: 'a quarter of an hour to both sides' },
    { line: 'walkback log --since 2026-06-05T13:00:00Z --table orders --op delete', does: 'who deleted orders' },
    { line: 'walkback log --largest 5 --json', does: 'for a program' },
  ],
  run: async (given, session) => {
    const { settings, signal, reporter, isJson } = session;
    checkShape(given, isJson);
    const span = spanFrom(given);
    await using history = await openHistory(settings, { timeline: given.timeline, pgWal: given.pgWal, signal });
    const { namesFrom, follow } = given;
    const onWarning = reporter.warn;
    const { clusterName } = history;
    const opened = await openLog(history, {
      ...span,
      filter: filterFrom(given),
      readExtraNames: extraNames({ settings, namesFrom, clusterName, onWarning }),
      isFollowed: follow,
      onProgress: follow ? noProgress : reporter.progress,
      onWarning,
      signal,
    });
    // Awaited here: the archive is closed on the way out.
    if (!isJson && !given.ndjson && !follow) return await readText(opened, given, session);
    const end =
      isJson || given.ndjson
        ? await writeJson(opened, isJson ? objectPieces() : linePieces(), given, session)
        : await writeFollowed(opened, session);
    return { text: () => '', json: undefined, isWritten: true, exitCode: exitCodeOfLog(end) };
  },
});
