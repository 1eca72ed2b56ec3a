import type { ComplianceRecipient } from '../../archive/compliance.js';
import { policyOf } from '../../config/policy-of.js';
import type { Config } from '../../config/schema.js';
import { pickupFile } from '../../delivery/pickup/file.js';
import { type PickupProfile, type PickupTransport, pickupProfile } from '../../delivery/pickup/profile.js';
import { msysApiField } from '../../delivery/smtp/msys-api.js';
import { SealdropError } from '../../errors.js';
import type { KeyDirectory } from '../../keys/key-directory.js';
import { type Canonical, canonicalise } from '../../message/canonical.js';
import { authorsOf, envelopeOf, headerSenderOf, identityAddressOf, visibleAddresses } from '../../message/envelope.js';
import { fieldsNamed, type HeaderField, rawValue } from '../../message/field.js';
import type { Octets } from '../../message/octets.js';
import { assembleMessage } from '../../message/outer-header.js';
import { restoredBy } from '../../message/restored.js';
import { decide } from '../../policy/decide.js';
import type { CopyPlan, Plan } from '../../policy/plan.js';
import { checkSender } from '../../policy/senders.js';
import type { CertificateFacts } from '../../policy/verdict.js';
import { compose, compositionRules, type Recipe } from '../../smime/composition.js';
import { encrypt } from '../../smime/encrypt.js';
import type { PreparedRecipient } from '../../smime/recipient.js';
import { arrivalNote, arrivalOf, refuseAltered } from './arrival.js';
import { SignedForms } from './signed-forms.js';

/** A copy ready to be written. All that can be refused has been refused: it is signed, and is encrypted as it is written. */
export interface ReadyCopy {
  readonly plan: CopyPlan;
  /** Names of the header fields that do not stand outside its encryption as they are inside. */
  readonly hidden: readonly string[];
  /** The copy, made as its pieces are asked for: pickup's envelope lines first if it goes there, then the message. */
  readonly sealed: Octets;
  /** The message alone, for another way than pickup. */
  readonly message: Octets;
}

export interface SealedMessage {
  readonly plan: Plan;
  readonly copies: readonly ReadyCopy[];
  /** Everything that differs from the submitted bytes. */
  readonly changes: readonly string[];
  /** Of the output, without angle brackets. */
  readonly messageId: string;
  /** SHA-256 fingerprint of the signing certificate; undefined if no copy is signed. */
  readonly signer: string | undefined;
  /** Those of all certificates that signed, that one first. */
  readonly signers: readonly string[];
  /** DER of every SignerInfo made over the message, base64: with the original it proves what was signed. None if the archive keeps none. */
  readonly signerInfos: readonly string[];
  /** How what they are over comes from the original. */
  readonly recipe: Recipe;
  /** Signatures, then encryption, then how headers are protected, as `rsa-pkcs1+sha256 aes-256-cbc+rsa-pkcs1 hp=cipher`. */
  readonly algorithms: string;
  /** The archived message it says it restores. */
  readonly restored: string | undefined;
  /** Every certificate used, to be kept once. */
  readonly certificates: readonly { readonly fingerprint: string; readonly der: Buffer }[];
}

/** Who handed the message in, as `senders:` names people; undefined where nobody but sealdrop itself could have. */
export type Submitter = readonly string[] | undefined;

/**
 * Turns an original into its sealed copies: canonical bytes, envelope, plan, then one signature per form and one encryption per copy. No
 * sealed copy is ever in memory as a whole, however large it is and however many there are (I7).
 * Touches no file but the keys. Throws SealdropError with the disposition of the message.
 */
export class Sealer {
  private readonly config: Config;
  private readonly keys: KeyDirectory;
  private readonly policy: ReturnType<typeof policyOf>;
  private readonly profile: PickupProfile;
  private readonly archive: readonly ComplianceRecipient[];

  /** `archive`: who else opens the copies that the archive keeps in full. */
  constructor(config: Config, keys: KeyDirectory, archive: readonly ComplianceRecipient[]) {
    this.config = config;
    this.keys = keys;
    this.archive = archive;
    this.policy = policyOf(config);
    this.profile = pickupProfile(config.delivery.pickup?.profile ?? 'powermta');
  }

  seal(original: Buffer, id: string, submitter: Submitter, now: Date): SealedMessage {
    const message = this.canonical(original);
    return this.sealByPlan(message, this.plan(message, submitter, now), id, now);
  }

  /** Seals again what an earlier plan decided; nothing is decided anew. `only`: the numbers of the planned copies wanted. */
  sealAgain(original: Buffer, id: string, plan: Plan, only: readonly number[], now: Date): SealedMessage {
    return this.sealByPlan(
      this.canonical(original),
      { ...plan, copies: plan.copies.filter((copy) => only.includes(copy.number)) },
      id,
      now,
    );
  }

  canonical(original: Buffer): Canonical {
    return canonicalise(original, { fallbackCharset: this.config.protect.fallbackCharset });
  }

  /** The decision alone (for `explain`). */
  plan(message: Canonical, submitter: Submitter, now: Date): Plan {
    const envelope = envelopeOf(message);
    const from = identityAddressOf(message);
    const { senders } = this.config;
    if (senders !== null && submitter !== undefined) checkSender(from, submitter, senders);
    return decide({
      arrival: arrivalOf(message, this.keys, now),
      envelope,
      visible: visibleAddresses(message),
      from,
      authors: authorsOf(message),
      headerSender: headerSenderOf(message) ?? from,
      control: message.control,
      fields: message.fields,
      ...this.policy,
      lookUp: (address) => this.lookUp(address, now),
    });
  }

