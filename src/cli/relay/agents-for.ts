/**
 * Which agents a command is handed on to: those of `via`, that of a member, or the leader's; none: it runs here.
 *
 * @module
 */

import { agentOfLeader, agentOfMember } from '../../app/leader-agent.ts';
import { openRemoteAgents } from '../../app/open-remote-agents.ts';
import type { RemoteAgent } from '../../app/remote-agent.ts';
import { Failure } from '../../base/failure.ts';
import type { Session } from '../session.ts';
import { relayedCommand } from './relayed-table.ts';

/** These belong on the host of the leader; the others can be run on any. */
const LEADERS: readonly string[] = ['recover plan', 'recover run', 'rehearse', 'rehearse step', 'undo', 'release'];

/**
 * The agents to ask, in their order.
 *
 * @returns `undefined` if the command is to run here.
 */
export async function agentsFor(
  path: readonly string[],
  operands: readonly string[],
  { settings, reporter }: Pick<Session, 'settings' | 'reporter'>,
): Promise<readonly RemoteAgent[] | undefined> {
  if (relayedCommand(path) === undefined) return undefined;
  const [via, member] = [settings.get('via'), settings.get('viaMember')];
  if (via !== undefined && member !== undefined) {
    throw new Failure('usage', {
      message: 'cannot tell where the command is to run: via and via-member are both set',
      remedy: 'Keep one of them.',
    });
  }
  if (via !== undefined) return openRemoteAgents(settings, via);
  if (member !== undefined) return openRemoteAgents(settings, [(await agentOfMember(settings, member)).url]);
  const command = path.join(' ');
  if (!LEADERS.includes(command)) return undefined;
  const leader = await agentOfLeader(settings, { id: operands[0], cutsOver: command === 'recover run' });
  if (leader === undefined) return undefined;
  reporter.note(`${leader.member} is the leader: its agent runs this, at ${leader.url.origin}`);
  return openRemoteAgents(settings, [leader.url]);
}
