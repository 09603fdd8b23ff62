/**
 * From the environment of a container to its plan, or to everything in it that is refused.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Environment } from '../config/environment.ts';
import { addUserConfiguration } from './add-user-configuration.ts';
import { planAgent } from './agent-plan.ts';
import { restApiCertificate, serverCertificate, watchesCertificates } from './certificates.ts';
import { planClone } from './clone.ts';
import type { ContainerFacts } from './container-facts.ts';
import { containerPaths, environmentPath } from './container-paths.ts';
import type { ConfigMap, ContainerPlan } from './container-plan.ts';
import { findDcs, type FoundDcs } from './dcs.ts';
import { checkNames } from './known-names.ts';
import { kubernetesDcs } from './kubernetes.ts';
import { checkLocale } from './locale.ts';
import { ownNamespace, usesKubernetes } from './namespace.ts';
import { ownArchive, ownVariables, sharedVariables } from './own-archive.ts';
import { patroniConfiguration, type ConfigurationParts } from './patroni-configuration.ts';
import { plannedJobs, plannedPreconditions } from './plan-duties.ts';
import { chooseMajor } from './postgres-major.ts';
import { patroniEnvironment } from './process-environment.ts';
import { checkProvider } from './provider.ts';
import { Reading } from './reading.ts';
import { withOwnMethods } from './replica-methods.ts';
import { checkScope } from './scope.ts';
import { planStandby } from './standby.ts';
import { readUserConfiguration } from './user-configuration.ts';
import { planUsers } from './users.ts';
import { valueAt } from './value-at.ts';

/** A plan, or what is wrong: all of it. */
export type Planned =
  | { readonly kind: 'plan'; readonly plan: ContainerPlan }
  | { readonly kind: 'refused'; readonly refusals: readonly Failure[]; readonly warnings: readonly string[] };

const UNNAMED = 'dummy';

function scopeOf(reading: Reading): string {
  checkScope(reading, 'SCOPE');
  const scope = reading.get('SCOPE');
  if (scope === undefined)
    reading.warn(`SCOPE is not set: the cluster is called ${UNNAMED}, and so is every other one that has no name`);
  return scope ?? UNNAMED;
}

function ports(reading: Reading): ContainerPlan['ports'] {
  const port = (name: string, fallback: number) => reading.integer(name, 1, 65_535) ?? fallback;
  const [postgres, restApi, health] = [port('PGPORT', 5432), port('APIPORT', 8008), port('HEALTHPORT', 8009)];
  // The agent's metrics are at the port behind that of the probes.
  if (new Set([postgres, restApi, health, health + 1]).size < 4)
    reading.refuse({
      of: 'PGPORT, APIPORT, HEALTHPORT',
      found: `${postgres}, ${restApi}, ${health} and the one behind it, ${health + 1}, are not four ports`,
      remedy: 'Set HEALTHPORT to a port that is free, and whose next one is free too.',
    });
  return { postgres, restApi, health };
}

function placeOfKeys(reading: Reading, postgresPort: number): FoundDcs | undefined {
  const named = findDcs(reading);
  if (!usesKubernetes(reading)) return named;
  if (named !== undefined)
    reading.refuse({
      of: 'DCS_ENABLE_KUBERNETES_API',
      found: `it is set, and variables of ${named.kind} are, which Spilo then passes over`,
      remedy: `Take the variables of ${named.kind} out, or this one.`,
    });
  return kubernetesDcs(reading, postgresPort);
}

type Parts = ConfigurationParts & Pick<ContainerPlan, 'hasData' | 'isMajorNamed'>;

/** Everything but what people add to Patroni's configuration. */
function partsOf(reading: Reading, user: ConfigMap): Parts {
  const paths = containerPaths(reading);
  const binDirectory = valueAt(user, 'postgresql', 'bin_dir');
  const chosen = chooseMajor(reading, typeof binDirectory === 'string' ? binDirectory : undefined);
  const scope = scopeOf(reading);
  const port = ports(reading);
  const users = planUsers(reading, user);
  const shared = sharedVariables(paths);
  const variables = ownVariables(reading, paths, { scope, port: port.postgres, superuser: users.superuser.name });
  const agent = planAgent(reading);
  const archive = ownArchive(reading, chosen, { scope, agent, variables });
  const clone = planClone(reading, chosen, shared);
  return {
    ...chosen,
    scope,
    memberName: reading.facts.hostname,
    namespace: ownNamespace(reading),
    paths,
    ports: port,
    users,
    environment: archive?.environment ?? { path: environmentPath(reading, '', undefined), variables },
    archive,
    agent: archive === undefined ? undefined : agent,
    clone,
    standby: planStandby(reading, chosen, shared, clone !== undefined),
    server: serverCertificate(reading, paths),
    restApi: restApiCertificate(reading, paths),
    dcs: placeOfKeys(reading, port.postgres),
  };
}

function planIt(reading: Reading): ContainerPlan {
  const user = readUserConfiguration(reading);
  checkNames(reading);
  checkProvider(reading);
  const { server, restApi, dcs, ...parts } = partsOf(reading, user);
  const own = patroniConfiguration(reading, { ...parts, server, restApi, dcs });
  const configuration = addUserConfiguration(reading, withOwnMethods(reading, user), own, parts.users);
  checkLocale(reading, configuration, parts.clone !== undefined);
  const { certificateFile, keyFile } = server.certificate;
  const watched = watchesCertificates(reading) ? [certificateFile, keyFile] : undefined;
  return {
    ...parts,
    patroni: {
      path: `${parts.paths.runDirectory}/postgres.yml`,
      configuration,
      environment: patroniEnvironment(reading, parts.paths),
    },
    certificate: server.certificate,
    files: [...server.files, ...restApi.files],
    jobs: plannedJobs(parts.agent, watched),
    preconditions: plannedPreconditions(parts),
    warnings: reading.warnings,
  };
}

/** Plans a container. Nothing is looked at but the environment and the facts, and nothing is changed. */
export function planContainer(environment: Environment, facts: ContainerFacts): Planned {
  const reading = new Reading(environment, facts);
  const plan = planIt(reading);
  if (reading.refusals.length === 0) return { kind: 'plan', plan };
  return { kind: 'refused', refusals: distinct(reading.refusals), warnings: reading.warnings };
}

/** One variable may be read for several things. */
function distinct(refusals: readonly Failure[]): readonly Failure[] {
  return [...new Map(refusals.map((failure) => [failure.message, failure])).values()];
}

/** Everything that is refused, as one failure. */
export function refusedContainer(refusals: readonly Failure[]): Failure {
  const [first] = refusals;
  if (first !== undefined && refusals.length === 1) return first;
  return new Failure('usage', {
    message: `cannot start with this environment: ${refusals.length} things in it are wrong`,
    facts: refusals.map(({ message, remedy }) => `- ${message}\n  ${remedy.replaceAll('\n', '\n  ')}`),
    remedy: 'Correct them; nothing was written or started. docs/reference/container.md tells of every variable.',
  });
}
