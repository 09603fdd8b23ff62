/**
 * `walkback status`: is everything all right?
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { readProtection } from '../../app/read-protection.ts';
import { defineCommand } from '../command.ts';
import { judgeProtection, worstOf } from '../output/status-findings.ts';
import { protectionNumbers } from '../output/status-numbers.ts';
import { LEVEL_CODES, statusText } from '../output/status-text.ts';

/** The command. */
export const status = defineCommand({
  path: ['status'],
  summary: 'Show whether everything is all right: archiver, reach, backup, holes, agent, disk, recoveries under way',
  description:
    'Exits 0 when it is, 1 when somebody should look, 2 when somebody must act now or nothing could be looked at. ' +
    'What --json answers is in docs/reference/status.md.',
  settings: ['archive', 'server', 'recovery', 'agent'],
  examples: [
    { line: 'walkback status', does: 'on one screen' },
    { line: 'walkback status --json', does: 'for monitoring, with numbers' },
  ],
  listener: 'monitoring',
  run: async (_given, { settings, signal, screen }) => {
    await using archive = await openArchive(settings);
    const found = await readProtection(settings, archive, signal);
    const findings = judgeProtection(found, screen);
    const level = worstOf(findings);
    const numbers = protectionNumbers(found, screen.nowUs());
    return {
      text: () => statusText(found, findings, screen),
      json: { cluster: found.clusterName, archive: found.address, level, findings, numbers },
      exitCode: LEVEL_CODES[level],
    };
  },
});
