/**
 * Certificates: PostgreSQL's own, which is made when none is given, and that of Patroni's REST API.
 *
 * Source: Spilo `configure_spilo.py` (`write_certificates`, `write_restapi_certificates`, `get_placeholders`). Spilo makes a
 * certificate of its own over a path that is set and holds nothing; here such a path is refused, because whoever set it
 * expects the certificate that was to be there.
 *
 * @module
 */

import { join } from 'node:path/posix';

import type { ContainerPaths, PlannedCertificate, PlannedFile } from './container-plan.ts';
import { missingFile, type Reading } from './reading.ts';
import { Secret } from './secret.ts';

/** Variables with contents of files, and the variables of their paths, which are called so with `_FILE` behind. */
interface CertificateNames {
  readonly start: 'SSL_' | 'SSL_RESTAPI_';
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

const SERVER: CertificateNames = { start: 'SSL_', certificate: 'server.crt', key: 'server.key', ca: 'ca.crt' };
const REST_API: CertificateNames = {
  start: 'SSL_RESTAPI_',
  certificate: 'rest-api-server.crt',
  key: 'restapi-api-server.key',
  ca: 'rest-api-ca.crt',
};

/** A certificate, and the files of it that the environment holds. */
export interface CertificatePlan {
  readonly certificate: PlannedCertificate | undefined;
  readonly files: readonly PlannedFile[];
}

const PRIVATE = 0o600;
const PUBLIC = 0o644;

function checkPair(reading: Reading, names: readonly [string, string]): void {
  const set = reading.setOf(names);
  const [first] = set;
  const missing = names.find((name) => !set.includes(name));
  if (first === undefined || missing === undefined) return;
  reading.refuse({
    of: first,
    found: `${missing} is not set, and one is of no use without the other`,
    remedy: `Set ${missing} too, or take ${first} out.`,
  });
}

function given(reading: Reading, name: string, path: string, mode: number): readonly PlannedFile[] {
  const text = reading.get(name);
  return text === undefined ? [] : [{ path, mode, content: mode === PRIVATE ? new Secret(text) : text }];
}

/** A path that is set: what is to be there is written from the environment, or has to be there. */
function optionalPath(reading: Reading, name: string, fallback: string): string | undefined {
  const path = reading.path(`${name}_FILE`);
  if (reading.get(name) !== undefined) return path ?? fallback;
  if (path !== undefined && !reading.facts.canRead(path)) reading.refuse({ of: `${name}_FILE`, ...missingFile(path) });
  return path;
}

function plan(reading: Reading, paths: ContainerPaths, names: CertificateNames): CertificatePlan {
  const { start } = names;
  const [certificateName, keyName] = [`${start}CERTIFICATE`, `${start}PRIVATE_KEY`] as const;
  checkPair(reading, [certificateName, keyName]);
  checkPair(reading, [`${certificateName}_FILE`, `${keyName}_FILE`]);
  const within = (name: string) => join(paths.certificateDirectory, name);
  const isGiven = reading.get(certificateName) !== undefined && reading.get(keyName) !== undefined;
  const certificateFile = optionalPath(reading, certificateName, within(names.certificate));
  const keyFile = optionalPath(reading, keyName, within(names.key));
  const caFile = optionalPath(reading, `${start}CA`, within(names.ca));
  const crlFile = start === 'SSL_' ? optionalPath(reading, 'SSL_CRL', within('server.crl')) : undefined;
  const files = [
    ...(isGiven ? given(reading, certificateName, certificateFile ?? '', PUBLIC) : []),
    ...(isGiven ? given(reading, keyName, keyFile ?? '', PRIVATE) : []),
    ...given(reading, `${start}CA`, caFile ?? '', PUBLIC),
    ...(crlFile === undefined ? [] : given(reading, 'SSL_CRL', crlFile, PUBLIC)),
  ];
  const others = { ...(caFile === undefined ? {} : { caFile }), ...(crlFile === undefined ? {} : { crlFile }) };
  if (certificateFile !== undefined && keyFile !== undefined) {
    const source = isGiven ? 'environment' : 'existing';
    return { files, certificate: { source, certificateFile, keyFile, ...others } };
  }
  if (start === 'SSL_RESTAPI_') return { files, certificate: undefined };
  const made = { certificateFile: within(names.certificate), keyFile: within(names.key) };
  return { files, certificate: { source: 'selfSigned', ...made, ...others } };
}

/** PostgreSQL's certificate: given, there already, or made at the first start. */
export function serverCertificate(
  reading: Reading,
  paths: ContainerPaths,
): CertificatePlan & { readonly certificate: PlannedCertificate } {
  const { certificate, files } = plan(reading, paths, SERVER);
  const made = {
    source: 'selfSigned' as const,
    certificateFile: join(paths.certificateDirectory, SERVER.certificate),
    keyFile: join(paths.certificateDirectory, SERVER.key),
  };
  return { files, certificate: certificate ?? made };
}

/** The REST API's certificate; without one it speaks HTTP. */
export function restApiCertificate(reading: Reading, paths: ContainerPaths): CertificatePlan {
  return plan(reading, paths, REST_API);
}

/** Whether certificates are looked at again and again: as told, or where their key is mounted from outside. */
export function watchesCertificates(reading: Reading): boolean {
  return reading.has('SSL_TEST_RELOAD') ? reading.isOn('SSL_TEST_RELOAD') : reading.has('SSL_PRIVATE_KEY_FILE');
}
