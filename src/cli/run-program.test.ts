import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Failure } from '../base/failure.ts';
import { defineCommand, type Command } from './command.ts';
import * as options from './options.ts';
import type { ProgramEntry } from './program.ts';
import { runProgram, type Surroundings } from './run-program.ts';
import type { OutputStream } from './streams.ts';

function captured(): OutputStream & { readonly text: () => string } {
  const stream = new PassThrough();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const write = async (text: string) => void stream.write(text);
  return { isTTY: false, columns: undefined, stream, write, text: () => Buffer.concat(chunks).toString() };
}

const seen: unknown[] = [];

const wait = defineCommand({
  path: ['test', 'wait'],
  summary: 'Wait to be stopped',
  settings: [],
  examples: [],
  run: async (_given, { signal }) => {
    signal.throwIfAborted();
    await new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')), { once: true });
    });
    return { text: () => '', json: {} };
  },
});

const show = defineCommand({
  path: ['test', 'show'],
  summary: 'Show what was given',
  settings: ['archive'],
  operands: {
    name: { placeholder: 'NAME', summary: 'a name' },
    files: { placeholder: 'FILE', summary: 'files', isOptional: true, isRest: true },
  },
  options: {
    toTime: options.instant('a time'),
    toLsn: options.lsn('a position'),
    size: options.bytes('a size'),
    wait: options.duration('a duration'),
    yes: options.flag('do not ask'),
    check: options.repeated(options.path('checks')),
    mode: options.choice('a mode', ['full', 'delta']),
    timeline: options.timeline('a timeline'),
  },
  examples: [{ line: 'walkback test show a', does: 'shows a' }],
  run: async (given, session) => {
    seen.push(given);
    session.reporter.note('looking');
    return {
      text: () => `name ${given.name}, archive ${session.settings.get('archive') ?? 'none'}\n`,
      json: { name: given.name, toTime: given.toTime },
      exitCode: given.name === 'attention' ? 1 : 0,
    };
  },
});

const fail = (listener: Command['listener'], error: unknown) =>
  defineCommand({
    path: ['test', 'fail'],
    summary: 'Fail',
    settings: [],
    listener,
    examples: [],
    run: () => Promise.reject(error),
  });

const refused = new Failure('refused', {
  message: 'cannot recover: archive ends',
  facts: ['The last commit is 601966.'],
  remedy: 'go on:    walkback recover plan --to-latest',
  cause: new Error('deeper'),
});

async function run(args: string, given: Surroundings & { readonly failing?: Command } = {}) {
  const out = captured();
  const err = captured();
  const program: ProgramEntry[] = [wait, show, ...(given.failing === undefined ? [] : [given.failing])].map(
    (command) => ({
      path: command.path,
      load: async () => command,
    }),
  );
  const streams = { in: new PassThrough(), out, err };
  const code = await runProgram(args === '' ? [] : args.split(' '), { program, environment: {}, streams, ...given });
  return { code, out: out.text(), err: err.text() };
}

describe('a command line', () => {
  it('reaches the command with every value read', async () => {
    const line =
      'test show a --to-time 2026-06-05T15:02:11Z --to-lsn 1F/3A --size 1MB --wait 5s --yes --check /a --check=/b --mode delta --timeline 3 f1 f2';
    expect((await run(line)).code).toBe(0);
    expect(seen.at(-1)).toEqual({
      name: 'a',
      files: ['f1', 'f2'],
      toTime: 1_780_671_731_000_000n,
      toLsn: 0x1f_0000003an,
      size: 1_048_576,
      wait: 5000,
      yes: true,
      check: ['/a', '/b'],
      mode: 'delta',
      timeline: 3,
    });
  });

  it('leaves what is not given undefined, false or empty', async () => {
    await run('test show a');
    expect(seen.at(-1)).toEqual({ name: 'a', files: [], yes: false, check: [], ...undefinedOnes });
  });

  it('takes settings as flags, and reads local times in the zone of --tz', async () => {
    const { out } = await run('test show a --archive /srv/x --tz America/Vancouver --to-time 2026-06-05T08:02:11');
    expect(out).toBe('name a, archive /srv/x\n');
    expect(seen.at(-1)).toMatchObject({ toTime: 1_780_671_731_000_000n });
  });

  it('may hold an operand that looks like a flag behind --', async () => {
    await run('test show -- --odd');
    expect(seen.at(-1)).toMatchObject({ name: '--odd' });
  });

  it.each([
    ['test show', 'NAME is missing', '--help'],
    ['test show a --targt-time=x', 'it has no flag --targt-time', '--help'],
    ['test show a --to-tiem=x', 'it has no flag --to-tiem', 'Did you mean --to-time?'],
    ['test show a --to x', 'it has no flag --to', 'Give one of --to-time, --to-lsn.'],
    ['test show a -x', 'it has no flag -x', '--help'],
    ['test show a --to-time', '--to-time needs a value', '--help'],
    ['test show a --to-lsn --yes', '--to-lsn needs a value, and --yes looks like a flag', '--to-lsn=--yes'],
    ['test show a --yes=true', '--yes takes no value, but "true" is given', '--help'],
    ['test show a --no-yes', 'it has no flag --no-yes', '--help'],
    ['test show a --mode full --mode delta', '--mode is given twice', '--help'],
    ['test show a --mode half', 'cannot use "half" for --mode: expected one of full, delta', '--mode'],
    ['test show a --to-lsn 1F3A', 'expected a WAL position', '16/B374D848'],
    ['test show a --to-time 2026-06-05', 'expected a time', '--tz'],
    ['test show a --color=blue', 'expected auto, always or never', 'one of these'],
    ['test show a --tz PST', 'expected an IANA time zone', 'America/Vancouver'],
    ['test wait b', 'it has no place for "b"', '--help'],
    ['test shw a', 'cannot run "test shw": there is no such command', 'Did you mean "walkback test show"?'],
    ['', 'cannot run: no command is given', 'one of the commands above'],
    ['test', '"test" is not a whole command', 'one of the commands above'],
    ['--yes test show a', 'cannot run', 'one of the commands above'],
  ])('is refused: %s', async (line, found, remedy) => {
    const { code, out, err } = await run(line);
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(err).toContain(found);
    expect(err).toContain(remedy);
  });
});

