/**
 * What must be true of a reset at every moment: the data of every member from before are on a volume, and so are those of the new
 * cluster once it is proven; and `status` says what is done, what is half done, and what to type.
 *
 * @module
 */

import { fieldOf } from '../../../src/base/unknown-value.ts';
import { resetStatus } from '../../../src/kubernetes/reset/status.ts';
import { membersData } from '../kubernetes/kept-data.ts';
import { walkbackIn } from '../kubernetes/operate.ts';
import type { FaultScene } from './fault-scene.ts';
import { stepsIn, unsaidIn, type SeenStatus, type Watch } from './watch.ts';

/** How many members the cluster has. */
const REPLICAS = 2;

async function planned({ database }: FaultScene): Promise<string> {
  const { code, out, err } = await walkbackIn(database, ['cluster', 'reset', '--dry-run', '--json']);
  if (code !== 0) throw new Error(`no reset can be planned: ${err.slice(-600)}`);
  return String(fieldOf(fieldOf(JSON.parse(out), 'recovery'), 'id'));
}

/** One reset, looked at from outside again and again. */
export class ResetWatch implements Watch {
  readonly id: string;
  readonly runLine: readonly string[];
  looks = 0;
  readonly #scene: FaultScene;
  readonly #rowsBefore: number;
  readonly #old: readonly string[];
  readonly #known: ReadonlySet<string>;
  #new: string | undefined;

  private constructor(
    scene: FaultScene,
    id: string,
    before: { readonly rows: number; readonly old: readonly string[]; readonly known: ReadonlySet<string> },
  ) {
    const { namespace, name } = scene.database;
    this.#scene = scene;
    this.id = id;
    this.runLine = ['cluster', 'reset', id, '--yes', '--confirm-name', `${namespace.name}/${name}`];
    this.#rowsBefore = before.rows;
    this.#old = before.old;
    this.#known = before.known;
  }

  /** Plans a reset, and notes which data are there before it. */
  static async begin(scene: FaultScene): Promise<ResetWatch> {
    const { database, eye } = scene;
    await scene.untilFirstLeads();
    const rows = await scene.writeRow();
    const members = await membersData(scene, REPLICAS);
    const known = new Set((await eye.look(database.namespace.name)).map(({ inode }) => inode));
    return new ResetWatch(scene, await planned(scene), { rows, old: members.map(({ inode }) => inode), known });
  }

  rowsIn(state: string): number | undefined {
    return state === 'recovered' ? undefined : this.#rowsBefore;
  }

  async look(): Promise<string[]> {
    this.looks += 1;
    const { namespace, name } = this.#scene.database;
    const data = await this.#scene.eye.look(namespace.name);
    const inodes = new Set(data.map(({ inode }) => inode));
    const { state, steps } = await this.status();
    if (this.#new === undefined && steps.get('proveNew') === 'done' && state !== 'released') {
      const fresh = data.find(
        ({ inode, path }) => !this.#known.has(inode) && path.split('/')[0]?.endsWith(`-${name}-0`),
      );
      this.#new = fresh?.inode;
      if (this.#new === undefined) return ['the new cluster is proven, and its data are on no volume'];
    }
    const gone = this.#old.filter((inode) => !inodes.has(inode)).length;
    const isNewGone = this.#new !== undefined && state !== 'released' && !inodes.has(this.#new);
    return [
      ...(gone === 0 ? [] : [`the data from before of ${gone} of ${this.#old.length} members are gone (${state})`]),
      ...(isNewGone ? [`the data of the new cluster are gone (${state})`] : []),
    ];
  }

  async status(): Promise<SeenStatus> {
    const { state, entries } = await resetStatus(this.#scene.database.api, this.id);
    return { state, steps: stepsIn(entries) };
  }

  async held(): Promise<string[]> {
    return (await resetStatus(this.#scene.database.api, this.id)).claims.map(({ name }) => name);
  }

  async explains(step: string | undefined): Promise<string[]> {
    return unsaidIn(await this.#scene.run(['recover', 'status', this.id]), step);
  }
}
