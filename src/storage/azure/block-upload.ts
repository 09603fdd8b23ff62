/**
 * Writing a large blob in blocks, a few at a time, of which only those few are in memory;
 * and not many, all uploads of the store together.
 *
 * The blob appears when the list of its blocks is sent, in one step. Blocks of an upload that failed are in no listing, and
 * Azure removes them after a week; there is no request that does.
 *
 * Source: Azure Storage, "Put Block", "Put Block List".
 *
 * @module
 */

import { createHash } from 'node:crypto';

import { Failure } from '../../base/failure.ts';
import type { PutOptions, PutOutcome } from '../object-store.ts';
import type { PartRoom } from '../part-room.ts';
import type { AzureConnection } from './azure-connection.ts';
import { nameOf, type AzureAction } from './azure-failure.ts';
import { commit, md5Of, uploadHeader } from './put-blob.ts';

const MOST_BLOCKS = 50_000;
/** All blocks of a blob must have names of one length, those that other writers left there too: WAL-G's have this one. */
const BLOCK_NAME_BYTES = 64;

function blockId(token: string, number: number): string {
  return Buffer.from(`${token}-${number}`.padEnd(BLOCK_NAME_BYTES, '.')).toString('base64');
}

function tooManyBlocks(action: AzureAction, blockSizeBytes: number): Failure {
  return new Failure('refused', {
    message: `cannot ${nameOf(action)}: it has more than ${MOST_BLOCKS} blocks of ${blockSizeBytes} bytes`,
    remedy: 'Set a larger block size (azure-buffer-size, AZURE_BUFFER_SIZE).',
  });
}

/** How blocks are sent. */
export interface BlockWays {
  /** Of one blob. */
  readonly mostAtOnce: number;
  readonly room: PartRoom;
}

/** What an upload's blocks are sent with. */
interface Upload {
  readonly connection: AzureConnection;
  readonly action: AzureAction;
  /** For a block which failed: the others need not go on, and no more of the body be read. */
  readonly stop: AbortController;
  /** The caller's, and that of `stop`. */
  readonly signal: AbortSignal;
}

async function sendBlock({ connection, action, signal }: Upload, id: string, bytes: Uint8Array): Promise<void> {
  const url = connection.url(action.key, { comp: 'block', blockid: id });
  const headers = { 'content-md5': md5Of(bytes), 'content-type': 'application/octet-stream' };
  await connection.run(action, signal, async (attempt) => {
    const answer = await attempt.send({ method: 'PUT', url, headers, body: [bytes] }, [201]);
    for await (const _ of answer.body);
  });
}

/** Sends the blocks, not more than a few at once; the body is asked for the next only when one of them is done. */
async function sendBlocks(
  upload: Upload,
  token: string,
  parts: AsyncIterable<Uint8Array>,
  { room, mostAtOnce }: BlockWays,
): Promise<{ ids: string[]; md5: string }> {
  const ids: string[] = [];
  const sent: Promise<void>[] = [];
  const running = new Set<Promise<unknown>>();
  const sum = createHash('md5');
  try {
    for await (const bytes of parts) {
      if (ids.length === MOST_BLOCKS) throw tooManyBlocks(upload.action, room.partSizeBytes);
      await room.turn(upload.signal);
      sum.update(bytes);
      const id = blockId(token, ids.length);
      ids.push(id);
      const block = room.sent(bytes, () => sendBlock(upload, id, bytes));
      sent.push(block);
      const ended = block.catch((error: unknown) => upload.stop.abort(error)).finally(() => running.delete(ended));
      running.add(ended);
      if (running.size >= mostAtOnce) await Promise.race(running);
      upload.signal.throwIfAborted();
    }
    await Promise.all(sent);
    return { ids, md5: sum.digest('base64') };
  } finally {
    await Promise.allSettled(running);
  }
}

/** Writes a blob from parts, of which only the last may be shorter than the others. */
export async function putInBlocks(
  connection: AzureConnection,
  action: AzureAction,
  parts: AsyncIterable<Uint8Array>,
  ways: BlockWays,
  options: PutOptions,
): Promise<PutOutcome> {
  const header = uploadHeader(options);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const upload = { connection, action, stop, signal };
  try {
    const { ids, md5 } = await sendBlocks(upload, header.token, parts, ways);
    const list = ids.map((id) => `<Latest>${id}</Latest>`).join('');
    const body = Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`);
    const headers = {
      ...header.headers,
      'content-type': 'application/xml',
      'content-md5': md5Of(body),
      'x-ms-blob-content-md5': md5,
      'x-ms-blob-content-type': 'application/octet-stream',
    };
    const request = {
      method: 'PUT',
      url: connection.url(action.key, { comp: 'blocklist' }),
      headers,
      body: [body],
    } as const;
    return await commit(connection, action, header, options, async (attempt) => attempt.send(request, [201]));
  } catch (error) {
    stop.abort(error);
    throw error;
  }
}
