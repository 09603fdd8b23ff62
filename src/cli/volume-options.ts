/**
 * What commands on a volume take, and how they read what is handed to them.
 *
 * @module
 */

import { text } from 'node:stream/consumers';

import { Failure } from '../base/failure.ts';
import { flag } from './options.ts';
import { standardStreams } from './streams.ts';

/** For the `options` of a command on a volume. */
export const VOLUME_OPTIONS = {
  container: flag('Read the pod\'s environment as "walkback entrypoint" does: its variables are Spilo\'s'),
} as const;

/** What is handed over by standard input, so that it is in no list of processes. @throws {Failure} `usage` if it is no JSON. */
export async function readHandedOver(): Promise<unknown> {
  const given = await text(standardStreams().in);
  try {
    return JSON.parse(given);
  } catch {
    throw new Failure('usage', {
      message: 'cannot read what was handed over by standard input: it is no JSON',
      remedy:
        'This command is run by walkback itself: "walkback rehearse" and "walkback recover" hand over what it needs.',
    });
  }
}
