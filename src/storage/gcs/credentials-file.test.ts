import { describe, expect, it } from 'vitest';

import { parseCredentials, readCredentials } from './credentials-file.ts';

const parse = (fields: object): unknown => parseCredentials(JSON.stringify(fields), '/etc/google.json');
const ACCOUNT = { type: 'service_account', client_email: 'a@b', private_key: 'hunter2' };
const UNSUPPORTED = 'workload identity from AWS, from a program or from a certificate is not supported';
const IDENTITY = { type: 'external_account', audience: 'a', subject_token_type: 't' };

describe('a file of Google credentials', () => {
  it('of a service account asks Google for tokens where it names no other place', () => {
    expect(parse(ACCOUNT)).toMatchObject({ type: 'serviceAccount', tokenUrl: 'https://oauth2.googleapis.com/token' });
  });

  it('of workload identity says where the token is, as text or as a member of JSON', () => {
    expect(parse({ ...IDENTITY, credential_source: { file: '/run/token' } })).toMatchObject({
      subjectToken: { from: { file: '/run/token' }, member: undefined },
      tokenUrl: 'https://sts.googleapis.com/v1/token',
    });
    const url = { url: 'http://169.254.169.254/token', headers: { Metadata: 'true' } };
    const format = { type: 'json', subject_token_field_name: 'access_token' };
    expect(parse({ ...IDENTITY, credential_source: { ...url, format } })).toMatchObject({
      subjectToken: { from: url, member: 'access_token' },
    });
  });

  it.each([
    [{ ...ACCOUNT, private_key: '' }, 'it has no "private_key"'],
    [{ ...ACCOUNT, token_uri: 'http://elsewhere.example/token' }, 'its "token_uri" is no https address'],
    [{ type: 'gdch_service_account' }, 'credentials of the type "gdch_service_account" are not supported'],
    [{ type: 'impersonated_service_account', source_credentials: {} }, 'it has no "type"'],
    [{ ...IDENTITY, credential_source: { environment_id: 'aws1', url: 'http://169.254.169.254' } }, UNSUPPORTED],
    [{ ...IDENTITY, credential_source: { executable: { command: '/hunter2' } } }, UNSUPPORTED],
    [{ ...IDENTITY, credential_source: { certificate: { use_default_certificate_config: true } } }, UNSUPPORTED],
    [[], 'it is no JSON object'],
    [{}, 'it has no "type"'],
  ])('is refused for %j, without showing what it holds', (fields, found) => {
    const refused = expect.objectContaining({
      kind: 'usage',
      message: expect.stringContaining(`/etc/google.json: ${found}`),
    });
    expect(() => parse(fields)).toThrow(refused);
    expect(() => parse(fields)).not.toThrow(/hunter2/);
  });

  it.each([{ environment_id: 'aws1' }, { executable: { command: '/bin/token' } }, { certificate: {} }])(
    'says what to use instead of workload identity from %j',
    (source) => {
      const remedy = expect.stringMatching(/from a file or an address.*service account's key.*metadata server/);
      expect(() => parse({ ...IDENTITY, credential_source: source })).toThrow(expect.objectContaining({ remedy }));
    },
  );

  it('that is no JSON is not quoted', () => {
    expect(() => parseCredentials('hunter2', '/etc/google.json')).toThrow(/it is no JSON object/);
    expect(() => parseCredentials('hunter2', '/etc/google.json')).not.toThrow(/hunter2/);
  });

  it('that is not there is told from one that cannot be read', async () => {
    expect(await readCredentials('/no/such/file')).toBeUndefined();
    await expect(readCredentials('/')).rejects.toMatchObject({ kind: 'usage' });
  });
});
