/**
 * Runs the container: prepares, starts Patroni and the agent, keeps them, answers probes, and stops them in order.
 *
 * The order of the end: Patroni, which shuts PostgreSQL down; a server that it has left running; then the agent is given
 * the time to push the last WAL, and stopped. A Patroni that is given up ends the container in the same order: one that
 * idles would look well.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { serveHttp } from '../agent/serve-http.ts';
import { Failure, messageOf } from '../base/failure.ts';
import { readWorkNote } from '../instance/work-note.ts';
import { ChildRecord } from './child-record.ts';
import { drainWal } from './drain-wal.ts';
import { healthRoutes } from './health-routes.ts';
import { readHold } from './hold.ts';
import { KeptChild, type ChildProgram, type KeptUntil } from './kept-child.ts';
import { fencedFrom, readiness, type Fenced, type Standing } from './readiness.ts';
import { ReaderFence } from './reader-fence.ts';
import { AGENT_RESTARTS, PATRONI_RESTARTS } from './restart-policy.ts';
import { stopServerLeftRunning } from './stop-server.ts';
import type { ChildName, ReportSupervision } from './supervision-event.ts';
import { MemberWatch, type MemberSources } from './watch-member.ts';

/** How long each part of the end may take. */
export interface StopLimits {
  /** Patroni, with PostgreSQL's last checkpoint and its archiver. */
  readonly patroniMs: number;
  /** A server that Patroni has left running. */
  readonly serverMs: number;
  /** How long the agent may push nothing before its last WAL is given up. */
  readonly drainPatienceMs: number;
  readonly agentMs: number;
}

/** What is run. */
export interface ContainerRun {
  readonly dataDirectory: string;
  /** What is this run's alone, and may be gone with the container. */
  readonly runDirectory: string;
  readonly patroni: ChildProgram;
  /** `undefined`: there is no archive. */
  readonly agent: { readonly program: ChildProgram; readonly spool: string } | undefined;
  /** Everything that has to be done and proven before anything is started; tells what it waits for. */
  readonly prepare: (tell: (what: string) => void, signal: AbortSignal) => Promise<void>;
  /** Before each start of Patroni: what one that was killed has left. */
  readonly beforePatroni: () => Promise<void>;
  readonly member: MemberSources;
  /** Writes Patroni's file so that readers are kept from this member, or not. */
  readonly writeFence: (fenced: Fenced) => Promise<void>;
  readonly health: { readonly host: string; readonly port: number };
  readonly agentMetrics: () => Promise<string>;
  /** This member has become the leader that holds the lock. Must not throw. */
  readonly onLeader: () => Promise<void>;
  readonly limits: StopLimits;
  readonly report: ReportSupervision;
  readonly onWarning: (message: string) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const HOLD_LOOK_MS = 250;

/**
 * Runs until the signal.
 *
 * @throws {Failure} what preparing found; `conflict` if another supervisor runs here; `failed` if Patroni was given up.
 */
export async function runContainer(run: ContainerRun): Promise<void> {
  const supervision = new Supervision(run);
  const over = new AbortController();
  const serving = serveHttp({
    ...run.health,
    what: 'health',
    routes: healthRoutes({ standing: () => supervision.standing(), agentMetrics: run.agentMetrics }),
    onWarning: run.onWarning,
    signal: over.signal,
  });
  try {
    await supervision.run();
  } finally {
    over.abort();
    await serving;
  }
}

class Supervision {
  readonly #run: ContainerRun;
  readonly #watch: MemberWatch;
  readonly #over = new AbortController();
  readonly #fence: ReaderFence;
  #fencing: Promise<void> | undefined;
  #stage: Standing['stage'] = 'preparing';
  #preparing: string | undefined;
  #held: string | undefined;
  #patroni: KeptChild | undefined;
  #told = '';
  #wasLeader = false;

  constructor(run: ContainerRun) {
    this.#run = run;
    this.#watch = new MemberWatch(run.member);
    this.#fence = new ReaderFence({ write: run.writeFence, reload: run.member.reload });
  }

  async standing(): Promise<Standing> {
    return { ...this.#standing(), work: await readWorkNote(this.#run.dataDirectory) };
  }

  #standing(): Standing {
    return {
      stage: this.#stage,
      preparing: this.#preparing,
      held: this.#held,
      isPatroniRunning: this.#patroni?.processId !== undefined,
      patroniEndsInARow: this.#patroni?.endsInARow ?? 0,
      member: this.#watch.member,
      acceptance: this.#watch.acceptance,
      work: undefined,
    };
  }

  async run(): Promise<void> {
    const { prepare, runDirectory, report, signal } = this.#run;
    const record = await ChildRecord.take(runDirectory, report);
    try {
      await prepare((what) => {
        this.#preparing = what;
      }, signal);
      if (!signal.aborted) await this.#keep(record);
    } finally {
      await record.note('supervisor', undefined).catch(() => {});
    }
  }

