/**
 * What the container answers to whoever runs it, over HTTP and read only.
 *
 * | path | 200 when | otherwise |
 * |---|---|---|
 * | `/startup` | its files are written and its children started | 503 |
 * | `/liveness` | this process answers | (no answer) |
 * | `/readiness` | this member may be offered to applications | 503, with phase, reason and progress |
 * | `/status` | always, with the body of `/readiness` | |
 * | `/metrics` | always: this member's, and the agent's behind them | |
 *
 * Liveness looks at nothing: not at PostgreSQL, which may be restored for hours, and not at Patroni, which the supervisor
 * itself starts again, or gives up, by ending.
 *
 * @module
 */

import { jsonAnswer, metricsAnswer, type HttpRoutes } from '../agent/serve-http.ts';
import { readiness, readinessBody, type Standing } from './readiness.ts';

/** What the answers are made of. */
export interface HealthSources {
  readonly standing: () => Promise<Standing>;
  /** The agent's metrics; empty while it does not answer. */
  readonly agentMetrics: () => Promise<string>;
}

function memberMetrics(standing: Standing): string {
  const flag = (is: boolean) => (is ? 1 : 0);
  const rows: readonly (readonly [string, string, number])[] = [
    ['walkback_member_ready', 'Whether this member may be offered to applications.', flag(readiness(standing).isReady)],
    [
      'walkback_member_leader',
      'Whether this member holds the lock of the leader.',
      flag(standing.member?.hasLock === true),
    ],
    ['walkback_patroni_running', 'Whether Patroni runs.', flag(standing.isPatroniRunning)],
    ['walkback_patroni_held', 'Whether Patroni is held back for a recovery.', flag(standing.held !== undefined)],
    [
      'walkback_patroni_ends_in_a_row',
      'How often Patroni has ended since it was last well.',
      standing.patroniEndsInARow,
    ],
  ];
  return rows.map(([name, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`).join('');
}

/** The paths. */
export function healthRoutes({ standing, agentMetrics }: HealthSources): HttpRoutes {
  return {
    '/startup': async () => {
      const { stage, preparing } = await standing();
      const isStarted = stage !== 'preparing';
      return jsonAnswer(isStarted ? 200 : 503, { started: isStarted, ...(isStarted ? {} : { why: preparing }) });
    },
    '/liveness': async () => jsonAnswer(200, { live: true }),
    '/readiness': async () => {
      const now = await standing();
      return jsonAnswer(readiness(now).isReady ? 200 : 503, readinessBody(now));
    },
    '/status': async () => jsonAnswer(200, readinessBody(await standing())),
    '/metrics': async () => metricsAnswer(memberMetrics(await standing()) + (await agentMetrics())),
  };
}
