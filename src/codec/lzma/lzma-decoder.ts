/**
 * LZMA's symbols: literals, and repetitions of what stands some distance before, from a stream of bits.
 *
 * What was decoded last is kept as far back as a distance may reach; it is handed out in pieces, and no more than about
 * a piece is decoded beyond what was taken. Distances beyond that, or before the beginning, are damage.
 *
 * Source: the LZMA specification (LZMA SDK, `lzma-specification.txt`, public domain).
 *
 * @module
 */

import { freshProbabilities, RangeDecoder } from './range-decoder.ts';

/** What the header of a stream says of how it was coded. */
export interface LzmaProperties {
  /** Bits of the byte before, and of the position, by which a literal is decoded; bits of the position for all else. */
  readonly literalContextBits: number;
  readonly literalPositionBits: number;
  readonly positionBits: number;
  readonly dictionaryBytes: number;
}

/** Why decoding has stopped: more input is needed, a piece is full, the mark of the end, or damage. */
export type LzmaStop = 'input' | 'piece' | 'end' | 'damaged';

/** No symbol needs more input than 20 bytes. */
export const MOST_SYMBOL_BYTES = 32;
const PIECE_BYTES = 256 * 1024;
const FIRST_WINDOW_BYTES = 4 * PIECE_BYTES;
const LEAST_MATCH = 2;
const MOST_MATCH = 273;
const LAST_LITERAL_STATE = 7;
const POSITION_STATES = 16;
const STATES = 12;
const LITERAL_PROBABILITIES = 0x300;
const END_OF_STREAM = 0xffffffff;
/** Slots of distances whose lower bits have probabilities of their own; beyond them, all but four are equally likely. */
const MODELLED_SLOTS = 14;
const ALIGN_BITS = 4;

/** Lengths of repetitions, from 0. */
class LengthDecoder {
  readonly #choices = freshProbabilities(2);
  readonly #low = freshProbabilities(POSITION_STATES << 3);
  readonly #middle = freshProbabilities(POSITION_STATES << 3);
  readonly #high = freshProbabilities(256);

