/**
 * The supervisor of a container as a process of its own, from a plan in a file: `node supervised-program.ts PLAN`.
 *
 * The plan is as JSON has it, with its passwords as text.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runPlannedContainer } from '../../../src/app/run-planned-container.ts';
import { exists } from '../../../src/archive/server.ts';
import { endingText } from '../../../src/cli/output/failure-text.ts';
import { screenFor } from '../../../src/cli/output/screen.ts';
import { supervisionLine } from '../../../src/cli/output/supervision-words.ts';
import { abortOnSignals } from '../../../src/cli/signals.ts';
import type { ContainerPlan, PlannedUser } from '../../../src/container/container-plan.ts';
import { Secret } from '../../../src/container/secret.ts';

/** A plan whose secrets are text. */
export interface PlainPlan extends Omit<ContainerPlan, 'users'> {
  readonly users: {
    readonly superuser: { readonly name: string; readonly password: string };
    readonly replication: { readonly name: string; readonly password: string };
    readonly others: readonly {
      readonly name: string;
      readonly password?: string;
      readonly options: readonly string[];
    }[];
    readonly human: string;
  };
}

async function readPlan(path: string): Promise<ContainerPlan> {
  const plain = JSON.parse(await readFile(path, 'utf8')) as PlainPlan;
  const { superuser, replication, others, human } = plain.users;
  const login = ({ name, password }: { name: string; password: string }) => ({ name, password: new Secret(password) });
  const users = others.map(({ name, password, options }): PlannedUser => ({
    name,
    password: password === undefined ? undefined : new Secret(password),
    options,
  }));
  // As a container finds it at each start.
  const hasData = await exists(join(plain.paths.dataDirectory, 'PG_VERSION'));
  return {
    ...plain,
    hasData,
    users: { superuser: login(superuser), replication: login(replication), others: users, human },
  };
}

const say = (line: string) => process.stderr.write(`${line}\n`);
const [, , path] = process.argv;
if (path !== undefined) {
  const signals = abortOnSignals(undefined);
  try {
    await runPlannedContainer(await readPlan(path), {
      report: (event) => say(supervisionLine(event).text),
      note: say,
      onWarning: (line) => say(`warning: ${line}`),
      signal: signals.signal,
    });
  } catch (error) {
    const screen = screenFor({
      stream: process.stderr,
      environment: {},
      color: 'never',
      zone: undefined,
    });
    say(endingText(error, screen, { isVerbose: true, hasZone: false }));
    process.exitCode = 1;
  } finally {
    signals.dispose();
  }
}
