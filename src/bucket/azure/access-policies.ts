/**
 * The stored access policies of a container: what a signature may do, and until when. A signature that names one ends when
 * the policy is taken away, without a change of the account's key.
 *
 * Source: Azure Storage, "Get Container ACL", "Set Container ACL", "Define a stored access policy".
 *
 * @module
 */

import { childOf, parseXml } from '../../storage/xml.ts';

/** One policy. */
export interface AccessPolicy {
  readonly id: string;
  /** Letters in Azure's order: `racwdl`. */
  readonly permissions: string;
  /** As they are written; empty if not given. */
  readonly startsAt: string;
  readonly endsAt: string;
}

/** The most that a container can have. */
export const MOST_POLICIES = 5;

/** Reads what a container answers. @throws {NotXml} */
export function parsePolicies(text: string): AccessPolicy[] {
  return parseXml(text).children.map((one) => {
    const policy = childOf(one, 'AccessPolicy');
    return {
      id: childOf(one, 'Id')?.text ?? '',
      permissions: childOf(policy, 'Permission')?.text ?? '',
      startsAt: childOf(policy, 'Start')?.text ?? '',
      endsAt: childOf(policy, 'Expiry')?.text ?? '',
    };
  });
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const element = (name: string, text: string): string => (text === '' ? '' : `<${name}>${escaped(text)}</${name}>`);

/** All policies of a container, as it takes them. */
export function formatPolicies(policies: readonly AccessPolicy[]): string {
  const items = policies.map(({ id, permissions, startsAt, endsAt }) => {
    const policy = `${element('Start', startsAt)}${element('Expiry', endsAt)}${element('Permission', permissions)}`;
    return `<SignedIdentifier>${element('Id', id)}<AccessPolicy>${policy}</AccessPolicy></SignedIdentifier>`;
  });
  return `<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers>${items.join('')}</SignedIdentifiers>`;
}
