/**
 * The certificate that PostgreSQL offers where none is given: signed by itself, made at the first start of a container.
 *
 * It encrypts and proves nothing; clients that want to know whom they talk to need one of their own authority.
 *
 * @module
 */

import { chmod } from 'node:fs/promises';

import { Failure } from '../base/failure.ts';
import type { PlannedCertificate } from '../container/container-plan.ts';
import { isThere } from '../instance/durable-rename.ts';
import { runProgram } from '../instance/run-program.ts';

const TEN_YEARS_DAYS = 3650;
const TIMEOUT_MS = 60_000;

/** Makes it, unless it is there. @throws {Failure} `failed` without the program `openssl`. */
export async function makeCertificate(certificate: PlannedCertificate, hostname: string): Promise<void> {
  const { source, certificateFile, keyFile } = certificate;
  if (source !== 'selfSigned' || ((await isThere(certificateFile)) && (await isThere(keyFile)))) return;
  const subject = `/CN=${hostname.replaceAll('/', '_')}`;
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', keyFile, '-out', certificateFile];
  const argv = ['openssl', 'req', '-x509', ...kind, ...files, '-subj', subject, '-days', String(TEN_YEARS_DAYS)];
  const { code, output } = await runProgram(argv, { timeoutMs: TIMEOUT_MS });
  if (code !== 0) {
    throw new Failure('failed', {
      message: `cannot make a certificate for PostgreSQL: openssl ended with ${code ?? 'a signal'}`,
      remedy: 'Give one in SSL_CERTIFICATE and SSL_PRIVATE_KEY, or put openssl on the PATH.',
      facts: output.split('\n').slice(-3),
    });
  }
  await chmod(keyFile, 0o600);
}
