import type { Identity, SigningPair } from '../../keys/identity.js';
import type { Octets } from '../../message/octets.js';
import type { CopyPlan } from '../../policy/plan.js';
import { signAround } from '../../smime/layers.js';
import type { PayloadForm } from '../../smime/payload-forms.js';
import type { SignedEntity } from '../../smime/sign.js';

/** One signature per form and payload, however many copies there are; made only when the first copy asks for it. */
export class SignedForms {
  private readonly identity: Identity | undefined;
  private readonly now: Date;
  private readonly made = new Map<string, SignedEntity>();
  private readonly used = new Set<string>();
  private readonly pairs = new Map<string, SigningPair>();

  constructor(identity: Identity | undefined, now: Date) {
    this.identity = identity;
    this.now = now;
  }

  /** DER of every SignerInfo made over the message, base64. Those around a copy's encryption are the copy's own and not among them. */
  get signerInfos(): string[] {
    return [...this.made.values()].flatMap((signed) => signed.signerInfos.map((info) => info.toString('base64')));
  }

  /** As `rsa-pkcs1+sha256`. */
  get algorithms(): string[] {
    return [...this.used];
  }

  /** Whatever signed, the identity's first pair before others. */
  get signers(): SigningPair[] {
    return [...this.pairs.values()];
  }

  /** What the copy is encrypted around, or what it is when it is not encrypted. Throws as signOpaque and signDetached do. */
  entityFor(copy: CopyPlan, payload: PayloadForm): Octets {
    if (copy.sign === 'none' || this.identity === undefined) {
      return copy.encryptTo.length > 0 ? payload.inside : payload.transferSafe();
    }
    const key = `${copy.sign} ${copy.signature} ${copy.digest} ${copy.signWith ?? ''} ${payload.key}`;
    const known = this.made.get(key);
    if (known !== undefined) return known.entity;
    const signed = this.sign(copy.sign === 'opaque' ? payload.inside : payload.transferSafe(), copy, copy.sign, this.identity);
    this.made.set(key, signed);
    return signed.entity;
  }

  /** What was encrypted for the copy with the outer signature of a triple wrap around it, if there is to be one. */
  around(encrypted: Octets, copy: CopyPlan): Octets {
    if (copy.outerSign === undefined || this.identity === undefined) return encrypted;
    return this.sign(encrypted, copy, copy.outerSign, this.identity).entity;
  }

  private sign(entity: Octets, copy: CopyPlan, form: 'opaque' | 'detached', identity: Identity): SignedEntity {
    const [first, ...others] = identity.signingPairs;
    // One that has expired is no reason to hold what the first still signs.
    const more =
      copy.signWith === 'allKeys' ? others.filter(({ notBefore, notAfter }) => notBefore <= this.now && this.now <= notAfter) : [];
    for (const pair of [first, ...more]) this.pairs.set(pair.fingerprint, pair);
    const options = { digest: copy.digest, scheme: copy.signature, signingTime: this.now };
    const signed = signAround(entity, { form, signers: [first.signer, ...more.map(({ signer }) => signer)], options });
    for (const { signature, digest } of signed.algorithms) this.used.add(`${signature}+${digest}`);
    return signed;
  }
}
