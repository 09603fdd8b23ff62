/**
 * What happens in a container, in one line each.
 *
 * @module
 */

import type { SupervisionEvent } from '../../supervise/supervision-event.ts';
import type { AgentLine } from './agent-words.ts';
import { countOf, formatDuration } from './format.ts';

const note = (text: string): AgentLine => ({ text, isWarning: false });
const warning = (text: string): AgentLine => ({ text, isWarning: true });

const NAMES = { patroni: 'Patroni', agent: 'the agent' } as const;
const MOST_NAMES = 5;

type Ended = Extract<SupervisionEvent, { readonly kind: 'ended' }>;

function endedLine({ name, code, signal, message, ranMs, pauseMs }: Ended): AgentLine {
  const how = message ?? (signal === undefined ? `exit code ${code ?? '?'}` : signal);
  const next = pauseMs === undefined ? 'it is not started again' : `started again in ${formatDuration(pauseMs)}`;
  return warning(`${NAMES[name]} ended after ${formatDuration(ranMs)} (${how}); ${next}`);
}

/** The line of an event. */
export function supervisionLine(event: SupervisionEvent): AgentLine {
  switch (event.kind) {
    case 'started':
      return note(`${NAMES[event.name]} started (process ${event.processId})`);
    case 'ended':
      return endedLine(event);
    case 'gaveUp':
      return warning(`${NAMES[event.name]} has ended ${event.endsInARow} times in a row: given up, the container ends`);
    case 'stopping':
      return note(`${NAMES[event.name]} is asked to stop`);
    case 'stopped':
      return note(`${NAMES[event.name]} stopped in ${formatDuration(event.tookMs)}`);
    case 'killed':
      return warning(`${NAMES[event.name]} has not stopped in ${formatDuration(event.limitMs)}: it is killed`);
    case 'orphanEnded':
      return warning(`${NAMES[event.name]} of a supervisor that was killed (process ${event.processId}) is ended`);
    case 'held':
      return warning(`Patroni is held back: ${event.reason}`);
    case 'released':
      return note('Patroni is no longer held back');
    case 'serverLeftRunning':
      return warning(`PostgreSQL runs without Patroni (process ${event.processId}): it is shut down`);
    case 'serverStopped':
      return note(`PostgreSQL shut down in ${formatDuration(event.tookMs)}`);
    case 'draining':
      return note(`the agent pushes the last ${countOf(event.fileCount, 'WAL file')}`);
    case 'drained':
      return note(`the last ${countOf(event.fileCount, 'WAL file')} are in the archive`);
    case 'notDrained': {
      const { fileNames } = event;
      const more = fileNames.length > MOST_NAMES ? ` and ${fileNames.length - MOST_NAMES} more` : '';
      return warning(
        `not in the archive, on the volume alone: ${fileNames.slice(0, MOST_NAMES).join(', ')}${more}; pushed at the next start`,
      );
    }
    case 'ready':
      return note(`ready: this member is a ${event.role}`);
    case 'notReady':
      return note(`not ready, ${event.phase}: ${event.why}`);
    default:
      return event satisfies never;
  }
}
