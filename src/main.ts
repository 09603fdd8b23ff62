/**
 * The process: arguments in, exit code out.
 *
 * Nothing is imported statically, and whatever is not caught ends with a code of ours: Node would exit with 1 for an error
 * that nobody caught, also while the program loads, and with 13 for an await that never settles. A server in archive
 * recovery would read both from its `restore_command` as "not in the archive" and open for writing.
 *
 * @module
 */

const given = process.argv.slice(2);
// A directory of variables may stand before the command.
const leading = given[0] === '--env-dir' ? 2 : given[0]?.startsWith('--env-dir=') === true ? 1 : 0;
const args = given.slice(leading);
const { existsSync, writeSync } = process.getBuiltinModule('node:fs');
const isWalE = args[0] === 'wal-e';
const isWalg = args[0] === 'wal-g' || isWalE;
const isFetch =
  (args[0] === 'wal' && args[1] === 'fetch') || args[0] === 'wal-fetch' || (isWalg && args.includes('wal-fetch'));
// A server runs its commands in its data directory. In archive recovery even a slip in the command's name must stop it;
// a replica would shut down above 125, and can stream instead.
const isRecovering = existsSync('recovery.signal') && !existsSync('standby.signal');
const mustStop = isRecovering || (isFetch && !existsSync('standby.signal'));
const bugCode = mustStop ? 70 + 128 : 70;
process.exitCode = bugCode;
process.on('uncaughtException', (error) => {
  writeSync(2, `walkback: a bug in walkback: ${error.stack ?? error.message}\n`);
  process.exit(bugCode);
});

const listener = mustStop ? 'restore_command' : isFetch ? 'restore_command of a replica' : 'operator';
if (isWalg) {
  const { runWalg } = await import('./cli/walg/run-walg.ts');
  const envDirectory = leading === 2 ? given[1] : given[0]?.slice('--env-dir='.length);
  process.exitCode = await runWalg(args.slice(1), {
    listener,
    isWalE,
    ...(leading === 0 || envDirectory === undefined ? {} : { envDirectory }),
  });
} else if (args[0] === 'relayed') {
  const { runRelayed } = await import('./cli/relay/run-relayed.ts');
  process.exitCode = await runRelayed(args[1] ?? '');
} else {
  const { runProgram } = await import('./cli/run-program.ts');
  process.exitCode = await runProgram(given, { listener });
}

export {};
