/**
 * Names out of catalogs on a screen. They can hold anything: line breaks, escape sequences, text that runs the other way.
 *
 * @module
 */

const PLAIN = /^[a-z_][a-z0-9_$]*$/;
const UNSHOWABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

const escaped = (letter: string): string => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`;

/** An identifier as SQL writes it: quoted where it needs to be; what cannot be seen is written out. */
export function shownName(name: string): string {
  if (PLAIN.test(name)) return name;
  return `"${shownText(name.replaceAll('"', '""'))}"`;
}

/** Any text of others, such as a global transaction identifier, on one line. */
export function shownText(text: string): string {
  return text.replace(UNSHOWABLE, escaped);
}
