/**
 * `walkback volume ask`: asks the rehearsal that stands in this pod for something.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { localPlaces } from '../../cluster/local-places.ts';
import { isVolumeRequest, takeAnswer, writeRequest } from '../../kubernetes/volume/requests.ts';
import { defineCommand } from '../command.ts';
import { readHandedOver } from '../volume-options.ts';

/** The command. */
export const volumeAsk = defineCommand({
  path: ['volume', 'ask'],
  summary: 'Ask the rehearsal of this pod to check, to step on or to finish',
  description:
    'Takes one request as JSON by standard input, and answers in JSON. What is asked for is on the volume before this waits: killed, it has been asked for all the same. A finish is answered at once; the state tells what came of it.',
  settings: ['server'],
  ownEnvironment: true,
  operands: { id: { placeholder: 'ID', summary: "the rehearsal's" } },
  examples: [{ line: 'walkback volume ask 7f3a < request.json', does: 'by exec, in the pod of the rehearsal' }],
  run: async ({ id }, { settings, signal }) => {
    const dataDirectory = settings.require('dataDirectory', 'tell where the data of the cluster are on the volume');
    const folder = localPlaces(dataDirectory).recoveryFolder(id);
    const request = await readHandedOver();
    if (!isVolumeRequest(request)) throw notOne();
    await writeRequest(folder, request);
    const askedAt = new Date().toISOString();
    const answer = request.kind === 'finish' ? { kind: 'accepted' } : await takeAnswer(folder, request.id, signal);
    const json = { ...answer, askedAt };
    return { text: () => `${JSON.stringify(json)}\n`, json };
  },
});

function notOne(): Failure {
  return new Failure('usage', {
    message: 'cannot ask for what was handed over: it is no request of this version',
    remedy: 'The pod and the one who asks must be of one version of walkback.',
  });
}
