/**
 * Settings of running commands from another host, through the agent: of the agent that is asked, and of who asks it.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { agentAddresses, listenAddress, path, text } from './value-kind.ts';

/** Settings of both sides. */
export const CONTROL_SETTINGS = {
  controlAddress: {
    group: 'agent',
    kind: listenAddress,
    summary:
      'Where the agent runs commands for callers that show its token: a port on the loopback interface, or an address with one, which needs control-certificate. Absent: nowhere.',
    example: '0.0.0.0:9633',
  },
  controlClientCa: {
    group: 'agent',
    kind: path,
    summary:
      'A file of certificates (PEM). With it, the agent takes calls only over connections whose certificate one of these has signed, beside the token.',
    example: '/etc/walkback/callers-ca.pem',
  },
  controlTokenFile: {
    group: 'control',
    kind: path,
    summary:
      "The file with the token by which an agent knows its callers: 32 random bytes as hex or Base64, readable by its owner alone, the same on both sides. Whoever has it can do what the server's own user can do.",
    example: '/etc/walkback/control-token',
  },
  controlCertificate: {
    group: 'control',
    kind: path,
    summary:
      "The certificate (PEM, with those between it and its authority) that this side shows: the agent's, which must name the host that callers use; or the caller's, where an agent asks for one.",
    example: '/etc/walkback/control.pem',
  },
  controlKey: {
    group: 'control',
    kind: path,
    summary: 'The private key of control-certificate (PEM).',
    example: '/etc/walkback/control.key',
  },
  controlCa: {
    group: 'control',
    kind: path,
    summary:
      'A file of certificates (PEM) by which agents that are called are trusted. Absent: those that Node trusts.',
    example: '/etc/walkback/control-ca.pem',
  },
  via: {
    group: 'control',
    kind: agentAddresses,
    summary:
      'The agent that is to run the command, as https://host:port; several, with commas between them or the flag given again: the one whose server is the primary, otherwise the first that answers. Absent: the command runs here.',
    example: 'https://db1.example.net:9633',
  },
  viaMember: {
    group: 'control',
    kind: text,
    summary:
      'The member of the Patroni cluster whose agent is to run the command; its tag walkback_control tells where that is. Needs cluster-kind patroni and control-ca. Absent: a recovery is handed on to the agent of the leader where that has the tag, and everything else runs here.',
    example: 'db2',
  },
} as const satisfies Record<string, Setting>;