  private lookUp(address: string, now: Date): CertificateFacts {
    try {
      const { fingerprint, prepared, capabilities } = this.keys.recipient(address, now);
      return { fingerprint, keys: prepared.key.kind, reads: capabilities?.ciphers ?? [] };
    } catch (error) {
      if (error instanceof SealdropError) return { fault: error };
      throw error;
    }
  }

  private sealByPlan(submitted: Canonical, plan: Plan, id: string, now: Date): SealedMessage {
    const { fallback } = this.config.delivery;
    const recipe: Recipe = {
      rules: compositionRules,
      fallbackCharset: this.config.protect.fallbackCharset,
      encodeBraces: plan.copies.some(({ via }) => (via === 'pickup' ? fallback : via) === 'sparkpost'),
    };
    const { message, outer, payloads } = compose(submitted, { id, from: plan.from }, recipe);
    const changes = [
      ...message.changes,
      ...outer.changes,
      ...arrivalNote(message),
      ...plan.dropped.map((name) => `control-header-dropped ${name}`),
    ];
    const signs = plan.copies.some((copy) => copy.sign !== 'none' || copy.outerSign !== undefined);
    const identity = signs ? this.keys.identity(plan.from, now) : undefined;
    const forms = new SignedForms(identity, now);
    const certificates = new Map<string, Buffer>();
    const used = new Set<string>();
    const headers = new Set<string>();
    const copies = plan.copies.map((copy): ReadyCopy => {
      const payload = payloads.of(copy.header ?? null);
      const { hidden } = payload;
      const entity = forms.entityFor(copy, payload);
      const recipients = this.recipientsOf(copy, certificates, now);
      const { content, keyTransport } = copy;
      if (recipients.length > 0) used.add(`${content}+${keyTransport}`);
      if (copy.header) headers.add(`hp=${copy.header.hp}`);
      const sealed = assembleMessage(
        payload.outside,
        recipients.length === 0 ? entity : forms.around(encrypt(entity, recipients, { content, keyTransport }), copy),
      );
      if (copy.transport.msysApi !== undefined) msysApiField('sparkpost', copy.transport.msysApi); // Refused now, while nothing is recorded.
      if (copy.via !== 'pickup') return { plan: copy, hidden, sealed, message: sealed };
      if (outer.changes.some((change) => change.startsWith('smtputf8-needed'))) throw needsSmtpUtf8();
      return { plan: copy, hidden, message: sealed, sealed: pickupFile(sealed, this.profile, transportOf(copy, plan.sender, id)) };
    });
    refuseAltered([...changes, ...payloads.changes]);
    for (const { fingerprint, certificate } of forms.signers) certificates.set(fingerprint, certificate);
    return {
      plan,
      copies,
      changes: [...new Set([...changes, ...payloads.changes])],
      messageId: messageIdIn(outer.fields),
      restored: restoredBy(message),
      signer: identity?.fingerprint,
      signers: forms.signers.map(({ fingerprint }) => fingerprint),
      signerInfos: plan.copies.every(({ keepSealed }) => keepSealed === 'none') ? [] : forms.signerInfos,
      recipe,
      algorithms: [...forms.algorithms, ...used, ...headers].join(' '),
      certificates: [...certificates].map(([fingerprint, der]) => ({ fingerprint, der })),
    };
  }

  private recipientsOf(copy: CopyPlan, certificates: Map<string, Buffer>, now: Date): PreparedRecipient[] {
    const further = copy.keepSealed === 'full' && copy.encryptTo.length > 0 ? this.archive : [];
    for (const { fingerprint, certificate } of further) certificates.set(fingerprint, certificate);
    const own = copy.encryptAddresses.map((address, index) => {
      const found = this.keys.recipient(address, now);
      if (found.fingerprint !== copy.encryptTo[index]) throw certificateChanged(address);
      certificates.set(found.fingerprint, found.certificate);
      return found.prepared;
    });
    return [...own, ...further.map(({ prepared }) => prepared)];
  }
}

function transportOf({ transport, recipients }: CopyPlan, sender: string, id: string): PickupTransport {
  return { sender, recipients, ...transport, envid: transport.envid ?? id };
}

/** An address in the header whose local part is not ASCII cannot be encoded; a pickup file takes 7-bit headers only. */
function needsSmtpUtf8(): SealdropError {
  return new SealdropError('smtputf8-in-pickup', 'an address in the header is not ASCII (SMTPUTF8), which a pickup file cannot hold', {
    disposition: 'quarantine',
    cure: 'Let such mail go by SMTP: a rule with "delivery: { via: smtp }" that matches it; then run "sealdrop queue retry".',
  });
}

function messageIdIn(fields: readonly HeaderField[]): string {
  const [field] = fieldsNamed(fields, 'Message-ID');
  return field === undefined ? '' : rawValue(field).replace(/^<(.*)>$/, '$1');
}

function certificateChanged(address: string): SealdropError {
  return new SealdropError('certificate-changed', `the certificate of ${address} is no longer the one the plan names`, {
    disposition: 'quarantine',
    cure: 'Put the certificate back, or drop this message and submit it again so that it is decided anew.',
  });
}
