/**
 * The part of sodium-native that is used: it brings no types. Functions write to buffers that they are given.
 */

declare module 'sodium-native' {
  export interface Secretstream {
    readonly crypto_secretstream_xchacha20poly1305_STATEBYTES: number;
    readonly crypto_secretstream_xchacha20poly1305_TAG_MESSAGE: number;
    readonly crypto_secretstream_xchacha20poly1305_TAG_FINAL: number;
    crypto_secretstream_xchacha20poly1305_init_push(state: Buffer, header: Buffer, key: Buffer): void;
    /** Answers with the bytes written: the message's and 17. */
    crypto_secretstream_xchacha20poly1305_push(
      state: Buffer,
      stored: Buffer,
      message: Buffer,
      additional: null,
      tag: number,
    ): number;
    crypto_secretstream_xchacha20poly1305_init_pull(state: Buffer, header: Buffer, key: Buffer): void;
    /** Answers with the message's bytes. Throws if they are not what was encrypted, and leaves the state as it was. */
    crypto_secretstream_xchacha20poly1305_pull(
      state: Buffer,
      message: Buffer,
      tag: Buffer,
      stored: Buffer,
      additional: null,
    ): number;
  }
  const sodium: Secretstream;
  export default sodium;
}
