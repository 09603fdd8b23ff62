/**
 * A real OpenSSH server for tests, with keys, a known_hosts file and a folder of its own, run as the user that tests run as.
 *
 * Where there is none it says so, and answers `undefined`: the tests are then skipped.
 *
 * @module
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { SshLocation } from '../../src/storage/ssh/ssh-location.ts';
import { freePort } from './programs.ts';
import { runProgram } from './postgres.ts';

const SSHD = '/usr/sbin/sshd';

/** A server that a test started. Disposing stops it and removes its files. */
export interface SshTestServer extends AsyncDisposable {
  readonly port: number;
  readonly username: string;
  /** The private key that may log in. */
  readonly keyFile: string;
  /** The same key, with a passphrase. */
  readonly protectedKeyFile: string;
  readonly passphrase: string;
  readonly knownHostsFile: string;
  /** `SHA256:…` of the host's key. */
  readonly fingerprint: string;
  /** Where folders of archives are. */
  readonly root: string;
  /** Makes an empty folder; answers where it is. */
  newFolder(options?: Partial<SshLocation>): Promise<SshLocation>;
  /** Ends all connections, and nothing else: the server goes on listening. */
  cutConnections(): Promise<void>;
  /** Leaves all connections there are open, and lets none of them be answered any more. */
  stallConnections(): Promise<void>;
}

async function untilListening(child: ChildProcess, port: number, output: () => string): Promise<void> {
  for (let triesLeft = 200; triesLeft > 0 && child.exitCode === null; triesLeft -= 1) {
    const socket = connect(port, '127.0.0.1');
    const isUp = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isUp) return;
    await sleep(50);
  }
  throw new Error(`sshd did not start:\n${output()}`);
}

async function makeKeys(folder: string): Promise<void> {
  const keygen = (file: string, ...args: string[]): Promise<unknown> =>
    runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'test', '-f', join(folder, file), ...args]);
  await keygen('host');
  await keygen('user');
  await runProgram('cp', [join(folder, 'user'), join(folder, 'protected')]);
  await chmod(join(folder, 'protected'), 0o600);
  await runProgram('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'open sesame', '-f', join(folder, 'protected')]);
}

/** The processes that serve connections: sshd's children, and theirs. */
async function sessionsOf(pid: number): Promise<number[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const parents = await Promise.all(
    names.map(async (name): Promise<readonly [number, number]> => {
      // The name of the program, which may hold anything, is in brackets; state and parent follow.
      const text = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      return [Number(name), Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])];
    }),
  );
  const below = (parent: number): number[] =>
    parents.filter(([, of]) => of === parent).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

/** Signals what serves connections; some end by themselves meanwhile. */
async function signalSessions(pid: number, signal: 'SIGKILL' | 'SIGSTOP'): Promise<void> {
  for (const session of await sessionsOf(pid)) {
    try {
      process.kill(session, signal);
    } catch {}
  }
}

/** An account to log in to, and what to put before the server so that it runs as that one. */
interface Account {
  readonly username: string;
  readonly line: readonly string[];
}

/** Without a password of its own, and not locked either, on every Debian and its kin. */
const OTHER = { username: 'daemon', uid: 1 };

/**
 * The account that tests run as. sshd lets nobody in whose account is locked, or who has none, as is usual in containers:
 * there another one stands in its place, by a user namespace in which it is the only one.
 */
async function account(): Promise<Account> {
  const shadow = await readFile('/etc/shadow', 'utf8').catch(() => '');
  const own = ((): string | undefined => {
    try {
      return userInfo().username;
    } catch {
      return undefined;
    }
  })();
  const isLocked = own === undefined || shadow.split('\n').some((line) => line.startsWith(`${own}:!`));
  if (!isLocked) return { username: own, line: [SSHD] };
  const { username, uid } = OTHER;
  return { username, line: ['unshare', '--user', `--map-user=${uid}`, `--map-group=${uid}`, '--', SSHD] };
}

function configOf(base: string, port: number): string {
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(base, 'host')}`,
    `AuthorizedKeysFile ${join(base, 'user.pub')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'MaxStartups 100',
    'Subsystem sftp internal-sftp',
  ].join('\n');
}

/** The server's process, listening. */
async function launch(base: string, port: number, line: readonly string[]): Promise<ChildProcess> {
  await writeFile(join(base, 'config'), configOf(base, port));
  const [program = SSHD, ...args] = line;
  const child = spawn(program, [...args, '-D', '-e', '-f', join(base, 'config')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const killIt = (): void => void child.kill('SIGKILL');
  process.on('exit', killIt);
  child.on('exit', () => process.off('exit', killIt));
  let output = '';
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  await untilListening(child, port, () => output);
  return child;
}

/** Starts a server on a free port of the loopback interface. */
export async function startSshd(): Promise<SshTestServer | undefined> {
  if (!existsSync(SSHD)) {
    process.stderr.write(
      `SKIPPED: tests against a real SSH server, since there is no ${SSHD} (apt-get install openssh-server)\n`,
    );
    return undefined;
  }
  const base = await mkdtemp(join(tmpdir(), 'walkback-sshd-'));
  const port = await freePort();
  await makeKeys(base);
  const hostKey = (await readFile(join(base, 'host.pub'), 'utf8')).split(' ').slice(0, 2).join(' ');
  const knownHostsFile = join(base, 'known_hosts');
  await writeFile(knownHostsFile, `[127.0.0.1]:${port} ${hostKey}\n`);
  const { username, line } = await account();
  const child = await launch(base, port, line);
  const pid = child.pid ?? 0;
  const root = join(base, 'archives');
  const keyFile = join(base, 'user');
  let folders = 0;
  return {
    port,
    username,
    keyFile,
    protectedKeyFile: join(base, 'protected'),
    passphrase: 'open sesame',
    knownHostsFile,
    fingerprint: (await runProgram('ssh-keygen', ['-lf', join(base, 'host.pub')])).split(' ')[1] ?? '',
    root,
    newFolder: async (options = {}) => {
      const path = join(root, `archive-${++folders}`);
      await mkdir(path, { recursive: true });
      const trust = { kind: 'knownHosts', files: [knownHostsFile] } as const;
      return { kind: 'ssh', host: '127.0.0.1', port, username, path, privateKeyFile: keyFile, trust, ...options };
    },
    cutConnections: () => signalSessions(pid, 'SIGKILL'),
    stallConnections: () => signalSessions(pid, 'SIGSTOP'),
    [Symbol.asyncDispose]: async () => {
      await signalSessions(pid, 'SIGKILL');
      if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
      await rm(base, { recursive: true, force: true });
    },
  };
}
