/**
 * Real etcd servers for tests, on ports of the loopback interface.
 *
 * @module
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../archived-cluster.ts';
import { answersWell, freePort } from '../programs.ts';
import { ensureDebianPackage } from './debian-package.ts';

/** Debian's suite that has a line of etcd: 3.4.23 and 3.5.16. */
const SUITES = { '3.4': 'bookworm', '3.5': 'trixie' } as const;

/** A line of etcd's releases. */
export type EtcdVersion = keyof typeof SUITES;

/** The path of etcd. `undefined`, and said so, where it cannot be had. */
export async function ensureEtcd(line: EtcdVersion): Promise<string | undefined> {
  const folder = await ensureDebianPackage('etcd-server', SUITES[line]);
  if (folder !== undefined) return join(folder, 'usr', 'bin', 'etcd');
  process.stderr.write('SKIPPED: tests against a real etcd, since there is no Debian mirror to get it from\n');
  return undefined;
}

interface Node {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
  child: ChildProcess | undefined;
}

/** The servers of one etcd. */
export class EtcdServers {
  readonly #line: EtcdVersion;
  readonly #program: string;
  readonly #root: string;
  readonly #nodes: readonly Node[];

  private constructor(line: EtcdVersion, program: string, root: string, nodes: readonly Node[]) {
    this.#line = line;
    this.#program = program;
    this.#root = root;
    this.#nodes = nodes;
  }

  /** Starts `count` of them that are one cluster, and waits until each says it is well. `program` is that of {@link ensureEtcd}. */
  static async start(line: EtcdVersion, program: string, root: string, count: number): Promise<EtcdServers> {
    await mkdir(root, { recursive: true });
    const nodes: Node[] = [];
    for (let index = 0; index < count; index += 1) {
      nodes.push({ name: `etcd${index}`, clientPort: await freePort(), peerPort: await freePort(), child: undefined });
    }
    const servers = new EtcdServers(line, program, root, nodes);
    await servers.start();
    return servers;
  }

  /** `127.0.0.1:PORT` of each. */
  get hosts(): string[] {
    return this.#nodes.map(({ clientPort }) => `127.0.0.1:${clientPort}`);
  }

  /** The processes, for who must end them in a hurry. */
  get processIds(): number[] {
    return this.#nodes.flatMap(({ child }) => (child?.pid === undefined ? [] : [child.pid]));
  }

  /** Starts those that do not run, on the data they had, and waits until all are well. */
  async start(): Promise<void> {
    for (const node of this.#nodes) if (node.child === undefined) this.#launch(node);
    await until(
      'etcd is well',
      async () => {
        const answers = this.#nodes.map(({ clientPort }) => answersWell(`http://127.0.0.1:${clientPort}/health`));
        return (await Promise.all(answers)).every(Boolean);
      },
      60_000,
    ).catch(async (error: unknown) => {
      throw new Error(`etcd did not start:\n${await this.log()}`, { cause: error });
    });
  }

  #launch(node: Node): void {
    const peers = this.#nodes.map(({ name, peerPort }) => `${name}=http://127.0.0.1:${peerPort}`);
    const client = `http://127.0.0.1:${node.clientPort}`;
    const peer = `http://127.0.0.1:${node.peerPort}`;
    const log = openSync(join(this.#root, 'log'), 'a');
    const line = [
      ['--name', node.name, '--data-dir', join(this.#root, node.name)],
      ['--listen-client-urls', client, '--advertise-client-urls', client],
      ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ['--initial-cluster', peers.join(','), '--initial-cluster-state', 'new'],
      ['--log-level', 'warn', '--logger', 'zap'],
      // The machine does not lose power in these tests, and its disk is shared by everything else that runs.
      this.#line === '3.4' ? [] : ['--unsafe-no-fsync'],
    ];
    node.child = spawn(this.#program, line.flat(), { stdio: ['ignore', log, log] });
  }

  /** Ends all of them, or those of the given numbers, as a power cut would. */
  async kill(...numbers: readonly number[]): Promise<void> {
    const chosen = this.#nodes.filter((_, index) => numbers.length === 0 || numbers.includes(index));
    for (const node of chosen) {
      const { child } = node;
      node.child = undefined;
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }

  /** Everything they have said. */
  async log(): Promise<string> {
    return readFile(join(this.#root, 'log'), 'utf8').catch(() => '');
  }
}
