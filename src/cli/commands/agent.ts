/**
 * `walkback agent`: the resident process beside a server.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { runWholeAgent } from '../../app/run-whole-agent.ts';
import { serverDataDirectory } from '../../app/server-data-directory.ts';
import { defineCommand } from '../command.ts';
import { path } from '../options.ts';
import { agentLine, dutyLine, type AgentLine } from '../output/agent-words.ts';
import { PushFailureWords } from '../output/push-failure-words.ts';
import { programVersion } from '../version.ts';

/** The command. */
export const agent = defineCommand({
  path: ['agent'],
  summary:
    'Protect a server until stopped: push its WAL, fetch it for replay, index it, take backups, heal holes, prune',
  description:
    'One agent runs beside one server. With it, archive_command and restore_command are walkback-archive and walkback-restore, which start no program for a segment that is ready. Beside a primary it also takes backups, prunes and heals, as the settings say; of several agents on one archive, one does.',
  settings: ['archive', 'writing', 'server', 'keep', 'agent', 'control'],
  options: {
    serverDataDirectory: path(
      'The data directory by the path that the server sees, when it is mounted elsewhere there',
    ),
  },
  examples: [
    { line: 'walkback agent --data-directory /var/lib/postgresql/17/main', does: 'with the spool beside it' },
    { line: 'walkback agent --backup-schedule "30 2 * * *" --metrics-address 9632', does: 'with a backup every night' },
  ],
  run: async (given, { settings, signal, reporter, checkForCaller }) => {
    await using archive = await openArchive(settings, { onAway: reporter.warn });
    const tell = (line: AgentLine | undefined) => {
      if (line?.isWarning === true) reporter.warn(line.text);
      else if (line !== undefined) reporter.note(line.text);
    };
    const failures = new PushFailureWords();
    const dataDirectory = settings.get('dataDirectory') ?? (await serverDataDirectory(settings));
    await runWholeAgent({
      settings,
      archive,
      dataDirectory,
      serverDataDirectory: given.serverDataDirectory,
      version: await programVersion(),
      onAgentEvent: (event) => tell(event.kind === 'pushFailed' ? failures.line(event) : agentLine(event)),
      onDutyEvent: (event) => tell(dutyLine(event)),
      onWarning: reporter.warn,
      onNote: reporter.note,
      checkCommand: (args) => checkForCaller(args, dataDirectory),
      signal,
    });
    return { text: () => '', json: { ended: true } };
  },
});
