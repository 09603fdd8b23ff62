/**
 * Certificates for tests: an authority of their own, and what it signs, made by `openssl`.
 *
 * @module
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runProgram } from './postgres.ts';

/** A certificate and its key, as paths of PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate for 127.0.0.1 that is its own authority. @param names what its files in `folder` are called. */
export async function selfSigned(folder: string, names: Certificate): Promise<Certificate> {
  await mkdir(folder, { recursive: true });
  const [cert, key] = [join(folder, names.cert), join(folder, names.key)];
  const subject = ['-subj', '/CN=walkback test', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', key, '-out', cert];
  await runProgram('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files]);
  return { cert, key };
}

/** An authority. */
export class TestAuthority {
  readonly #folder: string;
  /** Its own certificate, by which what it signs is trusted. */
  readonly cert: string;
  readonly #key: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.cert = join(folder, 'ca.pem');
    this.#key = join(folder, 'ca.key');
  }

  /** Makes one whose files are in a folder of its own. */
  static async make(folder: string): Promise<TestAuthority> {
    await mkdir(folder, { recursive: true });
    const authority = new TestAuthority(folder);
    const { cert } = authority;
    const files = ['-keyout', authority.#key, '-out', cert];
    await runProgram('openssl', ['req', '-x509', ...NEW_KEY, '-days', '2', '-subj', '/CN=test authority', ...files]);
    return authority;
  }

  /** Signs a certificate for a host, `DNS:db1` or `IP:127.0.0.1`. */
  async sign(name: string, subjectAltName: string): Promise<Certificate> {
    const [request, extensions] = [join(this.#folder, `${name}.csr`), join(this.#folder, `${name}.ext`)];
    const [cert, key] = [join(this.#folder, `${name}.pem`), join(this.#folder, `${name}.key`)];
    await writeFile(extensions, `subjectAltName=${subjectAltName}\n`);
    await runProgram('openssl', ['req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`]);
    const by = ['-CA', this.cert, '-CAkey', this.#key, '-CAcreateserial'];
    await runProgram('openssl', [
      'x509',
      '-req',
      '-in',
      request,
      ...by,
      '-days',
      '2',
      '-extfile',
      extensions,
      '-out',
      cert,
    ]);
    return { cert, key };
  }
}
