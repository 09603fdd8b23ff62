/**
 * `wal-g wal-verify`: is the WAL of the server's line in the archive, and is its timeline the newest there.
 *
 * The exit code says that the checks ran, as WAL-G's does; a failed check is also a line of its own on standard error.
 * `walkback verify` reads what the segments hold, and its exit code is the answer.
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import { openInstance } from '../../../app/open-instance.ts';
import { Failure } from '../../../base/failure.ts';
import { lsn, parseLsn, type Lsn } from '../../../postgres/lsn.ts';
import { formatSegmentName, segmentAt } from '../../../postgres/wal-segment.ts';
import type { ObjectStore } from '../../../storage/object-store.ts';
import { formatJson64, type JsonObject } from '../../../walg/json64.ts';
import { detailsOfAll, listedBackups } from '../backup-details.ts';
import { checkIntegrity, highestTimeline, problemOfBackup, type CheckStatus } from '../wal-integrity.ts';
import { readHistoryOf, readWalTimelines, type WalTimelines } from '../wal-timelines.ts';
import type { WalgCommand, WalgGiven, WalgSession } from '../walg-command.ts';
import { WalgUsageError } from '../parse-walg-arguments.ts';
import { boxedTable } from '../walg-tables.ts';

const CHECKS = ['integrity', 'timeline'] as const;
type Check = (typeof CHECKS)[number];

/** Where the server is. */
interface ServerPosition {
  readonly timeline: number;
  readonly position: Lsn;
}

interface Checked {
  readonly name: Check;
  readonly status: CheckStatus;
  readonly text: string;
  readonly details: JsonObject | readonly JsonObject[];
}

const DEFAULT_UPLOADING = 16;

function usage(found: string): Failure {
  return new Failure('usage', {
    message: found,
    remedy: 'For example: wal-g wal-verify integrity timeline.',
  });
}

function checksOf(operands: readonly string[]): Check[] {
  if (operands.length === 0) {
    throw new WalgUsageError(`at least one of the following checks should be specified: ${CHECKS.join(', ')}`);
  }
  const unknown = operands.find((name) => !CHECKS.some((check) => check === name));
  if (unknown !== undefined) throw usage(`unknown check: ${unknown}`);
  return CHECKS.filter((check) => operands.includes(check));
}

function givenPosition(values: ReadonlyMap<string, string>): ServerPosition | undefined {
  const [text, timelineText] = [values.get('lsn'), values.get('timeline')];
  if (text === undefined && timelineText === undefined) return undefined;
  const position = parseLsn(text ?? '');
  const timeline = Number(timelineText);
  if (position !== undefined && Number.isSafeInteger(timeline) && timeline > 0) return { position, timeline };
  throw usage('--lsn and --timeline need a WAL position such as 0/9000000 and a number, both of them');
}

async function askServer({ settings }: WalgSession): Promise<ServerPosition> {
  await using connection = await openInstance(settings);
  const [row] = await connection.query(`
    SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
             THEN coalesce(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
             ELSE pg_catalog.pg_current_wal_lsn() END AS lsn,
           (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()) AS timeline`);
  const position = parseLsn(row?.['lsn'] ?? '');
  const timeline = Number(row?.['timeline'] ?? 0);
  if (position !== undefined && timeline > 0) return { position, timeline };
  throw new Failure('failed', {
    message: 'cannot tell where the server is: it has replayed no WAL yet',
    remedy: 'Give --lsn and --timeline.',
  });
}

/** Where the check starts: the oldest backup on the line, or the one that is named. */
async function startOf(
  store: ObjectStore,
  wal: WalTimelines,
  server: ServerPosition,
  name: string | undefined,
  { log, signal }: WalgSession,
): Promise<Lsn | undefined> {
  const history = await readHistoryOf(store, server.timeline, signal);
  const backups = await detailsOfAll(store, await listedBackups(store, signal), signal);
  const candidates = backups.filter((one) => (name === undefined ? !one.metadata.isPermanent : one.name === name));
  if (name !== undefined && candidates.length === 0) {
    throw new Failure('notInArchive', {
      message: `no backup ${JSON.stringify(name)} in ${store.address}`,
      remedy: 'List what there is: wal-g backup-list',
    });
  }
  const problems: string[] = [];
  const sound = candidates.filter((one) => {
    const timeline = Number.parseInt(one.name.slice(5, 13), 16);
    const problem = problemOfBackup({ ...one, timeline }, server.timeline, history, wal.segmentSizeBytes);
    if (problem === undefined) return true;
    log.warning(`checkBackupIsCorrect: ${one.name}: ${problem}`);
    problems.push(problem);
    return false;
  });
  // Without it the check would begin elsewhere, and answer another question.
  if (name !== undefined && sound.length === 0) {
    throw new Failure('refused', {
      message: `cannot check from ${name}: ${problems.join('; ')}`,
      remedy: 'Name a backup of the line on which the server is: wal-g backup-list',
    });
  }
  const [first] = sound.toSorted((a, b) => (a.metadata.startLsn < b.metadata.startLsn ? -1 : 1));
  if (first === undefined) log.warning('No backup was found that the check could start from');
  else log.info(`Detected earliest available backup: ${first.name}`);
  return first?.metadata.startLsn;
}

