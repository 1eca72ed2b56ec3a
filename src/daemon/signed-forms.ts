import type { Identity } from '../keys/identity.js';
import type { Canonical } from '../message/canonical.js';
import { entityOf, transferSafeEntityOf } from '../message/entity.js';
import { type Octets, octetsOf } from '../message/octets.js';
import type { CopyPlan } from '../policy/plan.js';
import { type SignedEntity, type Signers, signDetached, signOpaque } from '../smime/sign.js';

/** One signature per form, however many copies there are; made only when the first copy asks for it. */
export class SignedForms {
  private readonly identity: Identity | undefined;
  readonly changes: string[] = [];
  private readonly message: Canonical;
  private readonly now: Date;
  private readonly made = new Map<string, SignedEntity>();
  private safe: Octets | undefined;
  private plain: Octets | undefined;

  constructor(message: Canonical, identity: Identity | undefined, now: Date) {
    this.message = message;
    this.identity = identity;
    this.now = now;
  }

  /** DER of every SignerInfo made, base64. */
  get signerInfos(): string[] {
    return [...this.made.values()].flatMap((signed) => signed.signerInfos.map((info) => info.toString('base64')));
  }

  /** As `rsa-pkcs1+sha256`. */
  get algorithms(): string[] {
    const used = [...this.made.values()].flatMap(({ algorithms }) => algorithms);
    return [...new Set(used.map(({ signature, digest }) => `${signature}+${digest}`))];
  }

  /** What the copy is encrypted around, or what it is when it is not encrypted. Throws as signOpaque and signDetached do. */
  entityFor(copy: CopyPlan): Octets {
    if (copy.sign === 'none' || this.identity === undefined) {
      return copy.encryptTo.length > 0 ? this.inside() : this.transferSafe();
    }
    const key = `${copy.sign} ${copy.signature} ${copy.digest}`;
    const known = this.made.get(key);
    if (known !== undefined) return known.entity;
    const options = { digest: copy.digest, scheme: copy.signature, signingTime: this.now };
    const signers: Signers = [this.identity.signer];
    const signed =
      copy.sign === 'opaque' ? signOpaque(this.inside(), signers, options) : signDetached(this.transferSafe(), signers, options);
    this.made.set(key, signed);
    return signed.entity;
  }

  private transferSafe(): Octets {
    if (this.safe === undefined) {
      const { entity, changes } = transferSafeEntityOf(this.message);
      this.changes.push(...changes);
      this.safe = octetsOf(entity);
    }
    return this.safe;
  }

  private inside(): Octets {
    this.plain ??= entityOf(this.message);
    return this.plain;
  }
}
