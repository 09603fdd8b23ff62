/**
 * The whole agent, as the settings want it: WAL pushed and fetched, indexes and names kept, its other duties, metrics.
 *
 * @module
 */

import { AgentRecord } from '../agent/agent-record.ts';
import type { DutyEvent } from '../agent/duty-event.ts';
import { healthProblems, healthStatements } from '../agent/health.ts';
import type { ControlOptions } from '../agent/control/serve-control.ts';
import { metricsText, type AgentGauges } from '../agent/metrics.ts';
import type { AgentEvent } from '../archive/agent-event.ts';
import { runAgent } from '../archive/agent.ts';
import { readWaitingFiles } from '../archive/waiting-files.ts';
import type { Settings } from '../config/load-settings.ts';
import { databasesOf, type ConnectToDatabase } from '../instance/read-catalog.ts';
import { openAgentControl, type AgentControlOptions } from './agent-control.ts';
import { agentDuties } from './agent-duties.ts';
import { PushedSegmentIndexes } from './index-pushed-segments.ts';
import { KeptNames } from './keep-names.ts';
import type { Archive } from './open-archive.ts';
import { connectionSettings } from './open-instance.ts';

/** What is run, and who is told. */
export interface WholeAgentOptions {
  readonly settings: Settings;
  readonly archive: Archive;
  readonly dataDirectory: string;
  /** The same directory by the path that the server sees, when that is another. */
  readonly serverDataDirectory: string | undefined;
  /** This program's. */
  readonly version: string;
  readonly onAgentEvent: (event: AgentEvent) => void;
  readonly onDutyEvent: (event: DutyEvent) => void;
  readonly onWarning: (message: string) => void;
  readonly onNote: (line: string) => void;
  /** Looks at a command that a caller elsewhere wants to be run. @throws {Failure} if it may not. */
  readonly checkCommand: AgentControlOptions['check'];
  readonly signal: AbortSignal;
}

async function readGauges(dataDirectory: string, version: string): Promise<AgentGauges> {
  const { count, oldestUs } = await readWaitingFiles(dataDirectory);
  return {
    waitingFiles: count,
    oldestWaitingMs: oldestUs === undefined ? undefined : Number(oldestUs / 1000n),
    version,
  };
}

async function watch(given: WholeAgentOptions, record: AgentRecord, signal: AbortSignal): Promise<void> {
  const { settings, dataDirectory, version, onWarning } = given;
  const address = settings.get('metricsAddress');
  if (address === undefined) return;
  const promise = {
    schedule: settings.get('backupSchedule'),
    zone: settings.get('timeZone') ?? 'UTC',
    dueMs: settings.get('backupDue'),
  };
  const gauges = () => readGauges(dataDirectory, version);
  const answers = {
    metrics: async () => metricsText(record, await gauges()),
    health: async () => ({
      problems: healthProblems(record, await gauges(), promise),
      statements: healthStatements(record),
    }),
  };
  // Node's HTTP server takes 17 MiB that an agent without one does not need.
  const [{ serveHttp }, { agentRoutes }] = await Promise.all([
    import('../agent/serve-http.ts'),
    import('../agent/agent-routes.ts'),
  ]);
  await serveHttp({ ...address, routes: agentRoutes(answers), what: 'metrics', onWarning, signal });
}

async function takeCommands(control: ControlOptions | undefined): Promise<void> {
  if (control === undefined) return;
  // As with the metrics, what an agent without it does not need is not loaded.
  const { serveControl } = await import('../agent/control/serve-control.ts');
  await serveControl(control);
}

/**
 * Runs it until the signal.
 *
 * @throws {Failure} `usage` for settings that are wrong, `conflict` if another agent serves the spool.
 */
export async function runWholeAgent(given: WholeAgentOptions): Promise<void> {
  const { settings, archive, dataDirectory, serverDataDirectory, onWarning } = given;
  const { store } = archive;
  const ended = new AbortController();
  const signal = AbortSignal.any([given.signal, ended.signal]);
  const record = new AgentRecord();
  const told = { store, onWarning, signal };
  const connectTo: ConnectToDatabase = async (database) => databasesOf(await connectionSettings(settings))(database);
  const doDuties = agentDuties({
    settings,
    archive,
    dataDirectory,
    report: (event) => {
      record.takeDutyEvent(event);
      given.onDutyEvent(event);
    },
    onWarning,
    signal,
  });
  const { clusterName } = archive;
  const control = await openAgentControl({ ...given, clusterName, check: given.checkCommand, signal });
  const isIndexing = settings.get('historyIndex');
  await using names = isIndexing ? new KeptNames({ ...told, connectTo }) : undefined;
  await using indexes = isIndexing
    ? new PushedSegmentIndexes({
        ...told,
        dataDirectory,
        onStored: (summary) => {
          record.indexesStored += 1;
          names?.takeSegment(summary);
        },
      })
    : undefined;
  const others = [doDuties(), watch(given, record, signal), takeCommands(control)];
  try {
    await runAgent({
      store,
      forWriting: archive.forWriting,
      dataDirectory,
      ...(serverDataDirectory === undefined ? {} : { serverDataDirectory }),
      spool: settings.get('spoolDirectory') ?? `${dataDirectory}.spool`,
      compression: archive.compression,
      pushConcurrency: settings.get('uploadConcurrency'),
      fetchConcurrency: settings.get('downloadConcurrency'),
      prefetchBytes: settings.get('prefetchSize'),
      report: (event) => {
        record.takeAgentEvent(event);
        given.onAgentEvent(event);
        indexes?.take(event);
        if (event.kind === 'serving') names?.begin(event.systemIdentifier);
      },
      signal,
    });
  } finally {
    ended.abort();
    await Promise.all(others);
  }
}
