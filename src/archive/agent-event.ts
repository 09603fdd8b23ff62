/**
 * What the agent tells of its work, as values: whoever runs it decides how to show them.
 *
 * @module
 */

/** One thing that happened. */
export type AgentEvent =
  | { readonly kind: 'serving'; readonly systemIdentifier: bigint; readonly timeline: number; readonly spool: string }
  | { readonly kind: 'waitingForServer'; readonly message: string }
  /** Something that should not happen: the data directory is served anew after a moment. */
  | { readonly kind: 'stumbled'; readonly message: string }
  | { readonly kind: 'pushed'; readonly fileName: string; readonly key: string; readonly storedBytes: number }
  | { readonly kind: 'pushFailed'; readonly fileName: string; readonly message: string }
  /** Of a file that could not be pushed: the server does not want it archived any more, or has it from elsewhere. */
  | { readonly kind: 'noLongerReady'; readonly fileName: string }
  | { readonly kind: 'fetched'; readonly fileName: string; readonly ahead: boolean }
  | { readonly kind: 'answered'; readonly fileName: string; readonly code: number; readonly message: string };

/** Receives events. Must not throw. */
export type ReportAgentEvent = (event: AgentEvent) => void;
