/**
 * The archive's name of {@link releaseBuffer}, which the codecs use too.
 *
 * @module
 */

export { releaseBuffer } from '../base/release-buffer.ts';
