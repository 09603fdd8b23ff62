/**
 * What is used of the package, in a module of its own: loading it takes most of a second, so it is loaded when a cluster is
 * opened, and by `await import()` only.
 *
 * @module
 */

export { KubeConfig } from '@kubernetes/client-node/dist/config.js';
export { WebSocketHandler } from '@kubernetes/client-node/dist/web-socket-handler.js';
