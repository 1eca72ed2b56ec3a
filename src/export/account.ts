import type { KeptCopy, StoredEntry } from '../archive/settings.js';
import type { LocatedRecord } from '../audit/located.js';
import type { EventDetails } from '../daemon/events.js';
import type { RecipientOutcome } from '../delivery/delivery.js';
import { timeOfMessageId } from '../message-id.js';
import type { CopyPlan, Plan } from '../policy/plan.js';
import type { Way } from '../way.js';

/** What the trail tells about a message. What was erased, or is not known yet, is missing. */
export interface MessageAccount {
  readonly id: string;
  /** When it was claimed, as its id says. */
  readonly claimed: string;
  readonly accepted?: EventDetails['accepted'] & { readonly time: string };
  readonly envelope?: { readonly sender: string; readonly recipients: readonly string[] };
  /** Of what was sent, without angle brackets. */
  readonly messageId?: string;
  /** Address of the identity that signed. */
  readonly from?: string;
  /** Fingerprints of the certificates that signed, the first of them first. */
  readonly signers: readonly string[];
  readonly algorithms?: string;
  /** What was changed in the submitted bytes before they were sealed. */
  readonly changes: readonly string[];
  readonly recipients: readonly RecipientAccount[];
  readonly copies: readonly CopyAccount[];
  /** The original, relative to the archive directory. */
  readonly archive?: string;
  /** The file in the archive, where it is not the original as it was submitted. */
  readonly stored?: StoredEntry['stored'];
  /** Sealed copies that are kept beside the original. */
  readonly kept: readonly KeptCopy[];
  /** Fingerprints of all certificates that were used. */
  readonly certificates: readonly string[];
  /** The message this one is a restored form of, as its submitter said. */
  readonly restored?: string;
  /** Records that say that it was removed from the archive, or its details erased. */
  readonly removed?: { readonly event: string; readonly time: string };
  readonly records: readonly RecordAccount[];
}

export interface RecipientAccount {
  readonly address: string;
  /** Stands in To or Cc of what was sent. */
  readonly visible: boolean;
  readonly rule: string | null;
  readonly encrypted: boolean;
  readonly why: string;
  /** SHA-256 of the certificate it was encrypted to. */
  readonly certificate?: string;
  /** Number in the plan of the copy it got. */
  readonly copy?: number;
  /** What a server last said of this recipient. */
  readonly answer?: Omit<RecipientOutcome, 'address'> & { readonly time: string };
}

export interface CopyAccount {
  readonly number: number;
  readonly planned: number;
  readonly recipients: readonly string[];
  readonly via: Way;
  /** Why it went another way than planned. */
  readonly fallback?: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly sign: string;
  /** Null when it was not encrypted. */
  readonly content: string | null;
  readonly keyTransport: string | null;
  /** What became of it: the outcomes of its records, oldest first, as `committed`, `rejected`. */
  readonly outcomes: readonly { readonly time: string; readonly what: string }[];
}

export interface RecordAccount {
  readonly seq: number;
  readonly time: string;
  readonly event: string;
  readonly outcome?: string | undefined;
  readonly algorithms?: string | undefined;
  /** Its details were erased, or cannot be believed. */
  readonly withoutDetails?: true;
}

const removals = new Set(['purged', 'erased']);

