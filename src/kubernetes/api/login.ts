/**
 * How a server is reached and as whom: what every request and every WebSocket is given.
 *
 * Credentials are the package's work: client certificates, tokens, exec plugins, OpenID Connect, a service account's token that
 * is renewed on disk.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';

import type { KubeConfig } from '@kubernetes/client-node';

import { Failure, messageOf } from '../../base/failure.ts';
import type { ProxySettings } from '../../storage/http-agents.ts';
import { chooseProxy } from './choose-proxy.ts';
import { impersonationHeaders, type Impersonation } from './impersonation.ts';
import { IN_CLUSTER, type WhereWeAre } from './kubernetes-api.ts';
import { readKubeconfig, type KubeconfigPlace, type KubeContext } from './read-kubeconfig.ts';

/** Which cluster and namespace, as whom. */
export interface KubernetesLogin extends KubeconfigPlace {
  readonly context?: string;
  /** `undefined`: that of the context, or of the service account; else `default`. */
  readonly namespace?: string;
  /** Whom to act as (`--as`): a user, and groups. */
  readonly actAs?: string;
  readonly actAsGroups?: readonly string[];
  readonly proxy?: ProxySettings;
}

/** What a login adds to a request. */
export type LoginOptions = Omit<RequestOptions, 'headers'> & {
  readonly headers: Readonly<Record<string, string | string[]>>;
};

/** A login that is in use. */
export interface Connection {
  readonly where: WhereWeAre;
  readonly kubeConfig: KubeConfig;
  /** For `https.request`: agent, certificates, headers. */
  requestOptions(): Promise<LoginOptions>;
  close(): void;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

async function isInCluster(): Promise<boolean> {
  return readFile(`${SERVICE_ACCOUNT}/token`).then(
    () => true,
    () => false,
  );
}

/** What an exec plugin is told of the cluster: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins */
function tellPlugin(exec: unknown, server: string): unknown {
  if (typeof exec !== 'object' || exec === null) return exec;
  const apiVersion: unknown = Reflect.get(exec, 'apiVersion') ?? 'client.authentication.k8s.io/v1';
  const given: unknown = Reflect.get(exec, 'env');
  const info = { apiVersion, kind: 'ExecCredential', spec: { cluster: { server }, interactive: false } };
  const env = [...(Array.isArray(given) ? given : []), { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }];
  return { ...exec, env };
}

/** Whom the command line names is acted as with the groups that it names; what a kubeconfig says is of another user. */
function actingAs({ actsAs }: KubeContext, { actAs, actAsGroups }: KubernetesLogin): Partial<Impersonation> {
  const groups = actAsGroups === undefined ? {} : { groups: actAsGroups };
  return actAs === undefined ? { ...actsAs, ...groups } : { user: actAs, ...groups };
}

function withSettings({ cluster, user, context }: KubeContext, login: KubernetesLogin): KubeContext {
  const proxyUrl = cluster.proxyUrl ?? chooseProxy(cluster.server, login.proxy ?? {});
  return {
    cluster: {
      ...cluster,
      // The package refuses plain HTTP without this; kubectl does not.
      skipTLSVerify: cluster.skipTLSVerify || cluster.server.startsWith('http:'),
      ...(proxyUrl === undefined ? {} : { proxyUrl }),
    },
    user: {
      ...user,
      ...(user.exec === undefined ? {} : { exec: tellPlugin(user.exec, cluster.server) }),
    },
    context,
  };
}

async function contextOf(login: KubernetesLogin, kubeConfig: KubeConfig): Promise<KubeContext> {
  const found = await readKubeconfig(login, login.context);
  if (found !== undefined) return found;
  if (!(await isInCluster())) {
    throw new Failure('usage', {
      message: 'cannot choose a Kubernetes cluster: there is no kubeconfig, and this is no pod with a service account',
      remedy: 'Log in (`oc login`, or as your cluster asks), or name a kubeconfig with --kubeconfig.',
    });
  }
  kubeConfig.loadFromCluster();
  const cluster = kubeConfig.getCurrentCluster();
  const user = kubeConfig.getCurrentUser();
  const context = kubeConfig.getContextObject(kubeConfig.getCurrentContext());
  if (cluster === null || user === null || context === null) throw new TypeError('a service account without a context');
  return { cluster, user, context: { ...context, name: IN_CLUSTER } };
}

/** The package's agents are made anew without keeping connections; where no proxy is needed, ours keeps them. */
function keepingAgent(server: string, options: RequestOptions): HttpAgent | HttpsAgent {
  if (server.startsWith('http:')) return new HttpAgent({ keepAlive: true });
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return new HttpsAgent({
    keepAlive: true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  });
}

function cannotLogIn(user: string, server: string, error: unknown): Failure {
  return new Failure('denied', {
    message: `cannot log in to ${server} as ${user}: ${messageOf(error).trim()}`,
    remedy: 'See that `oc whoami` or `kubectl get pods` works with the same kubeconfig and context, then try again.',
    cause: error,
  });
}

/** The package tells whom to act as, and nothing more of it; its sockets ask it for their headers themselves. */
function tellWhom(kubeConfig: KubeConfig, whom: Partial<Impersonation>): void {
  const apply = kubeConfig.applyToHTTPSOptions.bind(kubeConfig);
  kubeConfig.applyToHTTPSOptions = async (options) => {
    await apply(options);
    options.headers = { ...options.headers, ...impersonationHeaders(whom) };
  };
}

/** Reads the kubeconfig, now. @throws {Failure} `usage` if it does not name a cluster. */
export async function logIn(login: KubernetesLogin): Promise<Connection> {
  const { KubeConfig } = await import('./client-node.ts');
  const kubeConfig = new KubeConfig();
  const found = await contextOf(login, kubeConfig);
  const whom = actingAs(found, login);
  const { cluster, user, context } = withSettings(found, login);
  kubeConfig.loadFromOptions({
    clusters: [cluster],
    users: [user],
    contexts: [{ ...context, cluster: cluster.name, user: user.name }],
    currentContext: context.name,
  });
  tellWhom(kubeConfig, whom);
  const where = {
    context: context.name,
    server: cluster.server,
    namespace: login.namespace ?? context.namespace ?? 'default',
    user: whom.user ?? user.name,
  };
  let agent: HttpAgent | HttpsAgent | undefined;
  return {
    where,
    kubeConfig,
    async requestOptions() {
      const options: RequestOptions = {};
      await kubeConfig.applyToHTTPSOptions(options).catch((error: unknown) => {
        throw cannotLogIn(where.user, where.server, error);
      });
      agent ??= cluster.proxyUrl === undefined ? keepingAgent(cluster.server, options) : undefined;
      return { ...options, headers: plainHeaders(options), ...(agent === undefined ? {} : { agent }) };
    },
    close() {
      agent?.destroy();
    },
  };
}

function plainHeaders({ headers }: RequestOptions): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]): [string, string | string[]] => [
      name,
      Array.isArray(value) ? value : String(value).trim(),
    ]),
  );
}