  async #keep(record: ChildRecord): Promise<void> {
    const { agent: agentRun, beforePatroni, report, signal } = this.#run;
    const patroni = new KeptChild({
      program: this.#run.patroni,
      policy: PATRONI_RESTARTS,
      report,
      beforeStart: async () => {
        await this.#fence.beforeStart();
        await beforePatroni();
      },
      onProcess: this.#noteIn(record, 'patroni'),
    });
    const agent =
      agentRun === undefined
        ? undefined
        : new KeptChild({
            program: agentRun.program,
            policy: AGENT_RESTARTS,
            report,
            onProcess: this.#noteIn(record, 'agent'),
          });
    this.#patroni = patroni;
    await this.#lookAtHold(patroni);
    this.#stage = 'running';
    const keeping = patroni.keep();
    const others = Promise.all([
      this.#watchHold(patroni),
      this.#watch.run(this.#over.signal, () => this.#afterLook(patroni)),
      agent?.keep(),
    ]);
    const asked = Promise.withResolvers<'asked'>();
    signal.addEventListener('abort', () => asked.resolve('asked'), { once: true });
    if (signal.aborted) asked.resolve('asked');
    let until: KeptUntil | 'asked' | undefined;
    try {
      // The others end when they are told to; before that, only by a defect, which ends the container in order.
      until = await Promise.race([keeping, asked.promise, others.then(() => 'stopped' as const)]);
    } finally {
      this.#stage = 'stopping';
      this.#over.abort();
      await this.#stop(patroni, agent);
    }
    await Promise.all([keeping, others]);
    if (until === 'gaveUp') throw gaveUp(patroni.endsInARow);
  }

  /** Writes down which process runs; where that cannot be written, it runs all the same. */
  #noteIn(record: ChildRecord, name: ChildName): (processId: number | undefined) => Promise<void> {
    return async (processId) =>
      record.note(name, processId).catch((error: unknown) => this.#run.onWarning(messageOf(error)));
  }

  async #stop(patroni: KeptChild, agent: KeptChild | undefined): Promise<void> {
    const { dataDirectory, agent: agentRun, limits, report } = this.#run;
    await patroni.stop(limits.patroniMs);
    await stopServerLeftRunning(dataDirectory, limits.serverMs, report);
    if (agent === undefined || agentRun === undefined) return;
    await drainWal({ dataDirectory, spool: agentRun.spool, patienceMs: limits.drainPatienceMs, report });
    await agent.stop(limits.agentMs);
  }

  async #watchHold(patroni: KeptChild): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#lookAtHold(patroni);
      await sleep(HOLD_LOOK_MS, undefined, { signal: this.#over.signal }).catch(() => {});
    }
  }

  async #lookAtHold(patroni: KeptChild): Promise<void> {
    const { dataDirectory, limits, report } = this.#run;
    // What cannot be looked at may be there: then Patroni is not started.
    const held = await readHold(dataDirectory).catch((error: unknown) => messageOf(error));
    if (held !== undefined && this.#held === undefined) {
      this.#held = held;
      report({ kind: 'held', reason: held });
      await patroni.hold(limits.patroniMs);
    } else if (held === undefined && this.#held !== undefined) {
      this.#held = undefined;
      report({ kind: 'released' });
      patroni.resume();
    }
  }

  /** One at a time, and not waited for: the next look is not to be late. */
  #fenceReaders(standing: Standing): void {
    const fenced = fencedFrom(standing, this.#fence.wanted);
    if (fenced === undefined || this.#fencing !== undefined) return;
    this.#fencing = this.#fence
      .set(fenced)
      .catch((error: unknown) =>
        this.#run.onWarning(`cannot tell Patroni what this member may do: ${messageOf(error)}`),
      )
      .finally(() => {
        this.#fencing = undefined;
      });
  }

  #afterLook(patroni: KeptChild): void {
    const { report, onLeader } = this.#run;
    const standing = this.#standing();
    const now = readiness(standing);
    if (standing.member?.state === 'running') patroni.noteWell();
    this.#fenceReaders(standing);
    const isLeader = now.isReady && now.role === 'leader';
    if (isLeader && !this.#wasLeader) void onLeader();
    this.#wasLeader = isLeader;
    const text = now.isReady ? now.role : `${now.phase}: ${now.why}`;
    if (text === this.#told) return;
    this.#told = text;
    if (now.isReady) report({ kind: 'ready', role: now.role });
    else report({ kind: 'notReady', phase: now.phase, why: now.why });
  }
}

function gaveUp(endsInARow: number): Failure {
  return new Failure('failed', {
    message: `cannot keep Patroni running: it has ended ${endsInARow} times in a row, and was not well in between`,
    remedy: 'What it said is above. Correct that; until then the container ends, so that whoever runs it sees it.',
  });
}