/** Tells a message's way from its records, oldest first. */
export function accountOf(id: string, located: readonly LocatedRecord[]): MessageAccount {
  const known: { -readonly [K in keyof MessageAccount]: MessageAccount[K] } = {
    id,
    claimed: timeOfMessageId(id).toISOString(),
    signers: [],
    changes: [],
    recipients: [],
    copies: [],
    kept: [],
    certificates: [],
    records: located.map(recordAccount),
  };
  const ways = new Map<number, { readonly time: string; readonly what: string }[]>();
  const answers = new Map<string, RecipientAccount['answer']>();
  const told = (number: number, time: string, what: string) => ways.set(number, [...(ways.get(number) ?? []), { time, what }]);
  const again: EventDetails['restaged'][] = [];
  let intent: EventDetails['intent'] | undefined;
  for (const { record, detail } of located) {
    const { event, time } = record;
    if (removals.has(event)) known.removed = { event, time };
    // The shape is that of EventDetails: our own records, held against the chain's commitment.
    if (detail === undefined) continue;
    if (event === 'accepted') known.accepted = { ...(detail as EventDetails['accepted']), time };
    if (event === 'dropped') Object.assign(known, storedAs(detail as EventDetails['dropped']));
    if (event === 'rejected') told((detail as EventDetails['rejected']).number, time, 'rejected by the MTA');
    if (event === 'copy-released') told((detail as EventDetails['copy-released']).number, time, 'released by a person');
    if (event === 'copy-dropped') told((detail as EventDetails['copy-dropped']).number, time, 'dropped by a person');
    if (event === 'restaged') again.push(detail as EventDetails['restaged']);
    if (event === 'committed')
      for (const { number, outcome } of (detail as EventDetails['committed']).copies) told(number, time, committedWords[outcome]);
    if (event === 'sent')
      for (const { number, recipients } of (detail as EventDetails['sent']).copies) {
        told(number, time, summaryOf(recipients));
        for (const { address, status, code, text } of recipients) answers.set(address, { status, code, text, time });
      }
    if (event === 'intent') {
      intent = detail as EventDetails['intent'];
      Object.assign(known, factsOfIntent(intent));
      if (record.algorithms !== undefined) known.algorithms = record.algorithms;
    }
  }
  if (intent === undefined) return known;
  const plan = intent.intent.plan as Plan;
  const copies: CopyAccount[] = [];
  for (const { number, planned, via, fallback, name, sizeBytes, sha256 } of intent.intent.copies) {
    const sealed = sealedAs(plan.copies.find((copy) => copy.number === planned));
    const outcomes = ways.get(number) ?? [];
    copies.push({ number, planned, via, ...(fallback === undefined ? {} : { fallback }), name, sizeBytes, sha256, ...sealed, outcomes });
  }
  for (const { from, number, name, sizeBytes, sha256 } of again) {
    const first = copies.find((copy) => copy.number === from);
    if (first !== undefined) copies.push({ ...first, number, name, sizeBytes, sha256, outcomes: ways.get(number) ?? [] });
  }
  return {
    ...known,
    copies,
    recipients: plan.decisions.map((decision) => {
      const copy = plan.copies.find(({ recipients }) => recipients.includes(decision.address));
      const certificate = copy?.encryptTo[copy.encryptAddresses.indexOf(decision.address)];
      const answer = answers.get(decision.address);
      const { address, visible, rule, encrypt: encrypted, why } = decision;
      return {
        ...{ address, visible, rule, encrypted, why },
        ...(certificate === undefined ? {} : { certificate }),
        ...(copy === undefined ? {} : { copy: copy.number }),
        ...(answer === undefined ? {} : { answer }),
      };
    }),
  };
}

function factsOfIntent(detail: EventDetails['intent']): Partial<MessageAccount> {
  const { messageId, signer, signers, changes, certificates, restored, kept = [] } = detail;
  const plan = detail.intent.plan as Plan;
  return {
    envelope: { sender: plan.sender, recipients: plan.decisions.map(({ address }) => address) },
    from: plan.from,
    messageId,
    signers: signers ?? (signer === undefined ? [] : [signer]),
    changes,
    ...storedAs(detail),
    kept,
    certificates,
    ...(restored === undefined ? {} : { restored }),
  };
}

function storedAs({ archive, stored }: StoredEntry): Pick<MessageAccount, 'archive' | 'stored'> {
  return { archive, ...(stored === undefined ? {} : { stored }) };
}

function sealedAs(plan: CopyPlan | undefined): Pick<CopyAccount, 'recipients' | 'sign' | 'content' | 'keyTransport'> {
  if (plan === undefined) return { recipients: [], sign: 'unknown', content: null, keyTransport: null };
  const { recipients, sign, passed, encryptTo, content, keyTransport } = plan;
  const encrypted = encryptTo.length > 0;
  return {
    recipients,
    sign: passed === undefined ? sign : `as it came, ${passed}`,
    content: encrypted ? content : null,
    keyTransport: encrypted ? keyTransport : null,
  };
}

const committedWords = {
  committed: 'handed to the MTA',
  'possible-duplicate': 'handed to the MTA, possibly twice (power cut)',
  unknown: 'it cannot be told whether the MTA has it',
} as const;

function summaryOf(recipients: readonly RecipientOutcome[]): string {
  const counts = (['accepted', 'deferred', 'refused'] as const).map(
    (status) => [recipients.filter((each) => each.status === status).length, status] as const,
  );
  const said = counts
    .filter(([count]) => count > 0)
    .map(([count, status]) => (recipients.length === 1 ? status : `${status} for ${count}`));
  return `${said.join(', ')} by the server`;
}

function recordAccount({ record, detail }: LocatedRecord): RecordAccount {
  const { seq, time, event, outcome, algorithms } = record;
  return {
    ...{ seq, time, event },
    ...(outcome === undefined ? {} : { outcome }),
    ...(algorithms === undefined ? {} : { algorithms }),
    ...(detail === undefined && event !== 'handed-over' ? { withoutDetails: true as const } : {}),
  };
}
