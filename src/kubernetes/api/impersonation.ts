/**
 * Acting as somebody else: what a kubeconfig says of it, and the headers by which the server is told.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation, and for escaped keys
 * client-go `transport/round_trippers.go` (`headerKeyEscape`).
 *
 * @module
 */

/** Whom to act as. */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  /** Further attributes of the user, each with its values. */
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

/** What a user of a kubeconfig says (`as`, `as-uid`, `as-groups`, `as-user-extra`); `undefined`: nobody is acted as. */
export function impersonationOf(entry: Readonly<Record<string, unknown>>): Impersonation | undefined {
  const { as: user, 'as-uid': uid, 'as-groups': groups, 'as-user-extra': extra } = entry;
  if (typeof user !== 'string' || user === '') return undefined;
  const attributes = typeof extra === 'object' && extra !== null ? Object.entries(extra) : [];
  return {
    user,
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
    groups: texts(groups),
    extra: Object.fromEntries(attributes.map(([key, values]) => [key, texts(values)])),
  };
}

/** Not all letters may be in the name of a header. */
function escaped(key: string): string {
  const bytes = [...Buffer.from(key, 'utf8')].map((byte) => {
    const letter = String.fromCodePoint(byte);
    return /[!#$&'*+\-.^_`|~0-9A-Za-z]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return bytes.join('');
}

/** The headers of every request and of every WebSocket. Groups without a user are passed on: the server refuses them in its words. */
export function impersonationHeaders(given: Partial<Impersonation>): Record<string, string | string[]> {
  const { user, uid, groups = [], extra = {} } = given;
  const attributes = Object.entries(extra).filter(([, values]) => values.length > 0);
  return {
    ...(user === undefined ? {} : { 'Impersonate-User': user }),
    ...(uid === undefined ? {} : { 'Impersonate-Uid': uid }),
    ...(groups.length === 0 ? {} : { 'Impersonate-Group': [...groups] }),
    ...Object.fromEntries(attributes.map(([key, values]) => [`Impersonate-Extra-${escaped(key)}`, [...values]])),
  };
}
