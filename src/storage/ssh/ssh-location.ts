/**
 * Where an archive on another host is, and how that host is reached and recognised. Kept apart from the client, so that
 * naming a location loads no library.
 *
 * @module
 */

/** How a host proves that it is the one meant. */
export type HostTrust =
  /** Its key is in one of these files (OpenSSH's `known_hosts`); those that are not there count as empty. */
  | { readonly kind: 'knownHosts'; readonly files: readonly string[] }
  /** Its key has one of these fingerprints (`SHA256:…`). */
  | { readonly kind: 'fingerprints'; readonly fingerprints: readonly string[] }
  /** It does not: whoever answers is believed, as WAL-G does. */
  | { readonly kind: 'anyone' };

/** An archive in a folder of a host that is reached by SSH. */
export interface SshLocation {
  readonly kind: 'ssh';
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** The folder, absolute on that host. It is never made. */
  readonly path: string;
  readonly trust: HostTrust;
  readonly password?: string;
  /** A private key in OpenSSH's or PEM form. */
  readonly privateKeyFile?: string;
  readonly privateKeyPassphrase?: string;
  /** The socket of an agent that holds keys. */
  readonly agentSocket?: string;
}

/** The archive's address for messages: the port only if it is not 22. */
export function sshAddressOf({ host, port, path }: Pick<SshLocation, 'host' | 'port' | 'path'>): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return `ssh://${name}${port === 22 ? '' : `:${port}`}${path}`;
}
