/**
 * `walkback agent`: the resident process beside a server.
 *
 * @module
 */

import { runAgent } from '../../archive/agent.ts';
import { agentDuties } from '../../app/agent-duties.ts';
import { PushedSegmentIndexes } from '../../app/index-pushed-segments.ts';
import { KeptNames } from '../../app/keep-names.ts';
import { openArchive } from '../../app/open-archive.ts';
import { connectionSettings } from '../../app/open-instance.ts';
import { serverDataDirectory } from '../../app/server-data-directory.ts';
import { databasesOf, type ConnectToDatabase } from '../../instance/read-catalog.ts';
import { defineCommand } from '../command.ts';
import { path } from '../options.ts';
import { agentLine, dutyLine, type AgentLine } from '../output/agent-words.ts';

/** The command. */
export const agent = defineCommand({
  path: ['agent'],
  summary: 'Push WAL ahead of the server, fetch it ahead of replay, and serve the spool, until stopped',
  description:
    'One agent runs beside one server. With it, archive_command and restore_command are walkback-archive and walkback-restore, which start no program for a segment that is ready.',
  settings: ['archive', 'writing', 'server', 'agent'],
  options: {
    serverDataDirectory: path(
      'The data directory by the path that the server sees, when it is mounted elsewhere there',
    ),
  },
  examples: [{ line: 'walkback agent --data-directory /var/lib/postgresql/17/main', does: 'with the spool beside it' }],
  run: async (given, { settings, signal, reporter }) => {
    await using archive = await openArchive(settings);
    const dataDirectory = settings.get('dataDirectory') ?? (await serverDataDirectory(settings));
    const { serverDataDirectory: seenAs } = given;
    const { store } = archive;
    const told = { store, onWarning: reporter.warn, signal };
    const isIndexing = settings.get('historyIndex');
    const connectTo: ConnectToDatabase = async (database) => databasesOf(await connectionSettings(settings))(database);
    await using names = isIndexing ? new KeptNames({ ...told, connectTo }) : undefined;
    await using indexes = isIndexing
      ? new PushedSegmentIndexes({ ...told, dataDirectory, onStored: (summary) => names?.takeSegment(summary) })
      : undefined;
    const tell = ({ text, isWarning }: AgentLine) => (isWarning ? reporter.warn(text) : reporter.note(text));
    const ended = new AbortController();
    const doDuties = agentDuties({
      settings,
      archive,
      dataDirectory,
      report: (event) => {
        if (event.kind !== 'chainChecked') tell(dutyLine(event));
      },
      signal: AbortSignal.any([signal, ended.signal]),
    });
    const duties = doDuties();
    await runAgent({
      store,
      dataDirectory,
      ...(seenAs === undefined ? {} : { serverDataDirectory: seenAs }),
      spool: settings.get('spoolDirectory') ?? `${dataDirectory}.spool`,
      compression: archive.compression,
      pushConcurrency: settings.get('uploadConcurrency'),
      fetchConcurrency: settings.get('downloadConcurrency'),
      prefetchBytes: settings.get('prefetchSize'),
      report: (event) => {
        tell(agentLine(event));
        indexes?.take(event);
        if (event.kind === 'serving') names?.begin(event.systemIdentifier);
      },
      signal,
    }).finally(() => ended.abort());
    await duties;
    return { text: () => '', json: { ended: true } };
  },
});
