/**
 * Has a command run by an agent elsewhere, and shows it as if it ran here.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';

import { SHOWING_VARIABLES, type StartRequest } from '../../agent/control/control-messages.ts';
import { chooseAgent } from '../../app/open-remote-agents.ts';
import type { RemoteAgent } from '../../app/remote-agent.ts';
import { Failure, isFailure } from '../../base/failure.ts';
import type { Environment } from '../../config/environment.ts';
import { flagOf } from '../../config/load-settings.ts';
import { kebabCase } from '../../config/setting.ts';
import { settingOf } from '../../config/settings.ts';
import type { Answer, Command } from '../command.ts';
import { hostZone } from '../output/screen.ts';
import type { Arguments } from '../parse-arguments.ts';
import type { Session } from '../session.ts';
import type { Streams } from '../streams.ts';
import { followJob } from './follow-job.ts';

/** A command that is to run elsewhere. */
export interface HandedOn {
  readonly command: Command;
  readonly parsed: Arguments;
  readonly session: Session;
  readonly environment: Environment;
  readonly streams: Streams;
  /** Whom to ask. */
  readonly agents: readonly RemoteAgent[];
}

const ATTEMPTS = 3;

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user has no name.
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}

/** Settings given as flags that are about where the command runs stay here; times are read as they would be here. */
function settingFlags({ command, parsed, session }: HandedOn): string[] {
  const name = command.path.join(' ');
  const other = [...parsed.settings.keys()].find((one) => one !== 'timeZone' && settingOf(one).group !== 'control');
  if (other !== undefined) {
    throw new Failure('usage', {
      message: `cannot run "${name}" elsewhere with ${flagOf(other)}: the settings of the agent there hold`,
      remedy: `Leave ${flagOf(other)} out, or leave --via out.`,
    });
  }
  const zone = session.settings.get('timeZone');
  return zone === undefined ? [] : [`${flagOf('timeZone')}=${zone}`];
}

/** The command line as it is to run there. */
function argsFor(given: HandedOn): string[] {
  const { command, parsed } = given;
  const common = [...parsed.common].flatMap(([name, value]) => {
    if (name === 'config' || name === 'env-dir') return [];
    return [value === '' ? `--${name}` : `--${name}=${value}`];
  });
  const options = [...parsed.options].flatMap(([name, texts]) => {
    const flag = `--${kebabCase(name)}`;
    return command.options[name]?.placeholder === undefined ? [flag] : texts.map((text) => `${flag}=${text}`);
  });
  return [...command.path, ...parsed.operands, ...common, ...settingFlags(given), ...options];
}

function requestFor(given: HandedOn): StartRequest {
  const { environment, streams, session } = given;
  const shown = SHOWING_VARIABLES.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value.slice(0, 100)]];
  });
  const facts = ({ isTTY, columns }: Streams['out']) => ({ isTTY: isTTY === true, columns });
  return {
    id: randomBytes(16).toString('hex'),
    args: argsFor(given),
    by: `${userName()}@${hostname()}`.slice(0, 100),
    screen: {
      out: facts(streams.out),
      err: facts(streams.err),
      canAsk: session.questions.canAsk,
      zone: hostZone(),
      environment: Object.fromEntries(shown),
    },
  };
}

/** A request whose answer was lost is made again: its id keeps the command from running twice. */
async function startOnce(agent: RemoteAgent, request: StartRequest, signal: AbortSignal) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await agent.start(request, signal);
    } catch (error) {
      if (attempt === ATTEMPTS || !isFailure(error, 'unavailable')) throw error;
    }
  }
}

/** Runs a command elsewhere. @throws {Failure} if it cannot be started there, or its end is not seen. */
export async function runVia(given: HandedOn): Promise<Answer> {
  const { session, streams } = given;
  const { signal } = session;
  const request = requestFor(given);
  const agent = await chooseAgent(given.agents, signal);
  const { isChanging } = await startOnce(agent, request, signal);
  const exitCode = await followJob({ agent, id: request.id, isChanging }, { session, streams });
  return { text: () => '', json: undefined, isWritten: true, exitCode };
}
