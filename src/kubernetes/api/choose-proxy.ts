/**
 * The proxy to a server, by `HTTPS_PROXY` and `NO_PROXY` as kubectl and oc understand them.
 *
 * Mirrors golang.org/x/net/http/httpproxy: the own machine is never reached through a proxy; an entry is `*`, an address, a range
 * of addresses, or a domain with all below it (with a leading dot: only what is below it), each perhaps with a port.
 *
 * @module
 */

import { BlockList, isIP } from 'node:net';

import type { ProxySettings } from '../../storage/http-agents.ts';

function isOwnMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function isInRange(host: string, address: string, bits: string): boolean {
  if (isIP(host) === 0 || isIP(address) === 0) return false;
  const range = new BlockList();
  range.addSubnet(address, Number(bits), familyOf(address));
  return range.check(host, familyOf(host));
}

function isExcepted(host: string, port: string, entry: string): boolean {
  const name = entry.trim().toLowerCase();
  if (name === '') return false;
  if (name === '*') return true;
  const range = /^([^/]+)\/(\d{1,3})$/.exec(name);
  if (range !== null) return isInRange(host, range[1] ?? '', range[2] ?? '');
  const withPort = /^\[?(.+?)\]?:(\d+)$/.exec(name);
  const [bare, onlyPort] = withPort === null || isIP(name) === 6 ? [name, undefined] : [withPort[1] ?? '', withPort[2]];
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (isIP(bare) !== 0) return host === bare;
  if (bare.startsWith('.')) return host.endsWith(bare);
  const domain = bare.replace(/^\*\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}

/** @param server `https://api.example.net:6443`. @returns the proxy's address; `undefined`: directly. */
export function chooseProxy(server: string, { https, http, except }: ProxySettings): string | undefined {
  const { protocol, hostname, port } = new URL(server);
  const proxy = protocol === 'https:' ? https : http;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (proxy === undefined || proxy === '' || isOwnMachine(host)) return undefined;
  const effectivePort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  if ((except ?? '').split(',').some((entry) => isExcepted(host, effectivePort, entry))) return undefined;
  return /^[a-z0-9]+:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}
