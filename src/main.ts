/**
 * The process: arguments in, exit code out.
 *
 * Nothing is imported statically, and the exit code is set first: a program file that does not load makes Node exit with
 * 1, and an await that never settles with 13. A server in archive recovery would read both from its `restore_command` as
 * "not in the archive" and open for writing.
 *
 * @module
 */

const args = process.argv.slice(2);
const { existsSync } = process.getBuiltinModule('node:fs');
const isFetch = args[0] === 'wal-fetch' || (args[0] === 'wal' && args[1] === 'fetch');
// A server runs its commands in its data directory. In archive recovery even a slip in the command's name must stop it;
// a replica would shut down above 125, and can stream instead.
const isRecovering = existsSync('recovery.signal') && !existsSync('standby.signal');
const mustStop = isRecovering || (isFetch && !existsSync('standby.signal'));
process.exitCode = mustStop ? 70 + 128 : 70;

const { runProgram } = await import('./cli/run-program.ts');
const listener = mustStop ? 'restore_command' : isFetch ? 'restore_command of a replica' : 'operator';
process.exitCode = await runProgram(args, { listener });

export {};
