/**
 * SIGINT and SIGTERM as an AbortSignal: the first asks the command to stop, the second ends the process as usual.
 *
 * @module
 */

/** Watches until disposed; aborts too when `other` does. */
export function abortOnSignals(other: AbortSignal | undefined): { signal: AbortSignal; dispose: () => void } {
  const controller = new AbortController();
  const stop = (name: string) => {
    dispose();
    controller.abort(new DOMException(`stopped by ${name}`, 'AbortError'));
  };
  const onSignal = (name: NodeJS.Signals) => stop(name);
  const dispose = () => {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  other?.addEventListener('abort', () => stop('the caller'), { once: true });
  return { signal: controller.signal, dispose };
}
