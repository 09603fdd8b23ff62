/**
 * `npm run image`, `make image`: builds the image from this checkout, with podman or docker.
 *
 *     npm run image                                   # localhost/walkback:VERSION
 *     npm run image -- --tag registry/name:tag --build-arg POSTGRES_MAJORS="17 16 15"
 *     npm run image -- --context-only                 # fills .cache/image, for another engine
 *     npm run image -- --local                        # with nothing but Debian's packages: base by mmdebstrap, podman with runc
 *
 * @module
 */

import { parseArgs } from 'node:util';

import manifest from '../../package.json' with { type: 'json' };
import { engineEnvironment, ensureBaseImage, whyNoEngine } from '../toolchain/containers.mjs';
import { findEngine, type Engine } from './build-image.ts';
import { makeContext, makeImage } from './make-image.ts';

const EXIT_USAGE = 64;
const EXIT_UNAVAILABLE = 69;

function localEngine(): Engine | string {
  const reason = whyNoEngine();
  if (reason !== undefined) return reason;
  const environment = engineEnvironment();
  ensureBaseImage(environment);
  return { program: 'podman', environment };
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      tag: { type: 'string', default: `localhost/walkback:${manifest.version}` },
      'build-arg': { type: 'string', multiple: true, default: [] },
      'context-only': { type: 'boolean', default: false },
      'no-cache': { type: 'boolean', default: false },
      local: { type: 'boolean', default: false },
    },
  });
  if (values['context-only']) {
    console.log(await makeContext());
    return 0;
  }
  const engine = values.local ? localEngine() : (findEngine() ?? 'neither podman nor docker is on the PATH');
  if (typeof engine === 'string') {
    console.error(`cannot build the image: ${engine}`);
    return EXIT_UNAVAILABLE;
  }
  return makeImage({
    engine,
    tag: values.tag,
    buildArguments: values['build-arg'],
    hasLocalBase: values.local,
    usesCache: !values['no-cache'],
  });
}

process.exitCode = 70;
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof TypeError && 'code' in error)) throw error;
  console.error(error.message);
  process.exitCode = EXIT_USAGE;
}
