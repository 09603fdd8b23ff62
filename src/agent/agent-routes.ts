/**
 * What an agent answers over HTTP: `/metrics`, `/health` and `/live`. It tells nothing secret; still it belongs on the
 * loopback interface, or behind what admits only who should look.
 *
 * @module
 */

import type { HealthProblem, HealthStatement } from './health.ts';
import { jsonAnswer, metricsAnswer, type HttpRoutes } from './serve-http.ts';

/** Whether all is well, and what else is to be known. */
export interface AgentHealth {
  /** Empty if all is well. */
  readonly problems: readonly HealthProblem[];
  readonly statements: readonly HealthStatement[];
}

/** What is asked for an answer. */
export interface AgentAnswers {
  readonly metrics: () => Promise<string>;
  readonly health: () => Promise<AgentHealth>;
}

/** The agent's paths. */
export function agentRoutes({ metrics, health }: AgentAnswers): HttpRoutes {
  return {
    '/metrics': async () => metricsAnswer(await metrics()),
    '/health': async () => {
      const { problems, statements } = await health();
      const isWell = problems.length === 0;
      return jsonAnswer(isWell ? 200 : 503, { healthy: isWell, problems, statements });
    },
    '/live': async () => jsonAnswer(200, { live: true }),
  };
}