  decode(bits: RangeDecoder, positionState: number): number {
    if (bits.bit(this.#choices, 0) === 0) return bits.tree(this.#low, positionState << 3, 3);
    if (bits.bit(this.#choices, 1) === 0) return 8 + bits.tree(this.#middle, positionState << 3, 3);
    return 16 + bits.tree(this.#high, 0, 8);
  }
}

/** Decodes one stream, as its bytes are fed to `bits`. */
export class LzmaDecoder {
  readonly bits = new RangeDecoder();
  readonly #properties: LzmaProperties;
  readonly #positionMask: number;
  readonly #literals: Uint16Array;
  readonly #isMatch = freshProbabilities(STATES << 4);
  readonly #isRepeat = freshProbabilities(STATES);
  readonly #isRepeat0 = freshProbabilities(STATES);
  readonly #isRepeat1 = freshProbabilities(STATES);
  readonly #isRepeat2 = freshProbabilities(STATES);
  readonly #isLongRepeat0 = freshProbabilities(STATES << 4);
  readonly #lengths = new LengthDecoder();
  readonly #repeatLengths = new LengthDecoder();
  readonly #slots = freshProbabilities(4 << 6);
  readonly #distances = freshProbabilities(128);
  readonly #align = freshProbabilities(1 << ALIGN_BITS);
  /** What was decoded: as much as a distance may reach back, then what is not taken yet. */
  #window: Buffer = Buffer.alloc(FIRST_WINDOW_BYTES);
  readonly #mostWindowBytes: number;
  #windowAt = 0;
  #takenAt = 0;
  #contentBytes = 0;
  #state = 0;
  #repeats: [number, number, number, number] = [0, 0, 0, 0];

  constructor(properties: LzmaProperties) {
    const { literalContextBits, literalPositionBits, positionBits, dictionaryBytes } = properties;
    this.#properties = properties;
    this.#positionMask = (1 << positionBits) - 1;
    this.#literals = freshProbabilities(LITERAL_PROBABILITIES << (literalContextBits + literalPositionBits));
    this.#mostWindowBytes = Math.max(2 * dictionaryBytes, dictionaryBytes + FIRST_WINDOW_BYTES);
  }

  /** How many bytes were decoded. */
  get contentBytes(): number {
    return this.#contentBytes;
  }

  /** What was decoded since it was last taken, in memory of its own. */
  take(): Buffer {
    const piece = Buffer.allocUnsafeSlow(this.#windowAt - this.#takenAt);
    this.#window.copy(piece, 0, this.#takenAt, this.#windowAt);
    this.#takenAt = this.#windowAt;
    return piece;
  }

  /** Decodes until it has to stop. @param isLast nothing comes after the input at hand. @param mostBytes in all. */
  decode(isLast: boolean, mostBytes: number): LzmaStop {
    this.#makeRoom();
    while (this.#windowAt - this.#takenAt < PIECE_BYTES) {
      if (this.#contentBytes >= mostBytes) return 'end';
      if (!isLast && this.bits.unreadBytes < MOST_SYMBOL_BYTES) return 'input';
      const found = this.symbol();
      // What was made of bits that are not there is nothing.
      if (this.bits.isOverrun) return 'input';
      if (found !== undefined) return found;
    }
    return 'piece';
  }

  /** Decodes one symbol. */
  symbol(): 'end' | 'damaged' | undefined {
    const positionState = this.#contentBytes & this.#positionMask;
    if (this.bits.bit(this.#isMatch, (this.#state << 4) + positionState) === 0) {
      this.#literal();
      return undefined;
    }
    if (this.bits.bit(this.#isRepeat, this.#state) === 0) return this.#match(positionState);
    return this.#repeat(positionState);
  }

  /** Makes the window larger when it is nearly full, or moves what a distance may reach to its beginning. */
  #makeRoom(): void {
    while (this.#windowAt + PIECE_BYTES + MOST_MATCH > this.#window.length) {
      if (this.#window.length < this.#mostWindowBytes) this.#enlarge();
      else this.#moveToBeginning();
    }
  }

  #enlarge(): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(2 * this.#window.length, this.#mostWindowBytes));
    this.#window.copy(larger, 0, 0, this.#windowAt);
    this.#window = larger;
  }

  #moveToBeginning(): void {
    const keptAt = Math.min(this.#takenAt, this.#windowAt - this.#properties.dictionaryBytes);
    this.#window.copyWithin(0, keptAt, this.#windowAt);
    this.#windowAt -= keptAt;
    this.#takenAt -= keptAt;
  }

  #put(byte: number): void {
    this.#window[this.#windowAt] = byte;
    this.#windowAt += 1;
    this.#contentBytes += 1;
  }

  #literal(): void {
    const { literalContextBits, literalPositionBits } = this.#properties;
    const before = this.#windowAt === 0 ? 0 : (this.#window[this.#windowAt - 1] ?? 0);
    const position = this.#contentBytes & ((1 << literalPositionBits) - 1);
    const context = (position << literalContextBits) + (before >>> (8 - literalContextBits));
    const base = LITERAL_PROBABILITIES * context;
    let symbol = 1;
    if (this.#state >= LAST_LITERAL_STATE) {
      let expected = this.#window[this.#windowAt - this.#repeats[0] - 1] ?? 0;
      while (symbol < 0x100) {
        const expectedBit = (expected >>> 7) & 1;
        expected <<= 1;
        const bit = this.bits.bit(this.#literals, base + ((1 + expectedBit) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (expectedBit !== bit) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.bits.bit(this.#literals, base + symbol);
    this.#put(symbol & 0xff);
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6;
  }

  #match(positionState: number): 'end' | 'damaged' | undefined {
    const length = this.#lengths.decode(this.bits, positionState);
    const distance = this.#distance(Math.min(length, 3));
    if (distance === END_OF_STREAM) return 'end';
    const [first, second, third] = this.#repeats;
    this.#repeats = [distance, first, second, third];
    this.#state = this.#state < LAST_LITERAL_STATE ? 7 : 10;
    return this.#copy(length + LEAST_MATCH);
  }

  #repeat(positionState: number): 'damaged' | undefined {
    if (this.#contentBytes === 0) return 'damaged';
    const isLiteralBefore = this.#state < LAST_LITERAL_STATE;
    const [first, second, third, fourth] = this.#repeats;
    if (this.bits.bit(this.#isRepeat0, this.#state) === 0) {
      if (this.bits.bit(this.#isLongRepeat0, (this.#state << 4) + positionState) === 0) {
        this.#state = isLiteralBefore ? 9 : 11;
        return this.#copy(1);
      }
    } else if (this.bits.bit(this.#isRepeat1, this.#state) === 0) {
      this.#repeats = [second, first, third, fourth];
    } else if (this.bits.bit(this.#isRepeat2, this.#state) === 0) {
      this.#repeats = [third, first, second, fourth];
    } else {
      this.#repeats = [fourth, first, second, third];
    }
    const length = this.#repeatLengths.decode(this.bits, positionState);
    this.#state = isLiteralBefore ? 8 : 11;
    return this.#copy(length + LEAST_MATCH);
  }

  #distance(lengthState: number): number {
    const slot = this.bits.tree(this.#slots, lengthState << 6, 6);
    if (slot < 4) return slot;
    const lowBits = (slot >>> 1) - 1;
    const high = (2 | (slot & 1)) * 2 ** lowBits;
    if (slot < MODELLED_SLOTS) return high + this.bits.reverseTree(this.#distances, high - slot, lowBits);
    const middle = this.bits.directBits(lowBits - ALIGN_BITS) * 2 ** ALIGN_BITS;
    return high + middle + this.bits.reverseTree(this.#align, 0, ALIGN_BITS);
  }

  /** Repeats what stands the last distance before. */
  #copy(lengthBytes: number): 'damaged' | undefined {
    const distance = this.#repeats[0] + 1;
    if (distance > this.#contentBytes || distance > this.#properties.dictionaryBytes) return 'damaged';
    if (distance >= lengthBytes) {
      this.#window.copyWithin(this.#windowAt, this.#windowAt - distance, this.#windowAt - distance + lengthBytes);
      this.#windowAt += lengthBytes;
      this.#contentBytes += lengthBytes;
      return undefined;
    }
    for (let left = lengthBytes; left > 0; left -= 1) this.#put(this.#window[this.#windowAt - distance] ?? 0);
    return undefined;
  }
}
