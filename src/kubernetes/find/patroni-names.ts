/**
 * Whether Patroni runs a container, and by which names and labels it keeps its state: from the container's variables, in Spilo's
 * spelling or in Patroni's own.
 *
 * Source: Spilo `configure_spilo.py` (`get_dcs_config`); Patroni `docs/ENVIRONMENT.rst` and `docs/yaml_configuration.rst`, Kubernetes.
 *
 * @module
 */

import { parse } from 'yaml';

/** What Patroni is told. */
export interface PatroniNames {
  readonly scope: string;
  readonly kind: 'ConfigMap' | 'Endpoints';
  readonly scopeLabel: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly roleLabel: string;
  /** The values of the role label of a leader: `master` and `primary` are always understood. */
  readonly leaderValues: readonly string[];
}

/** A variable's text; `undefined` if it is not set or empty. */
export type Lookup = (name: string) => string | undefined;

const LEADER_VALUES = ['master', 'primary', 'standby_leader', 'promoted'];

/** Labels as JSON (Spilo) or as YAML in one line (Patroni). */
function labelsIn(text: string | undefined, fallback: Readonly<Record<string, string>>): Record<string, string> {
  if (text === undefined) return { ...fallback };
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { ...fallback };
  return Object.fromEntries(Object.entries(value).map(([key, label]) => [key, String(label)]));
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:true|yes|on|1)$/i.test(text);
}

/** As Spilo takes them: any text that is not empty switches on. */
function spiloNames(get: Lookup, scope: string): PatroniNames {
  const scopeLabel = get('KUBERNETES_SCOPE_LABEL') ?? 'version';
  return {
    scope,
    kind: get('KUBERNETES_USE_CONFIGMAPS') === undefined ? 'Endpoints' : 'ConfigMap',
    scopeLabel,
    labels: { ...labelsIn(get('KUBERNETES_LABELS'), { application: 'spilo' }), [scopeLabel]: scope },
    roleLabel: get('KUBERNETES_ROLE_LABEL') ?? 'spilo-role',
    leaderValues: [get('KUBERNETES_LEADER_LABEL_VALUE') ?? 'master', ...LEADER_VALUES],
  };
}

function ownNames(get: Lookup, scope: string): PatroniNames {
  const scopeLabel = get('PATRONI_KUBERNETES_SCOPE_LABEL') ?? 'cluster-name';
  return {
    scope,
    kind: isTrue(get('PATRONI_KUBERNETES_USE_ENDPOINTS')) ? 'Endpoints' : 'ConfigMap',
    scopeLabel,
    labels: { ...labelsIn(get('PATRONI_KUBERNETES_LABELS'), {}), [scopeLabel]: scope },
    roleLabel: get('PATRONI_KUBERNETES_ROLE_LABEL') ?? 'role',
    leaderValues: [get('PATRONI_KUBERNETES_LEADER_LABEL_VALUE') ?? 'primary', ...LEADER_VALUES],
  };
}

/** `undefined`: Patroni does not run it, or keeps its state somewhere else than in Kubernetes. */
export function patroniNames(get: Lookup): PatroniNames | undefined {
  const own = get('PATRONI_SCOPE');
  if (own !== undefined && (get('PATRONI_KUBERNETES_LABELS') ?? get('PATRONI_KUBERNETES_SCOPE_LABEL')) !== undefined) {
    return ownNames(get, own);
  }
  const scope = get('SCOPE');
  return scope === undefined || get('DCS_ENABLE_KUBERNETES_API') === undefined ? undefined : spiloNames(get, scope);
}

/** The names of Patroni's objects: exactly these, never others that begin alike. */
export function objectNames({ scope, kind }: Pick<PatroniNames, 'scope' | 'kind'>) {
  return {
    config: `${scope}-config`,
    // The endpoints of the leader are what clients connect to, and have the scope's own name.
    leader: kind === 'ConfigMap' ? `${scope}-leader` : scope,
    failover: `${scope}-failover`,
    sync: `${scope}-sync`,
  };
}

/** True if an object's labels are those that Patroni gives to its own. */
export function isLabelled(
  labels: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([name, value]) => labels?.[name] === value);
}