const undefinedOnes = {
  toTime: undefined,
  toLsn: undefined,
  size: undefined,
  wait: undefined,
  mode: undefined,
  timeline: undefined,
};

describe('a directory of variables', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'walkback-env-'));
    await writeFile(join(directory, 'WALKBACK_ARCHIVE'), '/srv/from-directory\n');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('counts before the environment, and may be named before the command, behind it or by a variable', async () => {
    const environment = { WALKBACK_ARCHIVE: '/srv/x' };
    for (const line of [
      `--env-dir ${directory} test show a`,
      `--env-dir=${directory} test show a`,
      `test show a --env-dir ${directory}`,
    ]) {
      expect(await run(line, { environment })).toMatchObject({ out: 'name a, archive /srv/from-directory\n' });
    }
    const named = { ...environment, WALKBACK_ENV_DIR: directory };
    expect(await run('test show a', { environment: named })).toMatchObject({
      out: 'name a, archive /srv/from-directory\n',
    });
  });

  it('named by a variable does not reach a command that reads the environment itself', async () => {
    const own = defineCommand({
      path: ['test', 'own'],
      summary: 'Read the own environment',
      settings: [],
      ownEnvironment: true,
      examples: [],
      run: async (_given, { settings }) => ({
        text: () => `${settings.environment['WALKBACK_ARCHIVE'] ?? 'none'}\n`,
        json: {},
      }),
    });
    const environment = { WALKBACK_ENV_DIR: directory };
    expect(await run('test own', { environment, failing: own })).toMatchObject({ out: 'none\n' });
    expect(await run(`test own --env-dir ${directory}`, { environment, failing: own })).toMatchObject({
      out: '/srv/from-directory\n',
    });
  });

  it.each([
    ['--env-dir', '--env-dir needs a value'],
    ['--env-dir /nowhere test show a', 'cannot use the environment directory /nowhere'],
    ['--env-dir /a test show a --env-dir /b', '--env-dir is given as /a and as /b'],
  ])('is refused: %s', async (line, found) => {
    const { code, err } = await run(line);
    expect({ code, err }).toEqual({ code: 64, err: expect.stringContaining(found) });
  });
});

describe('an answer', () => {
  it('is text on standard output, with what happened meanwhile on standard error', async () => {
    const { code, out, err } = await run('test show a');
    expect({ code, out }).toEqual({ code: 0, out: 'name a, archive none\n' });
    expect(err).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z looking\n$/);
  });

  it('is one object with --json, bigint as text, and events are one object a line', async () => {
    const { out, err } = await run('test show a --json --to-time 2026-06-05T15:02:11.000001Z');
    expect(JSON.parse(out)).toEqual({ name: 'a', toTime: '1780671731000001' });
    expect(JSON.parse(err)).toMatchObject({ event: 'note', text: 'looking', at: expect.stringMatching(/Z$/) });
  });

  it('can have an exit code of its own', async () => {
    expect((await run('test show attention')).code).toBe(1);
  });
});

