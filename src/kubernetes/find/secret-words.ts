/**
 * What of a specification is not shown: people write passwords into variables and commands. Better too much than too little: what is
 * not shown is used just the same.
 *
 * @module
 */

const SECRET_NAME =
  /PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|PRIVATE|CREDENTIAL.*JSON|ACCESS_KEY|API_?KEY|LIBSODIUM_KEY$|PGP_KEY$|CONNECTION_STRING|(?:^|_)(?:PASS|PWD|DSN|SAS)(?:_|$)/i;

/** A password in an address, in a connection string, in YAML or JSON; a key. */
const SECRET_VALUE =
  /:\/\/[^\s/:@]*:[^\s@]+@|(?:password|passwd|passphrase|secret|token|private_key|accountkey|sharedaccesssignature)["']?\s*[:=]\s*\S|-----BEGIN [A-Z ]*PRIVATE KEY/i;

/** True if a variable is not shown, by its name or by what is in it. */
export function isSecretVariable(name: string, value: string | undefined): boolean {
  return SECRET_NAME.test(name) || (value !== undefined && SECRET_VALUE.test(value));
}

/** A command without what looks like a password. A variable that a shell resolves is shown: it is a name. */
export function shownWords(command: string): string {
  return command
    .replace(/(:\/\/[^\s/:@]*:)[^\s@]+@/g, '$1***@')
    .replace(
      /([\w-]*(?:password|passwd|pass|secret|token)=|--?(?:password|passwd|pass|secret|token) )(?!\$)("[^"]*"|'[^']*'|[^\s-]\S*)/gi,
      '$1***',
    );
}
