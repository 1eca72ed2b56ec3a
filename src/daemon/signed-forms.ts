import type { Identity } from '../keys/identity.js';
import type { Octets } from '../message/octets.js';
import type { CopyPlan } from '../policy/plan.js';
import { type SignedEntity, type Signers, signDetached, signOpaque } from '../smime/sign.js';
import type { PayloadForm } from './payload-forms.js';

/** One signature per form and payload, however many copies there are; made only when the first copy asks for it. */
export class SignedForms {
  private readonly identity: Identity | undefined;
  private readonly now: Date;
  private readonly made = new Map<string, SignedEntity>();

  constructor(identity: Identity | undefined, now: Date) {
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
  entityFor(copy: CopyPlan, payload: PayloadForm): Octets {
    if (copy.sign === 'none' || this.identity === undefined) {
      return copy.encryptTo.length > 0 ? payload.inside : payload.transferSafe();
    }
    const key = `${copy.sign} ${copy.signature} ${copy.digest} ${payload.key}`;
    const known = this.made.get(key);
    if (known !== undefined) return known.entity;
    const options = { digest: copy.digest, scheme: copy.signature, signingTime: this.now };
    const signers: Signers = [this.identity.signer];
    const signed =
      copy.sign === 'opaque' ? signOpaque(payload.inside, signers, options) : signDetached(payload.transferSafe(), signers, options);
    this.made.set(key, signed);
    return signed.entity;
  }
}
