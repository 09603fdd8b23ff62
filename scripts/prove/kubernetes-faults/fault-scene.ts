/**
 * The scene of many cases: one cluster in a namespace with a bad transaction in its past, walkback behind a proxy before the API
 * server, and a look at the volumes from outside.
 *
 * @module
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { PersistentVolumeClaim, Pod } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import type { RecoveryWay } from '../../../src/kubernetes/find/rights.ts';
import { ApiProxy, type ApiWatcher } from '../../../tests/support/kubernetes/api-proxy.ts';
import type { Bed } from '../../../tests/support/kubernetes/bed.ts';
import { startPatroniDatabase, type PatroniDatabase } from '../../../tests/support/kubernetes/patroni-database.ts';
import { startWalkback, type Ended } from '../../../tests/support/walkback-process.ts';
import { archiveSoFar, badTransaction, untilFirstBackup, walkbackIn } from '../kubernetes/operate.ts';
import { openEye, type OutsideEye } from '../kubernetes/outside-eye.ts';

/** How a run of walkback ended. */
export interface RunEnd extends Ended {
  /** Killed by the test, as it was to be. */
  readonly isKilled: boolean;
  /** It did not end in time, and was killed for that. */
  readonly isHung: boolean;
}

/** A run that waits longer than this for what nobody mends is wrong. */
const HUNG_MS = 600_000;
const ANSWERS_MS = 60_000;
/** The rows at the target, of `badTransaction`. */
export const ROWS_AT_TARGET = 5000;

/** The scene. Disposing removes all of it. */
export class FaultScene implements AsyncDisposable {
  readonly database: PatroniDatabase;
  readonly proxy: ApiProxy;
  readonly eye: OutsideEye;
  readonly xid: number;
  readonly folder: string;

  private constructor(parts: Pick<FaultScene, 'database' | 'proxy' | 'eye' | 'xid' | 'folder'>) {
    this.database = parts.database;
    this.proxy = parts.proxy;
    this.eye = parts.eye;
    this.xid = parts.xid;
    this.folder = parts.folder;
  }

  /** @param replicas as many as the cases can do with: each more costs time in all of them. */
  static async start(bed: Bed, replicas: number): Promise<FaultScene> {
    const database = await startPatroniDatabase(bed, { replicas, prefix: 'faults' });
    await untilFirstBackup(database);
    const xid = await badTransaction(database);
    await archiveSoFar(database);
    const [proxy, eye] = await Promise.all([ApiProxy.start(bed), openEye(bed)]);
    const folder = await mkdtemp(join(tmpdir(), 'walkback-faults-'));
    const scene = new FaultScene({ database, proxy, eye, xid, folder });
    await scene.writeLogin('first');
    return scene;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.eye[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The login that walkback finds in its kubeconfig. */
  async writeLogin(token: string): Promise<void> {
    await writeFile(join(this.folder, 'kubeconfig'), this.proxy.kubeconfig(token));
  }

  /** Starts walkback behind the proxy, and waits for its end. `watch` may kill it. */
  async run(args: readonly string[], watch: (kill: () => void) => ApiWatcher = () => ({})): Promise<RunEnd> {
    const environment = {
      HOME: this.folder,
      ...this.database.environment,
      KUBECONFIG: join(this.folder, 'kubeconfig'),
    };
    const child = startWalkback(args, environment);
    let [isKilled, isHung] = [false, false];
    const kill = (): void => {
      isKilled = true;
      child.kill('SIGKILL');
    };
    this.proxy.watcher = watch(kill);
    const hung = setTimeout(() => {
      isHung = true;
      child.kill('SIGKILL');
    }, HUNG_MS);
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    const code = await new Promise<number | null>((resolve) => {
      child.once('close', resolve);
    });
    clearTimeout(hung);
    this.proxy.watcher = {};
    return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString(), isKilled, isHung };
  }

  /** A plan to just before the bad transaction. @returns its id. */
  async plan(way: RecoveryWay, more: readonly string[] = []): Promise<string> {
    const args = ['recover', 'plan', '--before-xid', String(this.xid), '--way', way, '--json', ...more];
    const { code, out, err } = await walkbackIn(this.database, args);
    const id = /"id":\s*"([^"]+)"/.exec(out)?.[1];
    if (code === 0 && id !== undefined) return id;
    throw new Error(`no plan can be made: ${err.slice(-600)}`);
  }

  /** Waits until pod 0 leads, which two of the ways need. */
  async untilFirstLeads(): Promise<string> {
    const { name, namespace } = this.database;
    const first = `${name}-0`;
    const deadline = Date.now() + 180_000;
    for (;;) {
      const leader = await this.database.untilLeader();
      if (leader === first) return first;
      if (Date.now() > deadline) throw new Error(`${first} does not lead`);
      const words = `patronictl -c /run/postgres.yml switchover ${name} --leader ${leader} --candidate ${first} --force`;
      await namespace.kubectl(['exec', leader, '--', 'sh', '-c', words]).catch(() => '');
      await sleep(2000);
    }
  }

  /** The volume of a pod's data. */
  async volumeOf(pod: string): Promise<string> {
    const found = await this.database.api.get<Pod>({ apiVersion: 'v1', kind: 'Pod', name: pod });
    const volumes = found?.spec?.volumes ?? [];
    const name = volumes.find(({ persistentVolumeClaim }) => persistentVolumeClaim)?.persistentVolumeClaim?.claimName;
    const ref = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: name ?? '' };
    return (await this.database.api.get<PersistentVolumeClaim>(ref))?.spec?.volumeName ?? '';
  }

  /** One more row for the undo to bring back. @returns how many there are now. */
  async writeRow(): Promise<number> {
    const client = await this.database.connect(await this.database.untilLeader());
    try {
      await client.query("INSERT INTO orders VALUES (1, 'one more')");
      return Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM orders')).rows[0]?.n);
    } finally {
      await client.end();
    }
  }

  /** The rows that whoever leads has now; `undefined`: no table. A server that the fault itself has killed may just be starting. */
  async countRows(): Promise<number | undefined> {
    const deadline = Date.now() + ANSWERS_MS;
    for (;;) {
      try {
        return await this.#count();
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await sleep(1000);
      }
    }
  }

  async #count(): Promise<number | undefined> {
    const client = await this.database.connect(await this.database.untilLeader());
    try {
      const there = await client.query<{ isThere: boolean }>(`SELECT to_regclass('orders') IS NOT NULL AS "isThere"`);
      if (there.rows[0]?.isThere !== true) return undefined;
      return Number((await client.query<{ n: string }>('SELECT count(*) AS n FROM orders')).rows[0]?.n);
    } finally {
      await client.end();
    }
  }
}
