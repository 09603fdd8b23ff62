/**
 * The PostgreSQL of a pod, reached from where walkback runs: its port by the API server, what has no port by a program in the
 * pod that needs no more than `sh`.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure, messageOf } from '../../base/failure.ts';
import { noProgress, STEP_UNDER_WAY } from '../../base/progress.ts';
import { connect, queryText, type Connection } from '../../instance/connection.ts';
import type { Pod } from '../api/kubernetes-objects.ts';
import type { PodTrouble } from '../rehearse/rehearsal.ts';
import type { WorkContext, SwapUses } from './context.ts';
import { memberWatch } from './member-trouble.ts';
import type { WorkedOn } from './plan-value.ts';
import { podRef } from './pods-gone.ts';
import type { SuperuserPassword } from './superuser.ts';

const PORT = 5432;
const POLL_MS = 500;

/** What is needed to ask a pod's server. */
export interface PodServer {
  readonly uses: Pick<SwapUses, 'api' | 'superuserPassword'> & Partial<Pick<SwapUses, 'onProgress'>>;
  readonly superuser: string;
}

/** A login that was refused for want of a password that is nowhere to be had. */
function withoutPassword(error: unknown, pod: string, found: SuperuserPassword): unknown {
  if (found.password !== undefined || !isFailure(error, 'denied')) return error;
  return new Failure('denied', {
    message: `cannot ask the server of ${pod}: it wants a password, and there is none to be had: ${found.why}`,
    remedy: found.remedy,
    facts: [error.message],
    cause: error,
  });
}

/** As superuser, by a forwarded port, which is closed with the connection. @throws {Failure} as a connection does. */
export async function connectToPod({ uses, superuser }: PodServer, pod: string): Promise<Connection> {
  const found = await uses.superuserPassword();
  const { password } = found;
  const forwarded = await uses.api.forwardPort(pod, PORT);
  try {
    const connection = await connect({
      host: '127.0.0.1',
      port: forwarded.port,
      user: superuser,
      database: 'postgres',
      ...(password === undefined ? {} : { password }),
    });
    const close = async (): Promise<void> => {
      await connection.close();
      await forwarded[Symbol.asyncDispose]();
    };
    return { ...connection, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await forwarded[Symbol.asyncDispose]();
    throw withoutPassword(error, pod, found);
  }
}

/** For so long a server that runs, on a machine with too much to do, may not take a connection. */
const PATIENT_MS = 60_000;

/** As {@link connectToPod}, of a server that is known to run: one connection that is not had in time ends no recovery. */
export async function connectPatiently(server: PodServer, pod: string, signal?: AbortSignal): Promise<Connection> {
  const deadline = Date.now() + PATIENT_MS;
  for (;;) {
    try {
      return await connectToPod(server, pod);
    } catch (error) {
      if (!isFailure(error, 'unavailable') || Date.now() > deadline) throw error;
      signal?.throwIfAborted();
      await sleep(POLL_MS);
    }
  }
}

/** The plan's pods. */
export function podServer({ uses, plan }: WorkContext): PodServer {
  return { uses, superuser: plan.swap.superuser };
}

/**
 * Waits until a pod's server is out of recovery and takes writes. That the pod is Ready does not say so.
 *
 * @throws {Failure} `unavailable` with what the pod, or its server, says instead.
 */
export async function untilPrimary(
  server: PodServer,
  pod: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const { api, onProgress = noProgress } = server.uses;
  const look = memberWatch(api, pod);
  const tell = (note: string): void => onProgress({ phase: STEP_UNDER_WAY, done: 0, total: 1, unit: 'members', note });
  for (let told = ''; ;) {
    signal?.throwIfAborted();
    const found = await api.get<Pod>(podRef(pod));
    const why = found?.status?.phase === 'Running' ? await whyNotPrimary(server, pod) : 'it does not run yet';
    const trouble = why === undefined ? undefined : await look();
    const note = trouble === undefined ? '' : `waits for ${pod}: ${trouble.message}`;
    if (note !== told) tell(note);
    told = note;
    if (why === undefined) return;
    if (Date.now() > deadline) throw notPrimary(pod, why, trouble);
    await sleep(POLL_MS);
  }
}

async function whyNotPrimary(server: PodServer, pod: string): Promise<string | undefined> {
  try {
    await using connection = await connectToPod(server, pod);
    return (await queryText(connection, 'select pg_is_in_recovery()')) === 't'
      ? 'its server is in recovery'
      : undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function notPrimary(pod: string, why: string, trouble: PodTrouble | undefined): Failure {
  const remedy = `See what the pod says ("kubectl describe pod ${pod}", its log), mend it, and go on; or undo.`;
  return new Failure('unavailable', {
    message: `cannot go on: the server of ${pod} has not become the primary: ${trouble?.message ?? why}`,
    remedy: trouble === undefined ? remedy : `${trouble.remedy}\n${remedy}`,
  });
}

/**
 * Ends the server as `pg_ctl stop -m fast` does, and waits for it. `$1`: PGDATA. Says what the control file says then, and which
 * files the archiver has not acknowledged.
 */
const STOP = `
D=$1
P=$(head -n 1 "$D/postmaster.pid" 2>/dev/null)
B=
if [ -n "$P" ] && [ -d "/proc/$P" ]; then
  B=$(dirname "$(readlink "/proc/$P/exe")")
  kill -INT "$P" || exit 1
  while [ -d "/proc/$P" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$P/status" 2>/dev/null; do sleep 0.1; done
fi
V=$(cat "$D/PG_VERSION")
for C in "$B" "/usr/lib/postgresql/$V/bin" "/opt/bitnami/postgresql/bin" "$(dirname "$(command -v pg_controldata 2>/dev/null)" 2>/dev/null)"; do
  if [ -x "$C/pg_controldata" ]; then
    LC_ALL=C "$C/pg_controldata" -D "$D" | sed -n 's/^Database cluster state: */state=/p'
    break
  fi
done
for F in "$D"/pg_wal/archive_status/*.ready; do [ -e "$F" ] && echo "ready=$(basename "$F" .ready)"; done
echo "stopped"
`;

/** How a server was found once it had been stopped. */
export interface StoppedServer {
  /** As `pg_controldata` says it; `undefined` where the pod has no such program. */
  readonly controlState: string | undefined;
  /** Files that its archiver has not acknowledged. */
  readonly unacknowledged: readonly string[];
}

/** Stops the server of a pod, which must be kept from being started again (a paused Patroni, say). Done already: it says so again. */
export async function stopServerOf(
  { api }: Pick<SwapUses, 'api'>,
  pod: string,
  { live }: Pick<WorkedOn, 'live'>,
  signal?: AbortSignal,
): Promise<StoppedServer> {
  const command = ['sh', '-c', STOP, 'sh', live.dataDirectory];
  const outcome = await api.exec(pod, live.container, command, signal === undefined ? {} : { signal });
  if (outcome.exitCode !== 0 || !/^stopped$/m.test(outcome.stdout)) {
    throw new Failure('failed', {
      message: `cannot stop the server of ${pod}: the shell there ended with ${outcome.exitCode}`,
      remedy: 'Look at the pod, and go on; or undo.',
      facts: outcome.stderr.trim().split('\n').slice(-3),
    });
  }
  return {
    controlState: /^state=(.+)$/m.exec(outcome.stdout)?.[1],
    unacknowledged: [...outcome.stdout.matchAll(/^ready=(.+)$/gm)].map(([, name = '']) => name),
  };
}
