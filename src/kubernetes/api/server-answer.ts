/**
 * What the server answers when it does not do what was asked, and what that is to the operator.
 *
 * @module
 */

import { Failure, messageOf } from '../../base/failure.ts';
import { isTlsCode, retryAfterMs, systemCodeOf } from '../../storage/network-error.ts';

/** What was asked, for messages and for the right that it needs. */
export interface Asked {
  /** The verb of access control: `get`, `list`, `patch` … */
  readonly verb: string;
  /** `statefulsets`, `pods/exec`. */
  readonly resource: string;
  /** `''` is the core group. */
  readonly group: string;
  readonly name?: string;
  /** `undefined` for what is in none. */
  readonly namespace?: string;
}

/** An answer that is not a success: a `Status` of the API, or something between it and us. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** `NotFound`, `AlreadyExists`, `Conflict`, `Expired` …; empty if the answer was no `Status`. */
  readonly reason: string;
  /** The kind that a `Status` is about; for a quota that changed meanwhile, `resourcequotas`. */
  readonly aboutKind: string;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, body: string, retryAfter: string | undefined) {
    const said = statusIn(body);
    super(said.message === '' ? `HTTP ${status}${firstLine(body)}` : said.message);
    this.status = status;
    this.reason = said.reason;
    this.aboutKind = said.aboutKind;
    this.retryAfterMs = retryAfterMs(retryAfter, new Date());
  }
}

function firstLine(body: string): string {
  const line = body.trim().split('\n')[0] ?? '';
  return line === '' ? '' : `: ${line.slice(0, 200)}`;
}

function textOf(value: unknown, key: string): string {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'string' ? found : '';
}

function statusIn(body: string): { readonly message: string; readonly reason: string; readonly aboutKind: string } {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    value = undefined;
  }
  const details: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'details') : undefined;
  return { message: textOf(value, 'message'), reason: textOf(value, 'reason'), aboutKind: textOf(details, 'kind') };
}

/** Codes of connections that were never made: nothing was sent. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** True if a change may have been made although its answer says otherwise, or never came. */
export function mayHaveHappened(thrown: unknown): boolean {
  if (thrown instanceof Refusal) return thrown.status >= 500 || thrown.status === 408;
  const code = systemCodeOf(thrown);
  return !NOT_SENT.has(code ?? '') && !isTlsCode(code);
}

/** True if another attempt may go better. */
export function isWorthRepeating(thrown: unknown): boolean {
  if (!(thrown instanceof Refusal)) return !isTlsCode(systemCodeOf(thrown));
  if ([408, 429, 502, 503, 504].includes(thrown.status)) return true;
  // What a quota counts changed meanwhile; the server says so as a conflict of the quota, not of the object.
  if (thrown.status === 409) return thrown.aboutKind === 'resourcequotas';
  return (
    thrown.status === 500 &&
    (thrown.retryAfterMs !== undefined || /etcdserver|timed? ?out|refused/i.test(thrown.message))
  );
}

/** `get statefulsets/db in namespace shop`. */
export function wordsOf({ verb, resource, name, namespace }: Asked): string {
  const [plural = '', ...sub] = resource.split('/');
  const path = [plural, ...(name === undefined ? [] : [name]), ...sub].join('/');
  return `${verb} ${path}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
}

function rightNeeded({ verb, resource, group, namespace }: Asked): string {
  const full = group === '' ? resource : `${resource.replace(/^[^/]+/, (plural) => `${plural}.${group}`)}`;
  const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${namespace}`;
  // A WebSocket begins with a GET: some servers judge it as that, some as a create, some as both.
  const isSocket = resource === 'pods/exec' || resource === 'pods/portforward';
  if (isSocket) return `Ask for the rights to get and to create ${full} ${where}: servers want either or both.`;
  const look = `kubectl auth can-i ${verb} ${full}${namespace === undefined ? '' : ` -n ${namespace}`}`;
  return `Ask for the right to ${verb} ${full} ${where}. To look whether you have it: ${look}`;
}

/** A login that was refused, after it was read again. */
export function loginRefused(asked: Asked, user: string, server: string): Failure {
  return new Failure('denied', {
    message: `cannot ${wordsOf(asked)}: ${server} does not accept the login of ${user} (any more)`,
    remedy:
      'Log in again (`oc login`, or as your cluster asks), then type the same command again: what is under way goes on where it was.',
    facts: ['the kubeconfig was read once more, and its login was refused as well'],
  });
}

function refusalFailure(asked: Asked, refusal: Refusal, facts: readonly string[]): Failure {
  const message = `cannot ${wordsOf(asked)}: ${refusal.message}`;
  const details = { message, facts, cause: refusal };
  if (refusal.status === 403) return forbidden(asked, refusal, details);
  if (refusal.status === 404) {
    return new Failure('refused', {
      ...details,
      remedy: 'Look at the name and the namespace: `walkback cluster list`.',
    });
  }
  if (refusal.status === 409 || refusal.status === 412) {
    return new Failure('conflict', {
      ...details,
      remedy: 'Somebody else changed it meanwhile. Look at it, then try again.',
    });
  }
  if (isWorthRepeating(refusal) || refusal.status >= 500) {
    return new Failure('unavailable', {
      ...details,
      remedy: 'Try again when the API server is well: kubectl get --raw /readyz',
    });
  }
  return new Failure('refused', {
    ...details,
    remedy: 'The server says what it will not have; that has to change first.',
  });
}

/** Admission answers 403 as well: a quota, Pod Security, a namespace that is going away. None of those is a missing right. */
function forbidden(asked: Asked, refusal: Refusal, details: { readonly message: string }): Failure {
  if (/exceeded quota|maximum .* usage per/i.test(refusal.message)) {
    const remedy = `Make room in the quota: kubectl describe quota -n ${asked.namespace ?? 'NAMESPACE'}`;
    return new Failure('refused', { ...details, remedy });
  }
  if (/violates PodSecurity|security context constraint|being terminated|is forbidden: .*must/i.test(refusal.message)) {
    return new Failure('refused', {
      ...details,
      remedy: 'The namespace does not admit this object for the reason given.',
    });
  }
  return new Failure('denied', { ...details, remedy: rightNeeded(asked) });
}

/** What a thrown error is to the operator. */
export function failureOf(asked: Asked, server: string, thrown: unknown, facts: readonly string[]): Failure {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof Refusal) return refusalFailure(asked, thrown, facts);
  const isTls = isTlsCode(systemCodeOf(thrown));
  return new Failure(isTls ? 'usage' : 'unavailable', {
    message: `cannot ${wordsOf(asked)}: ${server}: ${messageOf(thrown)}`,
    remedy: isTls
      ? 'Check the server and the certificate authority of this context: kubectl config view --minify'
      : 'Look whether the API server is up and can be reached from here: kubectl get --raw /readyz',
    facts,
    cause: thrown,
  });
}
