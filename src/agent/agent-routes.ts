/**
 * What an agent answers over HTTP: `/metrics`, `/health` and `/live`. It tells nothing secret; still it belongs on the
 * loopback interface, or behind what admits only who should look.
 *
 * @module
 */

import { jsonAnswer, metricsAnswer, type HttpRoutes } from './serve-http.ts';

/** What is asked for an answer. */
export interface AgentAnswers {
  readonly metrics: () => Promise<string>;
  /** Problems, empty if all is well. */
  readonly problems: () => Promise<readonly object[]>;
}

/** The agent's paths. */
export function agentRoutes({ metrics, problems }: AgentAnswers): HttpRoutes {
  return {
    '/metrics': async () => metricsAnswer(await metrics()),
    '/health': async () => {
      const found = await problems();
      const isWell = found.length === 0;
      return jsonAnswer(isWell ? 200 : 503, { healthy: isWell, problems: found });
    },
    '/live': async () => jsonAnswer(200, { live: true }),
  };
}
