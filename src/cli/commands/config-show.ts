/**
 * `walkback config show`: every setting, its value and where it came from. Secrets are masked.
 *
 * @module
 */

import { SETTING_NAMES } from '../../config/settings.ts';
import { kebabCase } from '../../config/setting.ts';
import { defineCommand } from '../command.ts';

/** The command. */
export const configShow = defineCommand({
  path: ['config', 'show'],
  summary: 'Show every setting and where its value came from',
  settings: ['archive', 'writing', 'server', 'recovery', 'agent'],
  examples: [{ line: 'walkback config show', does: 'as the other commands would see them, from here' }],
  run: async (_given, session) => {
    const shown = SETTING_NAMES.map((name) => ({ name: kebabCase(name), ...session.settings.shown(name) }));
    const nameWidth = Math.max(...shown.map((setting) => setting.name.length));
    const lines = shown.map(({ name, value, from }) =>
      value === undefined ? `${name.padEnd(nameWidth)}  -` : `${name.padEnd(nameWidth)}  ${value}  (${from ?? ''})`,
    );
    return { text: () => `${lines.join('\n')}\n`, json: { file: session.settings.file?.path, settings: shown } };
  },
});
