/**
 * A reason why a tool cannot be brought, with what to do about it. Shown without a stack trace.
 *
 * @module
 */

/** Also the exit code: somebody else's service, as in BSD's sysexits.h. */
export const EXIT_UNAVAILABLE = 69;

export class ToolchainProblem extends Error {
  name = 'ToolchainProblem';

  /**
   * @param {string} message what happened, as `cannot <action>: <what was found>`
   * @param {string} remedy the next thing to do
   */
  constructor(message, remedy) {
    super(`${message}\n${remedy}`);
  }
}
