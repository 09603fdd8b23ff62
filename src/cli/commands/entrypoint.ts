/**
 * `walkback entrypoint`: what a container starts.
 *
 * @module
 */

import { stringify } from 'yaml';

import { gatherContainerFacts, POSTGRES_FOLDER } from '../../app/container-facts.ts';
import { runPlannedContainer } from '../../app/run-planned-container.ts';
import { majorChoice, settleMajor } from '../../app/settle-major.ts';
import { planContainer, refusedContainer } from '../../container/plan-container.ts';
import { shownPlan } from '../../container/shown-plan.ts';
import { defineCommand } from '../command.ts';
import { flag, path } from '../options.ts';
import type { AgentLine } from '../output/agent-words.ts';
import { supervisionLine } from '../output/supervision-words.ts';

/** The command. */
export const entrypoint = defineCommand({
  path: ['entrypoint'],
  summary: 'What a container starts: Patroni and the agent, by the variables of Spilo',
  description:
    'Reads the environment as Spilo does, and refuses what would be a trap before anything is written. docs/reference/container.md tells of every variable. With --print nothing is written or started. Otherwise it writes what the plan says, proves what must be so, and keeps Patroni and the agent until SIGTERM: then Patroni stops PostgreSQL, and the agent pushes the last WAL. At HEALTHPORT it answers /startup, /liveness, /readiness, /status and /metrics.',
  settings: [],
  ownEnvironment: true,
  options: {
    print: flag('Show what would be written and started, with secrets masked, as YAML or with --json as JSON'),
    postgresDirectory: path(`Where each major of PostgreSQL has a folder; ${POSTGRES_FOLDER} unless told`),
  },
  examples: [
    { line: 'walkback entrypoint', does: 'the container itself' },
    { line: 'walkback entrypoint --print', does: "what this environment means, to the last line of Patroni's file" },
  ],
  run: async (given, { settings, reporter, signal }) => {
    const facts = await gatherContainerFacts(settings.environment, given.postgresDirectory);
    const planned = planContainer(settings.environment, facts);
    if (planned.kind === 'refused') {
      for (const warning of planned.warnings) reporter.warn(warning);
      throw refusedContainer(planned.refusals);
    }
    if (!given.print) {
      const tell = ({ text, isWarning }: AgentLine) => (isWarning ? reporter.warn(text) : reporter.note(text));
      const from = { environment: settings.environment, facts };
      const { plan, unsettled } = await settleMajor(planned.plan, from, { note: reporter.note, signal });
      await runPlannedContainer(plan, {
        unsettledMajor: unsettled,
        choice: majorChoice(from),
        report: (event) => tell(supervisionLine(event)),
        note: reporter.note,
        onWarning: reporter.warn,
        signal,
      });
      return { text: () => '', json: { ended: true } };
    }
    const plan = shownPlan(planned.plan);
    return { text: () => stringify(plan, { version: '1.1', lineWidth: 0 }), json: plan };
  },
});
