/**
 * Runs the plan of a container: its files are written, what must be so is proven, Patroni and the agent are kept.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';

import { Failure, isFailure, messageOf } from '../base/failure.ts';
import { objectOr } from '../cluster/patroni/dcs-keys.ts';
import { restAccessOf } from '../cluster/patroni/rest-access.ts';
import type { ContainerPlan } from '../container/container-plan.ts';
import { makeCertificate } from '../supervise/certificate.ts';
import type { ChildProgram } from '../supervise/kept-child.ts';
import { connect, type ConnectionSettings } from '../instance/connection.ts';
import { makeRoles } from '../supervise/make-roles.ts';
import { runContainer, type ContainerRun } from '../supervise/run-container.ts';
import type { ReportSupervision } from '../supervise/supervision-event.ts';
import { watchCertificates } from '../supervise/watch-certificates.ts';
import { writePatroniFile, writePlanFiles } from '../supervise/write-plan-files.ts';
import { checkContainer } from './check-container.ts';
import type { MajorChoice } from './join-cluster.ts';
import { openMemberSources } from './member-sources.ts';
import { ownProgram } from './own-program.ts';
import { noteTakenOver, resumeBeforePatroni } from './resume-bootstrap.ts';

/** What running it needs beside the plan. */
export interface RunPlanOptions {
  /** Why it could not be told which major a clone is to have. */
  readonly unsettledMajor?: Failure | undefined;
  /** The plans with other majors: the cluster that is joined, or the data that come, may be of one. */
  readonly choice?: MajorChoice | undefined;
  readonly report: ReportSupervision;
  readonly note: (line: string) => void;
  readonly onWarning: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * The chart gives a pod an hour: PostgreSQL's last checkpoint and its archiver need most of it, if anything does. A platform
 * that has less patience ends all of it by itself.
 */
const LIMITS = { patroniMs: 3_000_000, serverMs: 300_000, drainPatienceMs: 60_000, agentMs: 30_000 };
const DCS_PAUSE_MS = 3000;
const ROLE_TRIES = 5;
const ROLE_PAUSE_MS = 5000;
/** As the plan's job says. */
const CERTIFICATES_EVERY_MS = 300_000;

function agentProgram(plan: ContainerPlan): ContainerRun['agent'] {
  const { archive, paths, ports } = plan;
  if (archive === undefined) return undefined;
  const own = ownProgram();
  const places = [`--data-directory=${paths.dataDirectory}`, `--spool-directory=${paths.spoolDirectory}`];
  const program: ChildProgram = {
    name: 'agent',
    program: own.program,
    args: [
      ...own.args,
      'agent',
      `--env-dir=${archive.environment.path}`,
      ...places,
      `--metrics-address=127.0.0.1:${ports.health + 1}`,
    ],
    environment: plan.patroni.environment,
  };
  return { program, spool: paths.spoolDirectory };
}

/** The member's own server, by its socket. */
function ownServer({ users, paths, ports }: ContainerPlan): ConnectionSettings {
  return {
    host: paths.socketDirectory,
    port: ports.postgres,
    user: users.superuser.name,
    database: 'postgres',
    password: users.superuser.password.reveal(),
  };
}

/** Until the signal; nothing where no certificate is watched. */
async function reloadCertificates(plan: ContainerPlan, options: RunPlanOptions): Promise<void> {
  const files = plan.jobs.find(({ name }) => name === 'reload certificates')?.files;
  if (files === undefined) return;
  const reload = async () => {
    await using connection = await connect(ownServer(plan));
    await connection.query('select pg_reload_conf()');
  };
  await watchCertificates({ files, everyMs: CERTIFICATES_EVERY_MS, reload, ...options });
}

/** Roles are made on each new leader: the environment may have other passwords since. */
function rolesOn(plan: ContainerPlan, { note, onWarning, signal }: RunPlanOptions): () => Promise<void> {
  const { users } = plan;
  const server = ownServer(plan);
  return async () => {
    for (let tries = 1; tries <= ROLE_TRIES && !signal.aborted; tries += 1) {
      try {
        const { created, updated, warnings } = await makeRoles(server, users);
        note(`roles: ${created.length} made, ${updated.length} updated`);
        for (const warning of warnings) onWarning(warning);
        return;
      } catch (error) {
        if (isFailure(error, 'refused')) return;
        onWarning(`roles are not as the environment says: ${messageOf(error)}`);
      }
      await sleep(ROLE_PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  };
}

/**
 * A container may have been started between two renames of a cutover, and planned as if there were no data: it ends, and is planned
 * anew. @throws {Failure} `conflict`
 */
async function refuseOtherData({ paths, hasData, major }: ContainerPlan): Promise<void> {
  if (hasData) return;
  const version = await readFile(join(paths.dataDirectory, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined || version.trim() === String(major)) return;
  throw new Failure('conflict', {
    message: `cannot start PostgreSQL ${major} on ${paths.dataDirectory}: it was empty when this container was planned, and is of PostgreSQL ${version.trim()} now`,
    remedy: 'Nothing needs to be done: the container ends, and the next one is planned by what is there.',
  });
}

async function agentMetrics(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(2000) }).catch(
    () => undefined,
  );
  return answer?.status === 200 ? answer.text() : '';
}

/**
 * Runs until the signal.
 *
 * @throws {Failure} what is wrong, before anything is started; `failed` if Patroni was given up.
 */
export async function runPlannedContainer(planned: ContainerPlan, options: RunPlanOptions): Promise<void> {
  let plan = planned;
  // What all its plans have in common.
  const { paths, patroni, ports, archive, memberName } = plan;
  const { report, note, onWarning, unsettledMajor, choice, signal } = options;
  for (const warning of plan.warnings) onWarning(warning);
  await writePlanFiles(plan);
  await makeCertificate(plan.certificate, memberName);
  const configuration = objectOr(parse(await readFile(patroni.path, 'utf8')));
  await using member = openMemberSources({
    name: memberName,
    configuration,
    restPort: ports.restApi,
    postgresPort: ports.postgres,
    socketDirectory: paths.socketDirectory,
  });
  const pause = async () => {
    await sleep(DCS_PAUSE_MS, undefined, { signal });
  };
  const change = async (changed: ContainerPlan): Promise<void> => {
    if (changed === plan) return;
    plan = changed;
    for (const warning of plan.warnings.filter((line) => !planned.warnings.includes(line))) onWarning(warning);
    await writePlanFiles(plan);
  };
  const makeRolesOn = rolesOn(plan, options);
  const over = new AbortController();
  const watching = reloadCertificates(plan, { ...options, signal: AbortSignal.any([signal, over.signal]) });
  await runContainer({
    dataDirectory: paths.dataDirectory,
    runDirectory: join(paths.runDirectory, 'walkback'),
    patroni: { name: 'patroni', program: 'patroni', args: [patroni.path], environment: patroni.environment },
    agent: agentProgram(plan),
    prepare: async (tell, stop) => {
      const joining = choice === undefined ? undefined : { choice, note, access: restAccessOf(configuration) };
      const checks = { tell, pause, onWarning, unsettledMajor, joining, signal: stop };
      await change(await checkContainer(plan, checks));
    },
    beforePatroni: async () => {
      await refuseOtherData(plan);
      await resumeBeforePatroni(plan, { note, pause, signal });
    },
    member,
    writeFence: (fenced) => writePatroniFile(plan.patroni, fenced),
    health: { host: '::', port: ports.health },
    agentMetrics: () => (archive === undefined ? Promise.resolve('') : agentMetrics(ports.health + 1)),
    onLeader: async () => {
      await Promise.all([makeRolesOn(), noteTakenOver(plan, options)]);
    },
    limits: LIMITS,
    report,
    onWarning,
    signal,
  }).finally(() => {
    over.abort();
  });
  await watching;
  note('everything is stopped');
}
