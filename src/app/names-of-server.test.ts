import { describe, expect, it } from 'vitest';

import { loadSettings } from '../config/load-settings.ts';
import { namesOfServer } from './names-of-server.ts';

const ask = async (environment: Record<string, string>, text: string) =>
  namesOfServer(await loadSettings({ environment }), text, { clusterName: 'shop', onWarning: () => {} });

describe('names from a server', () => {
  it('of a rehearsal in a namespace are asked for through a forwarded port, as the refusal says', async () => {
    const environment = { WALKBACK_STATEFULSET: 'shop', WALKBACK_NAMESPACE: 'shop-prod' };
    await expect(ask(environment, '7f3a')).rejects.toMatchObject({
      kind: 'usage',
      message: 'cannot take names from the rehearsal 7f3a: its server is in a pod, and listens nowhere else',
      remedy: expect.stringMatching(
        /kubectl -n shop-prod port-forward job\/\S*7f3a\S* 5433:5433\n {4}walkback log --names-from 'host=127\.0\.0\.1 port=5433'$/,
      ),
    });
  });

  it('are refused for a text that names none', async () => {
    await expect(ask({}, 'nowhere!')).rejects.toMatchObject({ kind: 'usage' });
    await expect(ask({}, 'host=localhost port=99999')).rejects.toThrow('its port is none');
  });
});
