/**
 * CRC-32C of long stretches as WebAssembly: nearly all of the bytes are folded into the last few hundred by XOR of whole
 * vectors, without any table; what is left goes to {@link EXTEND_CRC32C}. From some kibibytes on that is three to four
 * times as fast.
 *
 * A checksum is the rest of a division by a polynomial P over bits. P divides
 * `x^209 + x^144 + x^54 + x^39 + x^14 + 1`, and so, squaring being linear over bits, the same polynomial with every exponent
 * times 32. A word of 32 bits may therefore be taken out of the stretch, without changing the rest of the division, if it is
 * added to the words that follow at the distances 65, 155, 170, 195 and 209. No multiple of P with as few terms is
 * shorter. The nearest distance is more than 16 vectors: four words at a time can be taken out before any of them
 * is needed.
 *
 * One function, `fold(state, start, end, work)`, which changes the stretch. As text it would read, `words[i]` being the words
 * of the stretch and `work[i]` those that were taken out, 0 where none was:
 *
 * ```wat
 * (words[0] ^= state)
 * (for i up to where 209 words and less than a vector are left: work[i] := words[i] ^ work[i - 65] ^ … ^ work[i - 209])
 * (for the 209 words and what makes them whole vectors: words[i] := words[i] ^ work[i - 65] ^ … ^ work[i - 209])
 * (return extend(0, the first word that was not taken out, end))
 * ```
 *
 * Source: the idea of sparse multiples is that of S. Russell, "Chorba: A novel CRC32 implementation", 2024; the multiple was
 * found by trying all with six terms.
 *
 * @module
 */

import {
  ADD,
  AND,
  branchIf,
  bump,
  call,
  get,
  I32,
  integer,
  LESS_UNSIGNED,
  load32,
  loadVector,
  loop,
  set,
  store32,
  storeVector,
  SUBTRACT,
  vector,
  XOR,
  XOR_VECTORS,
  type Code,
  type WasmFunction,
} from './wasm-code.ts';

/** In words of 32 bits, as all of the multiple's exponents are times 32. */
const DISTANCES = [65, 155, 170, 195, 209];
const VECTOR_BYTES = 16;
/** The farthest distance, as whole vectors. */
const REACH_BYTES = Math.ceil((4 * Math.max(...DISTANCES)) / VECTOR_BYTES) * VECTOR_BYTES;

/** The function takes no stretch that is shorter. */
export const SHORTEST_FOLDED_BYTES = REACH_BYTES + VECTOR_BYTES;
/** `work` has this many bytes more than the stretch; as many at its start are always 0. */
export const FOLD_WORK_BYTES = REACH_BYTES;

const LOCAL = { state: 0, at: 1, end: 2, work: 3, stop: 4, rest: 5 };
const LOCALS = 2;
const ZERO_VECTOR = vector(0x0c, ...Array.from({ length: VECTOR_BYTES }, () => 0));

/** The next vector: what is there, and what was taken out in front of it. `work` points at what is REACH_BYTES before it. */
const added: Code = [
  ...get(LOCAL.at),
  ...loadVector(0),
  ...DISTANCES.flatMap((words) => [...get(LOCAL.work), ...loadVector(REACH_BYTES - 4 * words), ...XOR_VECTORS]),
];

/** Does the step for each vector until `stop`. */
const untilStop = (step: Code): Code =>
  loop(step, bump(LOCAL.at, VECTOR_BYTES), bump(LOCAL.work, VECTOR_BYTES), [
    ...get(LOCAL.at),
    ...get(LOCAL.stop),
    LESS_UNSIGNED,
    ...branchIf(0),
  ]);

/** REACH_BYTES of zeros behind what was taken out, so that the words that are left get nothing from each other. */
const clearWork: Code = [
  ...get(LOCAL.work),
  ...set(LOCAL.rest),
  ...get(LOCAL.work),
  ...integer(REACH_BYTES),
  ADD,
  ...set(LOCAL.state),
  ...loop([...get(LOCAL.rest), ...ZERO_VECTOR, ...storeVector(REACH_BYTES)], bump(LOCAL.rest, VECTOR_BYTES), [
    ...get(LOCAL.rest),
    ...get(LOCAL.state),
    LESS_UNSIGNED,
    ...branchIf(0),
  ]),
];

/** The state stands in for what was before: it is added to the first word. */
const addState: Code = [...get(LOCAL.at), ...get(LOCAL.at), ...load32(0), ...get(LOCAL.state), XOR, ...store32(0)];

/** stop := start + (end - start - REACH_BYTES, down to a whole vector) */
const findStop: Code = [
  ...[LOCAL.end, LOCAL.at].flatMap(get),
  SUBTRACT,
  ...integer(REACH_BYTES),
  SUBTRACT,
  ...integer(-VECTOR_BYTES),
  AND,
  ...get(LOCAL.at),
  ADD,
  ...set(LOCAL.stop),
];

/** The function; it calls the module's first, which is to be {@link EXTEND_CRC32C}. */
export const FOLD_CRC32C: WasmFunction = {
  name: 'fold',
  parameters: 4,
  locals: [{ count: LOCALS, type: I32 }],
  body: [
    ...addState,
    ...findStop,
    ...untilStop([...get(LOCAL.work), ...added, ...storeVector(REACH_BYTES)]),
    ...clearWork,
    ...bump(LOCAL.stop, REACH_BYTES),
    ...get(LOCAL.at),
    ...set(LOCAL.rest),
    ...untilStop([...get(LOCAL.at), ...added, ...storeVector(0)]),
    ...integer(0),
    ...get(LOCAL.rest),
    ...get(LOCAL.end),
    ...call(0),
  ],
};
