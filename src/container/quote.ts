/**
 * Words of command lines, quoted so that a shell and Python's `shlex` read them back as they are.
 *
 * @module
 */

/** One word. */
export function quoted(word: string): string {
  return /^[\w@+:,./=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A word of `archive_command` or `restore_command`, where `%` stands for something. */
export function quotedForServer(word: string): string {
  return quoted(word).replaceAll('%', '%%');
}
