import type { HeaderForm } from '../smime/header-protection/form.js';
import type { Way } from '../way.js';
import { contentOf } from './content.js';
import type { CopyPlan, KeepSealed } from './plan.js';
import type { Protection } from './protection.js';
import type { Rule } from './rule.js';
import { sharing } from './sharing.js';
import type { CopyTransport } from './transport.js';
import { fingerprintOf, type Verdict } from './verdict.js';

export interface CopyLimits {
  /** Recipients who share one encrypted copy. */
  readonly maxRecipientInfos: number;
  /** Envelope recipients of one copy. */
  readonly maxReceivers: number;
  /** The same for ways that have a bound of their own. */
  readonly maxReceiversBy?: Readonly<Partial<Record<Way, number>>>;
  /** What the archive keeps of copies, where the rule does not say. */
  readonly keepSealed: KeepSealed;
  /** Certificates that a copy the archive keeps in full is encrypted to beside its recipients'. */
  readonly archiveRecipients: number;
}

/**
 * Divides the recipients into copies. Only those for whom the same rule decided can share one, so that each gets exactly the
 * algorithms and the way named for it; visible ones are divided further by what their keys and clients can read. A blind
 * recipient's encrypted copy is its own, and has no part in what others get: a RecipientInfo names whom a message is encrypted
 * to, and would betray it to the others. A copy that is only signed names nobody, and is shared; so is what leaves as it came.
 */
export function copiesOf(verdicts: readonly Verdict[], limits: CopyLimits, transportFor: (verdict: Verdict) => CopyTransport): CopyPlan[] {
  const copies: CopyPlan[] = [];
  const add = (recipients: readonly Verdict[]) => {
    const [first] = recipients;
    if (first !== undefined) copies.push(copyPlan(copies.length + 1, first, recipients, keptOf(first, limits), transportFor(first)));
  };
  for (const group of byRule(verdicts)) {
    const maxReceivers = limits.maxReceiversBy?.[group[0]?.via ?? 'pickup'] ?? limits.maxReceivers;
    if (group[0]?.passed === 'encrypted') {
      for (const shared of chunks(group, maxReceivers)) add(shared);
      continue;
    }
    const encrypted = group.filter((verdict) => fingerprintOf(verdict) !== null);
    const visible = encrypted.filter((verdict) => verdict.visible);
    const most = Math.min(recipientsInOne(group[0], limits), maxReceivers);
    for (const alike of sharing(visible)) for (const shared of chunks(alike, most)) add(shared);
    for (const blind of encrypted) if (!blind.visible) add([blind]);
    const clear = group.filter((verdict) => fingerprintOf(verdict) === null);
    for (const shared of chunks(clear, maxReceivers)) add(shared);
  }
  return copies;
}

function keptOf(verdict: Verdict, { keepSealed }: CopyLimits): KeepSealed {
  return verdict.rule?.archive?.keepSealed ?? keepSealed;
}

/** Who opens the archive has a RecipientInfo like everybody else. */
function recipientsInOne(verdict: Verdict | undefined, limits: CopyLimits): number {
  const further = verdict !== undefined && keptOf(verdict, limits) === 'full' ? limits.archiveRecipients : 0;
  return Math.max(1, limits.maxRecipientInfos - further);
}

function copyPlan(
  number: number,
  first: Verdict,
  recipients: readonly Verdict[],
  keepSealed: KeepSealed,
  transport: CopyTransport,
): CopyPlan {
  const { protection, rule, via, passed } = first;
  const encryptTo = passed === 'encrypted' ? [] : recipients.map(fingerprintOf).filter((fingerprint) => fingerprint !== null);
  const addresses = recipients.map(({ address }) => address);
  const encrypted = encryptTo.length > 0;
  const layers = signedLayers(first, encrypted);
  return {
    number,
    recipients: addresses,
    blind: recipients.every(({ visible }) => !visible),
    rule: rule?.name ?? null,
    via,
    ...layers,
    signature: protection.signature,
    digest: protection.digest,
    encryptTo,
    encryptAddresses: encrypted ? [...addresses] : [],
    ...(encrypted ? contentOf(recipients) : { content: protection.content === 'auto' ? protection.contentAtLeast : protection.content }),
    keyTransport: protection.keyTransport,
    ...(keepSealed === 'signature' ? {} : { keepSealed }),
    header: headerForm(protection, encrypted, layers.sign !== 'none'),
    transport: { ...transport },
  };
}

/** RFC 9788 §2.1.1: `cipher` if and only if this copy is encrypted. */
function headerForm(protection: Protection, encrypted: boolean, signed: boolean): HeaderForm | null {
  if (protection.headerProtection === 'off' || !(encrypted || signed)) return null;
  if (!encrypted) return { hp: 'clear' };
  const { headerConfidentiality: confidentiality, headerConfidential, legacyDisplay } = protection;
  return { hp: 'cipher', confidentiality, confidential: [...headerConfidential], legacyDisplay: legacyDisplay === 'on' };
}

/** `auto` is opaque where nobody sees it before it was decrypted, and detached where everybody does. */
function signedLayers({ protection, passed }: Verdict, encrypted: boolean): Pick<CopyPlan, 'sign' | 'outerSign' | 'signWith' | 'passed'> {
  const outside = protection.sign === 'auto' ? 'detached' : protection.sign;
  const inside = protection.sign === 'auto' && encrypted ? 'opaque' : outside;
  const sign = passed === undefined ? inside : 'none';
  const wrapped = encrypted && protection.tripleWrap === 'on' && outside !== 'none';
  return {
    sign,
    ...(wrapped ? { outerSign: outside } : {}),
    ...(protection.signWith === 'allKeys' && (sign !== 'none' || wrapped) ? { signWith: protection.signWith } : {}),
    ...(passed === undefined ? {} : { passed }),
  };
}

/** By the rule itself, not its name; within a group protection, way and transport are equal. */
function byRule(verdicts: readonly Verdict[]): Iterable<Verdict[]> {
  const groups = new Map<Rule | null, Verdict[]>();
  for (const verdict of verdicts) {
    const group = groups.get(verdict.rule);
    if (group === undefined) groups.set(verdict.rule, [verdict]);
    else group.push(verdict);
  }
  return groups.values();
}

function* chunks<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
