/**
 * The environment that a container is given: its own variables, those of whole ConfigMaps and Secrets, and references.
 *
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#environment-variables
 *
 * @module
 */

import type { ConfigMap, Pod, Secret } from '../api/kubernetes-objects.ts';
import type { Container } from './database-container.ts';
import type { FoundVariable } from './kubernetes-cluster.ts';
import { isSecretVariable } from './secret-words.ts';

/** What references lead to, by name: an object, `undefined` for none, or why it could not be read. */
export interface ReferencedObjects {
  readonly secrets: ReadonlyMap<string, Secret | string | undefined>;
  readonly configMaps: ReadonlyMap<string, ConfigMap | string | undefined>;
}

/** A variable with its value, secret or not: never shown as it is. */
export interface ContainerVariable extends FoundVariable {
  /** The value, whatever it is; `undefined` if it could not be read. */
  readonly secretValue: string | undefined;
}

type EnvEntry = NonNullable<Container['env']>[number];
type Source = NonNullable<EnvEntry['valueFrom']>;

const SPECIFICATION = 'the pod specification';

/** The names of Secrets and ConfigMaps that a container's variables come from. */
export function referencesOf(container: Container): { readonly secrets: string[]; readonly configMaps: string[] } {
  const entries = (container.env ?? []).map(({ valueFrom }) => valueFrom);
  const all = [
    ...entries.map((source) => ({ secret: source?.secretKeyRef?.name, configMap: source?.configMapKeyRef?.name })),
    ...(container.envFrom ?? []).map((source) => ({
      secret: source.secretRef?.name,
      configMap: source.configMapRef?.name,
    })),
  ];
  const isName = (name: string | undefined): name is string => name !== undefined && name !== '';
  return {
    secrets: [...new Set(all.map(({ secret }) => secret).filter(isName))],
    configMaps: [...new Set(all.map(({ configMap }) => configMap).filter(isName))],
  };
}

/** A value of a Secret, from the base64 in which it travels. */
export function secretText(secret: Secret, key: string): string | undefined {
  const encoded = secret.data?.[key];
  return encoded === undefined ? secret.stringData?.[key] : Buffer.from(encoded, 'base64').toString('utf8');
}

function variable(
  name: string,
  value: string | undefined,
  from: string,
  given: { readonly isSecret?: boolean; readonly problem?: string } = {},
): ContainerVariable {
  const isHidden = given.isSecret === true || isSecretVariable(name, value);
  return { name, value: isHidden ? undefined : value, secretValue: value, from, problem: given.problem };
}

function ofSecret(name: string, source: NonNullable<Source['secretKeyRef']>, { secrets }: ReferencedObjects) {
  const from = `secret ${source.name ?? ''}, key ${source.key}`;
  const secret = secrets.get(source.name ?? '');
  if (typeof secret === 'string') return variable(name, undefined, from, { isSecret: true, problem: secret });
  const value = secret === undefined ? undefined : secretText(secret, source.key);
  if (value !== undefined || source.optional === true) return variable(name, value, from, { isSecret: true });
  return variable(name, undefined, from, { isSecret: true, problem: 'it is not there' });
}

function ofConfigMap(name: string, source: NonNullable<Source['configMapKeyRef']>, { configMaps }: ReferencedObjects) {
  const from = `config map ${source.name ?? ''}, key ${source.key}`;
  const map = configMaps.get(source.name ?? '');
  if (typeof map === 'string') return variable(name, undefined, from, { problem: map });
  const value = map?.data?.[source.key];
  if (value !== undefined || source.optional === true) return variable(name, value, from);
  return variable(name, undefined, from, { problem: 'it is not there' });
}

/** What a pod says of itself. */
function ofField(name: string, path: string, pod: Pod | undefined): ContainerVariable {
  const from = `field ${path}`;
  const [, kind, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  const metadata = pod?.metadata;
  const values: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata?.name,
    'metadata.namespace': metadata?.namespace,
    'metadata.uid': metadata?.uid,
    'spec.nodeName': pod?.spec?.nodeName,
    'spec.serviceAccountName': pod?.spec?.serviceAccountName,
    'status.podIP': pod?.status?.podIP,
    'status.hostIP': pod?.status?.hostIP,
  };
  const value =
    key === undefined ? values[path] : (kind === 'labels' ? metadata?.labels : metadata?.annotations)?.[key];
  return variable(name, value, from, value === undefined ? { problem: 'no pod says it' } : {});
}

/** `$(NAME)` is the value of an earlier variable, `$$(NAME)` is text. */
function expand(text: string, before: ReadonlyMap<string, ContainerVariable>): { text: string; isSecret: boolean } {
  let isSecret = false;
  const expanded = text.replace(/\$\$|\$\(([\w.-]+)\)/g, (whole, name: string | undefined) => {
    if (name === undefined) return '$';
    const found = before.get(name);
    if (found?.secretValue === undefined) return whole;
    isSecret ||= found.value === undefined;
    return found.secretValue;
  });
  return { text: expanded, isSecret };
}

function ofEntry(
  { name, value, valueFrom }: EnvEntry,
  before: ReadonlyMap<string, ContainerVariable>,
  referenced: ReferencedObjects,
  pod: Pod | undefined,
): ContainerVariable {
  if (valueFrom?.secretKeyRef !== undefined) return ofSecret(name, valueFrom.secretKeyRef, referenced);
  if (valueFrom?.configMapKeyRef !== undefined) return ofConfigMap(name, valueFrom.configMapKeyRef, referenced);
  if (valueFrom?.fieldRef !== undefined) return ofField(name, valueFrom.fieldRef.fieldPath, pod);
  if (valueFrom !== undefined)
    return variable(name, undefined, 'a limit of the container', { problem: 'it is not read' });
  const { text, isSecret } = expand(value ?? '', before);
  return variable(name, text, SPECIFICATION, { isSecret });
}

/** Every variable of a container, in the order in which they count: a later one replaces an earlier one of its name. */
export function containerEnvironment(
  container: Container,
  referenced: ReferencedObjects,
  pod: Pod | undefined,
): ReadonlyMap<string, ContainerVariable> {
  const found = new Map<string, ContainerVariable>();
  for (const { prefix = '', secretRef, configMapRef } of container.envFrom ?? []) {
    const secret = referenced.secrets.get(secretRef?.name ?? '');
    const map = referenced.configMaps.get(configMapRef?.name ?? '');
    if (typeof secret === 'object') {
      for (const key of Object.keys({ ...secret.data, ...secret.stringData })) {
        const from = `secret ${secretRef?.name ?? ''}, key ${key}`;
        found.set(prefix + key, variable(prefix + key, secretText(secret, key), from, { isSecret: true }));
      }
    }
    if (typeof map === 'object') {
      for (const [key, value] of Object.entries(map.data ?? {})) {
        found.set(prefix + key, variable(prefix + key, value, `config map ${configMapRef?.name ?? ''}, key ${key}`));
      }
    }
  }
  for (const entry of container.env ?? []) found.set(entry.name, ofEntry(entry, found, referenced, pod));
  return found;
}

/** The same without what is secret. */
export function shownVariables(variables: ReadonlyMap<string, ContainerVariable>): readonly FoundVariable[] {
  return [...variables.values()].map(({ name, value, from, problem }) => ({ name, value, from, problem }));
}