async function integrityCheck(
  store: ObjectStore,
  wal: WalTimelines,
  server: ServerPosition,
  given: WalgGiven,
  session: WalgSession,
): Promise<Checked> {
  const size = wal.segmentSizeBytes;
  const { environment } = session.settings;
  const startLsn = await startOf(store, wal, server, given.values.get('backup-name'), session);
  const { status, rows } = checkIntegrity({
    wal,
    // The server may have written all of a segment and nothing of the next.
    current: segmentAt(server.timeline, lsn(server.position === 0n ? 0n : server.position - 1n), size),
    history: await readHistoryOf(store, server.timeline, session.signal),
    startLsn,
    maxDelayed: Number(environment['WALG_INTEGRITY_MAX_DELAYED_WALS'] ?? 0),
    maxUploading: Number(environment['WALG_UPLOAD_CONCURRENCY'] ?? DEFAULT_UPLOADING),
  });
  const details = rows.map((row) => ({
    timeline_id: row.timeline,
    start_segment: formatSegmentName({ timeline: row.timeline, index: row.firstIndex }, size),
    end_segment: formatSegmentName({ timeline: row.timeline, index: row.lastIndex }, size),
    segments_count: Number(row.lastIndex - row.firstIndex) + 1,
    status: row.status,
  }));
  const columns = [
    { title: 'TLI', isRight: true },
    { title: 'START' },
    { title: 'END' },
    { title: 'SEGMENTS COUNT', isRight: true },
    { title: 'STATUS', isRight: true },
  ];
  return {
    name: 'integrity',
    status,
    details,
    text: boxedTable(
      columns,
      details.map((row) => Object.values(row).map(String)),
    ),
  };
}

function timelineCheck(wal: WalTimelines, server: ServerPosition): Checked {
  const highest = highestTimeline(wal);
  const status = highest === 0 ? 'WARNING' : highest === server.timeline ? 'OK' : 'FAILURE';
  const text = `Highest timeline found in storage: ${highest}\nCurrent cluster timeline: ${server.timeline}\n`;
  const details = { current_timeline_id: server.timeline, highest_storage_timeline_id: highest };
  return { name: 'timeline', status, text, details };
}

function textOf(checked: readonly Checked[], isJson: boolean): string {
  if (isJson) {
    return formatJson64(Object.fromEntries(checked.map(({ name, status, details }) => [name, { status, details }])));
  }
  return checked
    .map(
      ({ name, status, text }) =>
        `[wal-verify] ${name} check status: ${status}\n[wal-verify] ${name} check details:\n${text}`,
    )
    .join('');
}

/** The command. */
export const walVerify: WalgCommand = {
  words: 'wal-verify',
  summary: 'Verify WAL storage folder. Available checks: integrity, timeline.',
  usage: 'integrity | timeline …',
  flags: {
    'backup-name': { takes: 'string', summary: 'Verify WAL starting from the specified backup.' },
    json: { summary: 'Show output in JSON format.' },
    lsn: {
      takes: 'string',
      summary: 'Verify WAL for the specified lsn, with --timeline; the server is not asked then.',
    },
    timeline: { takes: 'uint32', summary: 'Verify WAL for the specified timeline, with --lsn.' },
  },
  operands: [0, 2],
  listener: 'operator',
  run: async (given, session) => {
    const checks = checksOf(given.operands);
    await using archive = await openArchive(session.settings);
    const server = givenPosition(given.values) ?? (await askServer(session));
    const wal = await readWalTimelines(archive.store, session.signal);
    if (wal === undefined) {
      throw new Failure('notInArchive', {
        message: `cannot verify: there is no WAL in ${archive.store.address}`,
        remedy: 'Check that this is the right archive, and that archive_command succeeds (pg_stat_archiver).',
      });
    }
    const checked: Checked[] = [];
    for (const name of checks) {
      checked.push(
        name === 'timeline'
          ? timelineCheck(wal, server)
          : await integrityCheck(archive.store, wal, server, given, session),
      );
    }
    await session.streams.out.write(textOf(checked, given.flags.has('json')));
    for (const { name, status } of checked) if (status === 'FAILURE') session.log.error(`the check ${name} failed`);
    return 0;
  },
};
