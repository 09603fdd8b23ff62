/**
 * The names under which programs look for a key of S3.
 *
 * @module
 */

export const KEY_ID = 'AWS_ACCESS_KEY_ID';
export const SECRET_KEY = 'AWS_SECRET_ACCESS_KEY';
export const CREDENTIAL_NAMES: readonly string[] = [KEY_ID, SECRET_KEY];
