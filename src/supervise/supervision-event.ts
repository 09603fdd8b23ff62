/**
 * What happens while the container runs, for who is told.
 *
 * @module
 */

/** The children. */
export type ChildName = 'patroni' | 'agent';

/** Something that happened. */
export type SupervisionEvent =
  | { readonly kind: 'started'; readonly name: ChildName; readonly processId: number }
  | {
      readonly kind: 'ended';
      readonly name: ChildName;
      readonly code: number | undefined;
      readonly signal: string | undefined;
      /** Why it could not be started at all. */
      readonly message: string | undefined;
      readonly ranMs: number;
      /** Before it is started again; `undefined` if it is not. */
      readonly pauseMs: number | undefined;
    }
  | { readonly kind: 'gaveUp'; readonly name: ChildName; readonly endsInARow: number }
  | { readonly kind: 'stopping'; readonly name: ChildName }
  | { readonly kind: 'stopped'; readonly name: ChildName; readonly tookMs: number }
  | { readonly kind: 'killed'; readonly name: ChildName; readonly limitMs: number }
  /** A child of a supervisor that was killed, found and ended. */
  | { readonly kind: 'orphanEnded'; readonly name: ChildName; readonly processId: number }
  | { readonly kind: 'held'; readonly reason: string }
  | { readonly kind: 'released' }
  | { readonly kind: 'serverLeftRunning'; readonly processId: number }
  | { readonly kind: 'serverStopped'; readonly tookMs: number }
  | { readonly kind: 'draining'; readonly fileCount: number }
  | { readonly kind: 'drained'; readonly fileCount: number }
  | { readonly kind: 'notDrained'; readonly fileNames: readonly string[] }
  | { readonly kind: 'ready'; readonly role: string }
  | { readonly kind: 'notReady'; readonly phase: string; readonly why: string };

/** Receives events. */
export type ReportSupervision = (event: SupervisionEvent) => void;
