/**
 * Names of files that are still being written.
 *
 * They are WAL-G's (`pkg/storages/fs/folder.go`), so that its listings hide ours as ours hide its.
 *
 * @module
 */

const TMP_NAME = /\.tmp\.\d{8}T\d{6}Z-[0-9a-f]{16}$/;

/** `<path>.tmp.<UTC time>-<16 hex digits>`. */
export function tmpNameFor(path: string, now: Date, randomHex16: string): string {
  const time = `${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  return `${path}.tmp.${time}-${randomHex16}`;
}

/** True if `name` is that of a file still being written, or left behind by a writer that died. */
export function isTmpName(name: string): boolean {
  return TMP_NAME.test(name);
}
