/**
 * Writer and viewer of a container: shared access signatures, each of a stored access policy that is theirs.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { AccountAct, Accounts, AccountState, AccountWish, ByHand } from '../accounts.ts';
import type { Role } from '../bucket-change.ts';
import type { Credentials } from '../provider.ts';
import { MOST_POLICIES, type AccessPolicy } from './access-policies.ts';
import { signContainer } from './container-signature.ts';
import type { Container } from './container.ts';

/** The names under which programs look for a signature. */
export const ACCOUNT = 'AZURE_STORAGE_ACCOUNT';
export const TOKEN = 'AZURE_STORAGE_SAS_TOKEN';
export const CREDENTIAL_NAMES: readonly string[] = [ACCOUNT, TOKEN];

/** Read, add, create, write, delete, list; not x, which deletes versions. */
const PERMISSIONS: Readonly<Record<Role, string>> = { writer: 'racwdl', viewer: 'rl' };

const YEAR_MS = 365 * 86_400_000;
/** A policy needs an end. One that comes unexpected stops the archive, so it is far, and moved on before it is near. */
const LASTS_MS = 10 * YEAR_MS;
const MOVED_BEFORE_MS = YEAR_MS;

/** What signatures are made with. */
export interface SignaturePlace {
  readonly account: string;
  readonly key: Buffer;
  readonly container: string;
  readonly isTlsOnly: boolean;
}

/** Signatures of one container. */
export class SignatureAccounts implements Accounts {
  readonly word = 'signature';
  readonly mostKeys = 2;
  readonly standsAlone = false;
  readonly credentialNames = CREDENTIAL_NAMES;
  readonly keysTellAccount = true;
  readonly lookPermission = 'Microsoft.Storage/storageAccounts/blobServices/containers/getAcl';
  readonly #container: Container;
  readonly #place: SignaturePlace;

  constructor(container: Container, place: SignaturePlace) {
    this.#container = container;
    this.#place = place;
  }

  byHand(act: AccountAct, { role, name }: AccountWish): ByHand {
    const { account, container } = this.#place;
    const at = `--account-name ${account}`;
    const ends = new Date(Date.now() + LASTS_MS).toISOString().slice(0, 10);
    const lines: Readonly<Record<AccountAct, readonly string[]>> = {
      create: [],
      makeKey: [
        `az storage container policy create ${at} --container-name ${container} --name ${name}-1 --permissions ${PERMISSIONS[role]} --expiry ${ends}`,
        `az storage container generate-sas ${at} --name ${container} --policy-name ${name}-1 --https-only --output tsv`,
      ],
      allow: [
        `az storage container policy update ${at} --container-name ${container} --name ${name}-1 --permissions ${PERMISSIONS[role]} --expiry ${ends}`,
      ],
      endKeys: [`az storage container policy delete ${at} --container-name ${container} --name FORMER-POLICY`],
    };
    return { permission: 'Microsoft.Storage/storageAccounts/blobServices/containers/setAcl', lines: lines[act] };
  }

  keyOf(credentials: Credentials, wish: AccountWish): string | undefined {
    if (credentials[ACCOUNT] !== this.#place.account) return undefined;
    const id = new URLSearchParams((credentials[TOKEN] ?? '').replace(/^\?/, '')).get('si') ?? '';
    return belongsTo(id, wish) ? id : undefined;
  }

  async look(wish: AccountWish): Promise<AccountState> {
    const own = (await this.#policies()).filter(({ id }) => belongsTo(id, wish));
    const isAllowed = own.length > 0 && own.every((policy) => isRight(policy, wish.role));
    return { exists: own.length > 0, isAllowed, keys: own.map(({ id }) => id) };
  }

  /** A signature begins with its policy: {@link makeKey} makes it. */
  async create(): Promise<void> {}

  /** Every policy of the account as it shall be, its end moved on. */
  async allow(wish: AccountWish): Promise<void> {
    const policies = await this.#policies();
    await this.#container.setPolicies(
      policies.map((policy) => (belongsTo(policy.id, wish) ? freshPolicy(policy.id, wish.role) : policy)),
    );
  }

  async makeKey(wish: AccountWish): Promise<Record<string, string>> {
    const policies = await this.#policies();
    if (policies.length >= MOST_POLICIES)
      throw new Failure('conflict', {
        message: `cannot make a signature for azure://${this.#place.container}: the container has ${MOST_POLICIES} stored access policies, the most it can have`,
        remedy: `Delete one that nobody needs: ${policies.map(({ id }) => id).join(', ')}.`,
      });
    const numbers = policies.filter(({ id }) => belongsTo(id, wish)).map(({ id }) => numberOf(id));
    const id = `${wish.name}-${Math.max(0, ...numbers) + 1}`;
    await this.#container.setPolicies([...policies, freshPolicy(id, wish.role)]);
    return { [ACCOUNT]: this.#place.account, [TOKEN]: signContainer({ ...this.#place, policy: id }) };
  }

  async endKey(_wish: AccountWish, key: string): Promise<void> {
    const policies = await this.#policies();
    await this.#container.setPolicies(policies.filter(({ id }) => id !== key));
  }

  async #policies(): Promise<readonly AccessPolicy[]> {
    return (await this.#container.access())?.policies ?? [];
  }
}

function numberOf(id: string): number {
  return Number(/-(\d{1,6})$/.exec(id)?.[1] ?? 0);
}

function belongsTo(id: string, { name }: AccountWish): boolean {
  return id.startsWith(`${name}-`) && /^\d{1,6}$/.test(id.slice(name.length + 1));
}

function freshPolicy(id: string, role: Role): AccessPolicy {
  const endsAt = new Date(Date.now() + LASTS_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  return { id, permissions: PERMISSIONS[role], startsAt: '', endsAt };
}

function isRight({ permissions, startsAt, endsAt }: AccessPolicy, role: Role): boolean {
  const lastsMs = Date.parse(endsAt) - Date.now();
  return permissions === PERMISSIONS[role] && startsAt === '' && lastsMs > MOVED_BEFORE_MS;
}
