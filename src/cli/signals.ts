/**
 * SIGINT, SIGTERM and SIGHUP as an AbortSignal: the first asks the command to stop, the second ends the process as usual.
 *
 * Work that must not stop just anywhere holds them meanwhile: then the first is a wish that the work answers where it can,
 * and a terminal that goes away (SIGHUP) stops nothing.
 *
 * @module
 */

const WATCHED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Watched = (typeof WATCHED)[number];

/** Signals held while something is half done. Disposing lets them act as before. */
export interface HeldSignals extends Disposable {
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Ends the run as that signal would have. */
  readonly giveUp: () => void;
}

/** Holds signals; `onAsked` is called with the name of the first. */
export type HoldSignals = (onAsked: (name: string) => void) => HeldSignals;

/** Signals that are watched until disposed. */
export interface WatchedSignals {
  readonly signal: AbortSignal;
  readonly hold: HoldSignals;
  readonly dispose: () => void;
}

/** Watches until disposed; aborts too when `other` does. */
export function abortOnSignals(other: AbortSignal | undefined): WatchedSignals {
  const controller = new AbortController();
  let held: { readonly controller: AbortController; readonly onAsked: (name: string) => void } | undefined;
  const stop = (name: string) => {
    dispose();
    const reason = new DOMException(`stopped by ${name}`, 'AbortError');
    if (held === undefined) return controller.abort(reason);
    held.onAsked(name);
    held.controller.abort(reason);
  };
  const onSignal = (name: Watched) => {
    if (name !== 'SIGHUP' || held === undefined) stop(name);
  };
  const watch = () => WATCHED.forEach((name) => process.on(name, onSignal));
  const dispose = () => WATCHED.forEach((name) => process.removeListener(name, onSignal));
  watch();
  other?.addEventListener('abort', () => stop('the caller'), { once: true });
  return {
    signal: controller.signal,
    hold: (onAsked) => {
      dispose();
      watch();
      const own = new AbortController();
      held = { controller: own, onAsked };
      return {
        signal: own.signal,
        giveUp: () => controller.abort(own.signal.reason),
        [Symbol.dispose]: () => {
          held = undefined;
          dispose();
          watch();
        },
      };
    },
    dispose,
  };
}
