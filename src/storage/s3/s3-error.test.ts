import { describe, expect, it } from 'vitest';

import { tellingItsErrors, type RoleAsked } from './role-error.ts';
import { isRetryable, readS3Error } from './s3-error.ts';
import { s3Failure } from './s3-failure.ts';

const action = { verb: 'read', permission: 's3:GetObject', bucket: 'shop', key: 'pg/wal_005/1.zst' };

/** An answer of the store as the SDK throws it. */
function answer(status: number, name: string, headers: Record<string, string> = {}): Error {
  const error = new Error(`the text of ${name}`);
  const response = { statusCode: status, headers };
  return Object.assign(error, { name, $metadata: { httpStatusCode: status }, $response: response });
}

function network(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' });
}

describe('the failure of a request to S3', () => {
  it.each([
    [answer(403, 'AccessDenied'), 'denied'],
    [answer(401, 'Unauthorized'), 'denied'],
    [answer(403, 'SignatureDoesNotMatch'), 'denied'],
    [answer(400, 'ExpiredToken'), 'denied'],
    [answer(403, 'RequestTimeTooSkewed'), 'denied'],
    [Object.assign(new Error('none found'), { name: 'CredentialsProviderError' }), 'denied'],
    [answer(404, 'NoSuchBucket'), 'usage'],
    [answer(301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-west-1' }), 'usage'],
    [network('DEPTH_ZERO_SELF_SIGNED_CERT'), 'usage'],
    [answer(412, 'PreconditionFailed'), 'conflict'],
    [answer(501, 'NotImplemented'), 'refused'],
    [answer(503, 'SlowDown'), 'unavailable'],
    [answer(429, 'TooManyRequests'), 'unavailable'],
    [answer(404, 'NotFound'), 'unavailable'],
    [network('ECONNREFUSED'), 'unavailable'],
    [network('ENOTFOUND'), 'unavailable'],
    [Object.assign(new Error('idle'), { name: 'TimeoutError' }), 'unavailable'],
    [answer(400, 'InvalidArgument'), 'failed'],
  ])('for %s is of the kind %s', (error, kind) => {
    expect(s3Failure(action, error)).toMatchObject({ kind, cause: error });
  });

  it('names the bucket and the action that is denied', () => {
    const { message, remedy } = s3Failure(action, answer(403, 'AccessDenied'));
    expect(message).toBe(
      'cannot read s3://shop/pg/wal_005/1.zst: s3:GetObject on the bucket "shop" is denied (AccessDenied)',
    );
    expect(remedy).toContain('Allow s3:GetObject');
  });

  it('names the region to set', () => {
    const error = answer(301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-west-1' });
    expect(s3Failure(action, error).remedy).toBe('Set the region to eu-west-1.');
  });
});

describe('the failure of a role that is asked for', () => {
  const ROLE = 'arn:aws:iam::123456789012:role/backup';
  const asked = async (role: RoleAsked, error: Error): Promise<unknown> =>
    tellingItsErrors(role, () => Promise.reject(error))().catch((thrown: unknown) => thrown);

  it.each([
    [answer(403, 'AccessDenied'), 'denied'],
    [answer(400, 'ExpiredTokenException'), 'denied'],
    [answer(400, 'InvalidIdentityToken'), 'denied'],
    [answer(400, 'InvalidParameterValue'), 'denied'],
    [answer(400, 'IDPCommunicationError'), 'unavailable'],
    [answer(503, 'SlowDown'), 'unavailable'],
    [network('ECONNREFUSED'), 'unavailable'],
  ])('for %s is of the kind %s', async (error, kind) => {
    expect(s3Failure(action, await asked({ arn: ROLE }, error))).toMatchObject({ kind, cause: error });
  });

  it('names the role, and not a permission on the bucket', async () => {
    const { message, remedy } = s3Failure(action, await asked({ arn: ROLE }, answer(403, 'AccessDenied')));
    expect(message).toContain(`the role ${ROLE} is not given (AccessDenied: the text of AccessDenied)`);
    expect(message).not.toContain('s3:GetObject');
    expect(remedy).toContain('sts:AssumeRole');
    const identity = await asked(
      { arn: ROLE, webIdentityTokenFile: '/run/token' },
      answer(400, 'InvalidIdentityToken'),
    );
    expect(s3Failure(action, identity).message).toContain('is not given for the token in /run/token');
  });

  it('is about the file where that cannot be read, and none of the network', async () => {
    const role = { arn: ROLE, webIdentityTokenFile: '/run/token' };
    const missing = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', syscall: 'open' });
    expect(await asked(role, missing)).toMatchObject({ kind: 'usage', message: expect.stringContaining('/run/token') });
    const away = network('ECONNREFUSED');
    expect(await asked(role, away)).toBe(away);
  });
});

describe('another attempt', () => {
  it.each([
    answer(500, 'InternalError'),
    answer(200, 'InternalError'),
    answer(200, 'SyntaxError'),
    answer(503, 'SlowDown'),
    answer(409, 'ConditionalRequestConflict'),
    answer(400, 'RequestTimeout'),
    network('ECONNRESET'),
    network('EAI_AGAIN'),
    Object.assign(new Error('aborted'), { cause: network('ECONNRESET') }),
  ])('is made after %s', (error) => {
    expect(isRetryable(readS3Error(error))).toBe(true);
  });

  it.each([
    answer(403, 'AccessDenied'),
    answer(404, 'NoSuchKey'),
    answer(404, 'NoSuchBucket'),
    answer(412, 'PreconditionFailed'),
    answer(501, 'NotImplemented'),
    network('CERT_HAS_EXPIRED'),
    new TypeError('a defect of ours'),
  ])('is not made after %s', (error) => {
    expect(isRetryable(readS3Error(error))).toBe(false);
  });
});
