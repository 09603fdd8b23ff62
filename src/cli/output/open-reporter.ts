/**
 * Chooses the form in which a run reports: a block at a terminal, lines elsewhere, objects for `--json`.
 *
 * @module
 */

import type { Environment } from '../../config/environment.ts';
import type { OutputStream } from '../streams.ts';
import { blockReporter } from './block-reporter.ts';
import { jsonReporter } from './json-reporter.ts';
import { lineReporter } from './line-reporter.ts';
import type { Reporter, ReporterOutput } from './reporter.ts';
import { screenFor, type ColorChoice } from './screen.ts';

/** A reporter for a stream. */
export function openReporter(given: {
  readonly stream: OutputStream;
  readonly environment: Environment;
  readonly color: ColorChoice;
  readonly zone: string | undefined;
  readonly isJson: boolean;
}): Reporter {
  const output: ReporterOutput = { write: (text) => void given.stream.stream.write(text), nowMs: () => Date.now() };
  if (given.isJson) return jsonReporter(output);
  const screen = screenFor(given);
  return screen.isTerminal ? blockReporter(output, screen) : lineReporter(output);
}
