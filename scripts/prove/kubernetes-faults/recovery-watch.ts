/**
 * What must be true of one recovery at every moment: the data from before are on a volume, and so are the recovered data once they
 * have stood at the target; and `status` says what is done, what is half done, and what to type.
 *
 * @module
 */

import { swapStatus } from '../../../src/kubernetes/recover/status.ts';
import type { RecoveryWay } from '../../../src/kubernetes/find/rights.ts';
import type { SwapStep } from '../../../src/kubernetes/recover/step-names.ts';
import { ROWS_AT_TARGET, type FaultScene } from './fault-scene.ts';
import type { SeenData } from '../kubernetes/outside-eye.ts';
import { stepsIn, unsaidIn, type SeenStatus, type Watch } from './watch.ts';

/** From when on the recovered data are there: once they have stood at the target. */
const STANDING: readonly SwapStep[] = ['awaitRehearsal', 'proveTarget'];

/** One recovery, looked at from outside again and again. */
export class RecoveryWatch implements Watch {
  readonly id: string;
  readonly way: RecoveryWay;
  /** Rows that the cluster had when it was planned. */
  readonly rowsBefore: number;
  looks = 0;
  readonly #scene: FaultScene;
  readonly #old: string;
  readonly #known: ReadonlySet<string>;
  #new: string | undefined;

  private constructor(
    scene: FaultScene,
    given: { readonly id: string; readonly way: RecoveryWay; readonly rowsBefore: number },
    data: readonly SeenData[],
    old: string,
  ) {
    this.#scene = scene;
    this.id = given.id;
    this.way = given.way;
    this.rowsBefore = given.rowsBefore;
    this.#old = old;
    this.#known = new Set(data.map(({ inode }) => inode));
  }

  /** Plans a recovery, and notes which data are there before it. */
  static async begin(scene: FaultScene, way: RecoveryWay, more: readonly string[] = []): Promise<RecoveryWatch> {
    const { namespace, name } = scene.database;
    const leader = await scene.untilFirstLeads();
    const rowsBefore = await scene.writeRow();
    const id = await scene.plan(way, more);
    const data = await scene.eye.look(namespace.name);
    const volume = await scene.volumeOf(leader);
    const old = data.find(({ path }) => path.startsWith(`${volume}_`) && !path.includes('.walkback/'));
    if (old === undefined)
      throw new Error(`the data of ${name} are not seen: ${data.map(({ path }) => path).join(', ')}`);
    return new RecoveryWatch(scene, { id, way, rowsBefore }, data, old.inode);
  }

  get runLine(): readonly string[] {
    return ['recover', 'run', this.id, '--yes'];
  }

  rowsIn(state: string): number {
    return state === 'recovered' ? ROWS_AT_TARGET : this.rowsBefore;
  }

  async look(): Promise<string[]> {
    this.looks += 1;
    const data = await this.#scene.eye.look(this.#scene.database.namespace.name);
    const inodes = new Set(data.map(({ inode }) => inode));
    const { state, steps } = await this.status();
    const isOver = state === 'discarded' || state === 'released';
    if (this.#new === undefined && STANDING.some((step) => steps.get(step) === 'done') && !isOver) {
      const fresh = data.filter(({ inode, path }) => !this.#known.has(inode) && this.#isFirst(path));
      this.#new = fresh[0]?.inode;
      if (this.#new === undefined) return ['the rehearsal stands, and its data are on no volume'];
    }
    const gone = [
      ...(inodes.has(this.#old) ? [] : ['the data from before']),
      ...(this.#new === undefined || isOver || inodes.has(this.#new) ? [] : ['the recovered data']),
    ];
    return gone.length === 0 ? [] : [`${gone.join(' and ')} is gone (${state})`];
  }

  /** Whether a path is on a volume that was made for the first member, or for the rehearsal; replicas are copies. */
  #isFirst(path: string): boolean {
    const { namespace, name } = this.#scene.database;
    const claim = path.split(`_${namespace.name}_`)[1]?.split('/')[0] ?? '';
    return claim === `walkback-${this.id}` || claim.endsWith(`-${name}-0`);
  }

  async status(): Promise<SeenStatus> {
    const { state, entries } = await swapStatus(this.#scene.database.api, this.id);
    return { state, steps: stepsIn(entries) };
  }

  async held(): Promise<string[]> {
    return (await swapStatus(this.#scene.database.api, this.id)).claims.map(({ name }) => name);
  }

  async explains(step: string | undefined): Promise<string[]> {
    return unsaidIn(await this.#scene.run(['recover', 'status', this.id]), step);
  }
}
