/**
 * Text that arrives in pieces, in lines.
 *
 * @module
 */

/** The lines of a stream, without their ends; what is after the last one, if it is not empty. */
export async function* linesOf(pieces: AsyncIterable<unknown>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) throw new TypeError('a line came as text');
    rest += decoder.decode(piece, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
