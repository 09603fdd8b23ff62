import { describe, expect, it } from 'vitest';

import { flagOf, loadSettings, type Settings } from '../../config/load-settings.ts';
import { kebabCase } from '../../config/setting.ts';
import { SETTING_NAMES, settingOf } from '../../config/settings.ts';
import { PROGRAM } from '../program.ts';
import { checkRelayed } from './check-relayed.ts';
import { relayedCommand, RELAYED } from './relayed-table.ts';

const settings: Settings = await loadSettings({
  flags: new Map([
    ['archive', '/srv/archive'],
    ['timeZone', 'UTC'],
    ['metricsAddress', '9632'],
    ['controlAddress', '9633'],
  ]),
  environment: {},
  workingDirectory: '/',
});

const check = (line: string | readonly string[]) =>
  checkRelayed(typeof line === 'string' ? line.split(' ') : line, { settings, dataDirectory: '/data' });

describe('a command of a caller elsewhere', () => {
  it('is run with the flags of the agent that it takes too, and with its data directory', async () => {
    expect(await check('recover run 7f3a --yes')).toEqual({
      isChanging: true,
      shown: 'recover run 7f3a --yes',
      ownFlags: ['--archive=/srv/archive', '--tz=UTC', '--data-directory=/data'],
    });
  });

  it("has times read as the caller's zone says, if it names one", async () => {
    const { ownFlags } = await check('log --around 08:00 --tz America/Vancouver');
    expect(ownFlags).not.toContain('--tz=UTC');
  });

  it('is shown without what SQL and reasons say, and in one line', async () => {
    const { shown } = await check(['rehearse', '7f3a', '--sql', "select 'hunter2'", '--check-database', 'a\nb']);
    expect(shown).toBe('rehearse 7f3a --sql … --check-database "a\\nb"');
    expect((await check(['freeze', '--reason', 'Anna lost it', '--by', 'Anna'])).shown).toBe(
      'freeze --reason … --by …',
    );
  });

  it.each([
    'agent',
    'wal push x',
    'wal fetch x y',
    'wal-push x',
    'backup delete base_1',
    'prune',
    'verify',
    'history index',
    'wal-g backup-list',
    'attach',
    'recover',
    '--version',
  ])('%j is refused: it is none of the table', async (line) => {
    await expect(check(line)).rejects.toMatchObject({ kind: expect.stringMatching(/refused|usage/) });
  });

  it.each([
    ['recover plan --to-latest --archive /elsewhere', /--archive is for the host to set/],
    ['recover plan --to-latest --data-directory=/elsewhere', /--data-directory is for the host to set/],
    ['recover run 7f3a --stop-command reboot', /--stop-command is for the host to set/],
    ['recover run 7f3a --via https://other:1', /--via is for the host to set/],
    ['status --config /etc/shadow', /--config is not for others/],
    ['status --env-dir /tmp', /--env-dir is not for others/],
    ['rehearse 7f3a --check /etc/shadow', /--check names what is on the host/],
    ['log --pg-wal /elsewhere', /--pg-wal names what is on the host/],
    ['log --names-from host=elsewhere', /--names-from names what is on the host/],
    ['recover status ../../elsewhere', /is a path/],
    ['recover status /elsewhere', /is a path/],
    ['recover run 7f3a -- --yes', /"--" has no meaning/],
    ['recover run 7f3a --yess', /no flag --yess/],
    ['recover run 7f3a --yes=1', /takes no value/],
  ])('%j is refused', async (line, found) => {
    await expect(check(line)).rejects.toThrow(found);
  });

  it('is refused with every setting but the zone', async () => {
    const load = PROGRAM.find(({ path }) => path.join(' ') === 'recover run')?.load;
    const command = await load?.();
    const taken = SETTING_NAMES.filter(
      (name) =>
        command?.settings.includes(settingOf(name).group) === true &&
        settingOf(name).secret !== true &&
        settingOf(name).environmentOnly !== true &&
        name !== 'timeZone',
    );
    expect(taken.length).toBeGreaterThan(20);
    for (const name of taken) {
      await expect(check(`recover run 7f3a ${flagOf(name)}=x`), name).rejects.toMatchObject({ kind: 'refused' });
    }
  });
});

describe('the table of what callers may run', () => {
  it('names commands and options that there are, and none that takes a path', async () => {
    for (const [words, { options }] of RELAYED) {
      const command = await PROGRAM.find(({ path }) => path.join(' ') === words)?.load();
      expect(command, words).toBeDefined();
      for (const option of options) {
        expect(command?.options[option], `${words} --${kebabCase(option)}`).toBeDefined();
        expect(command?.options[option]?.placeholder, `${words} --${kebabCase(option)}`).not.toBe('PATH');
      }
    }
  });

  it('gives those commands, and no others, the settings that say where', async () => {
    for (const { path, load } of PROGRAM) {
      const { settings: groups } = await load();
      const isExpected = relayedCommand(path) !== undefined || ['agent', 'attach'].includes(path.join(' '));
      expect(groups.includes('control'), path.join(' ')).toBe(isExpected);
    }
  });
});
