/**
 * Where in bytes of JSON things end, told by quotes, brackets and commas alone: nothing is parsed.
 *
 * All of these are ASCII, so that bytes which are no UTF-8 move none of them. Of bytes that are no JSON the answers mean
 * nothing, but each is a place in them.
 *
 * Source: RFC 8259, sections 2 and 7.
 *
 * @module
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;
const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;

/** The bracket that opens at `at`. */
export function opensAt(bytes: Buffer, at: number): 'object' | 'list' | undefined {
  if (bytes[at] === OPEN_BRACE) return 'object';
  return bytes[at] === OPEN_BRACKET ? 'list' : undefined;
}

/** True if the bracket at `at` closes what `opened`. */
export function closesAt(bytes: Buffer, at: number, opened: 'object' | 'list'): boolean {
  return bytes[at] === (opened === 'object' ? CLOSE_BRACE : CLOSE_BRACKET);
}

/** True if there is a comma. */
export function isCommaAt(bytes: Buffer, at: number): boolean {
  return bytes[at] === COMMA;
}

/** The first place from `at` on that is no white space; the end, if all is. */
export function skipSpace(bytes: Buffer, at: number): number {
  let after = at;
  for (let byte = bytes[after]; isSpace(byte); byte = bytes[after]) after += 1;
  return after;
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB;
}

/** The quote that ends the string which begins at `quote`; the end of the bytes, if none does. */
function stringEnd(bytes: Buffer, quote: number): number {
  for (let at = bytes.indexOf(QUOTE, quote + 1); at !== -1; at = bytes.indexOf(QUOTE, at + 1)) {
    let escapes = 0;
    while (bytes[at - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at;
  }
  return bytes.length;
}

/**
 * Where a piece of an object or list ends that begins at `start`, between two of its members: at the last comma that
 * leaves the piece no longer than `pieceBytes`, or at the bracket that closes it all. A member that is longer is a
 * piece of its own. `undefined` if nothing closes.
 */
export function pieceEnd(bytes: Buffer, start: number, pieceBytes: number): number | undefined {
  const longest = start + pieceBytes;
  let depth = 0;
  let comma: number | undefined;
  for (let at = start; at < bytes.length; at += 1) {
    if (at > longest && comma !== undefined) return comma;
    switch (bytes[at]) {
      case QUOTE:
        at = stringEnd(bytes, at);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 0) return at;
        depth -= 1;
        break;
      case COMMA:
        if (depth === 0) comma = at;
        break;
      default:
    }
  }
  return undefined;
}

/** The parts of a member of an object that begins at `start`: its name, with quotes, and where its value begins. `undefined` if it is none. */
export function memberParts(bytes: Buffer, start: number): { nameEnd: number; valueStart: number } | undefined {
  if (bytes[start] !== QUOTE) return undefined;
  const nameEnd = stringEnd(bytes, start) + 1;
  const colon = skipSpace(bytes, nameEnd);
  return bytes[colon] === COLON ? { nameEnd, valueStart: skipSpace(bytes, colon + 1) } : undefined;
}
