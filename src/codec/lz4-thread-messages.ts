/**
 * What passes between the main thread and the one that compresses with LZ4. The answer to an order is the frame.
 *
 * @module
 */

/** What the thread is started with. */
export interface Lz4ThreadData {
  /** Where the data of an order is. */
  readonly memory: SharedArrayBuffer;
}

/** One object to compress. The next comes when it has answered. */
export interface Lz4Order {
  /** How much of the memory it is, from its beginning. */
  readonly lengthBytes: number;
}