describe('a failure', () => {
  it('is shown as what was found, what is known and the way out, without a stack', async () => {
    const { code, out, err } = await run('test fail', { failing: fail('operator', refused) });
    expect({ code, out }).toEqual({ code: 80, out: '' });
    expect(err).toBe(
      'walkback: cannot recover: archive ends\n  The last commit is 601966.\n  go on:    walkback recover plan --to-latest\n',
    );
  });

  it('gives times in the zone of --tz too, in text alone', async () => {
    const late = new Failure('refused', { message: 'cannot: it ended 2026-06-05T15:02:11Z', remedy: 'Wait.' });
    const failing = fail('operator', late);
    const vancouver = 'it ended 2026-06-05T15:02:11Z (08:02:11 America/Vancouver, ';
    expect((await run('test fail --tz America/Vancouver', { failing })).err).toContain(vancouver);
    expect((await run('test fail', { failing })).err).toBe(
      'walkback: cannot: it ended 2026-06-05T15:02:11Z\n  Wait.\n',
    );
    expect((await run('test fail --json --tz America/Vancouver', { failing })).err).not.toContain('Vancouver');
  });

  it('shows its causes with --verbose', async () => {
    const { err } = await run('test fail --verbose', { failing: fail('operator', refused) });
    expect(err).toContain('  caused by: deeper\n');
  });

  it('is an event with --json', async () => {
    const { code, out, err } = await run('test fail --json', { failing: fail('operator', refused) });
    expect({ code, out }).toEqual({ code: 80, out: '' });
    expect(JSON.parse(err)).toMatchObject({ event: 'failed', kind: 'refused', facts: ['The last commit is 601966.'] });
  });

  it('that nobody expected is reported as a bug', async () => {
    const { code, err } = await run('test fail', { failing: fail('operator', new Error('oops')) });
    expect(code).toBe(70);
    expect(err).toContain('walkback: a bug in walkback: oops\n');
  });

  it('answers to who listens', async () => {
    expect((await run('test fail', { failing: fail('restore_command', refused) })).code).toBe(208);
    expect((await run('test fail', { failing: fail('archive_command', refused) })).code).toBe(80);
    expect((await run('test fail', { failing: fail('monitoring', refused) })).code).toBe(2);
  });

  it('in the name of the command answers to the server that asks', async () => {
    expect((await run('wal fitch x y', { listener: 'restore_command' })).code).toBe(192);
    expect(
      (await run('test fail', { listener: 'restore_command of a replica', failing: fail('restore_command', refused) }))
        .code,
    ).toBe(80);
  });
});

describe('a run that is asked to stop', () => {
  it('ends as interrupted', async () => {
    const controller = new AbortController();
    const running = run('test wait', { signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    expect(await running).toEqual({ code: 130, out: '', err: 'walkback: stopped, as asked\n' });
  });
});

describe('help', () => {
  it('of a command names its arguments, options, examples and settings', async () => {
    const { code, out } = await run('test show --help');
    expect(code).toBe(0);
    expect(out).toContain('walkback test show NAME [FILE…] [OPTION…]');
    expect(out).toContain('  --to-time TIME            a time\n');
    expect(out).toContain('  --check PATH              checks (can be repeated)\n');
    expect(out).toContain('  walkback test show a\n      shows a\n');
    expect(out).toContain('--archive, --cluster-name, --tz, and ');
    expect(out).not.toContain('ADDRESS');
    expect(out.split('\n').length).toBeLessThan(45);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('explains every setting with --verbose, secrets by their variables alone', async () => {
    const { out } = await run('test show --help --verbose');
    expect(out).toContain('--archive ADDRESS');
    expect(out).not.toContain('--s3-secret-access-key');
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it.each(['--help', '-h', 'help'])('of the program lists its commands, with %s', async (line) => {
    const { code, out } = await run(line);
    expect(code).toBe(0);
    expect(out).toContain('  test show                 Show what was given\n');
  });

  it('of a group lists those in it', async () => {
    expect((await run('help test')).out).toContain('walkback test: its commands');
    expect((await run('test --help')).out).toContain('walkback test: its commands\n\nCommands\n  test wait');
  });

  it('is given before anything is checked', async () => {
    expect((await run('test show -h')).code).toBe(0);
  });
});

describe('the version', () => {
  it.each(['--version', 'test wait --version'])('is told with %s', async (line) => {
    expect((await run(line)).out).toMatch(/^walkback \d+\.\d+\.\d+ \(Node /);
  });
});

describe('an answer that is written while it is made', () => {
  const endless = defineCommand({
    path: ['endless'],
    summary: 'Write lines until nobody reads them',
    settings: [],
    examples: [],
    run: async (_given, { write }) => {
      for (let line = 1; ; line += 1) await write(`${line}\n`);
    },
  });

  it('ends, without a word, when its reader has gone', async () => {
    const [out, err] = [captured(), captured()];
    const counted: string[] = [];
    out.stream.on('error', () => {});
    const write = async (text: string) => {
      counted.push(text);
      if (counted.length === 3) out.stream.destroy(new Error('EPIPE'));
    };
    const streams = { in: new PassThrough(), out: { ...out, write }, err };
    const program = [{ path: endless.path, load: async () => endless }];
    expect(await runProgram(['endless'], { program, environment: {}, streams })).toBe(0);
    expect([counted, err.text()]).toEqual([['1\n', '2\n', '3\n'], '']);
  });
});
