import type { ContentCipher } from '../smime/algorithms.js';
import { ruleWords, type Verdict } from './verdict.js';

/**
 * Strongest first. The ciphers that authenticate come before those that do not, whatever the key: CBC can be altered without the key so that
 * a careless client leaks the text (EFAIL), while nobody searches 128 bits. Among equals the longer key; and AES before ChaCha20, which
 * few mail programs read and few processors help with: it is taken only where a client announced it and no AES-256-GCM.
 */
export const STRENGTH: readonly ContentCipher[] = [
  'aes-256-gcm',
  'chacha20-poly1305',
  'aes-128-gcm',
  'aes-256-cbc',
  'aes-192-cbc',
  'aes-128-cbc',
];

/** What a recipient of whom nothing is known is taken to read: every program does, and GCM many do not (docs/security.md). */
const READ_BY_ALL: ContentCipher = 'aes-256-cbc';

/**
 * The ciphers a copy for this recipient alone may have, strongest first, never none: the one that is named; or with `content: auto` those it
 * is known to read and policy allows. If it reads none that policy allows, the floor holds all the same.
 */
export function allowedCiphers(recipient: Verdict): readonly ContentCipher[] {
  const { content, contentAtLeast } = recipient.protection;
  if (content !== 'auto') return [content];
  const allowed = readsOf(recipient).filter((cipher) => isAtLeast(cipher, contentAtLeast));
  return allowed.length === 0 ? [contentAtLeast] : allowed;
}

/** The ciphers that all of them may have, strongest first; empty if they cannot share a copy. */
function commonCiphers(recipients: readonly Verdict[]): readonly ContentCipher[] {
  const [first = [], ...others] = recipients.map(allowedCiphers);
  return first.filter((cipher) => others.every((allowed) => allowed.includes(cipher)));
}

/** The cipher of an encrypted copy for recipients who can share one, and a sentence that says why it is that one. */
export function contentOf(recipients: readonly Verdict[]): { content: ContentCipher; contentWhy: string } {
  const [content = READ_BY_ALL] = commonCiphers(recipients);
  const [first] = recipients;
  return { content, contentWhy: first?.protection.content === 'auto' ? whyChosen(recipients, content) : whyNamed(recipients, content) };
}

function whyNamed(recipients: readonly Verdict[], content: ContentCipher): string {
  const rule = recipients[0]?.rule ?? null;
  const by = rule?.protect?.content === undefined ? 'protect' : ruleWords(rule);
  const without = recipients.filter((recipient) => known(recipient).length > 0 && !known(recipient).includes(content));
  return [`named by ${by}`, ...remark(without, 'did not announce it')].join('; ');
}

function whyChosen(recipients: readonly Verdict[], content: ContentCipher): string {
  const unknown = recipients.filter((recipient) => known(recipient).length === 0);
  const unread = recipients.filter((recipient) => !readsOf(recipient).includes(content));
  const all = recipients.length === 1 ? 'its recipient reads' : 'all its recipients read';
  return [
    unread.length > 0 ? 'the least that contentAtLeast allows' : `the strongest that ${all}`,
    ...remark(unknown, `announced nothing that is known and counts as reading ${READ_BY_ALL}`),
    ...remark(unread, 'is not known to read it'),
    ...recipients.flatMap((recipient) => {
      const [alone] = allowedCiphers(recipient);
      return alone === content ? [] : remark([recipient], `alone would get ${alone}`);
    }),
  ]
    .slice(0, 6)
    .join('; ');
}

const MAX_NAMED = 3;

/** Nothing about nobody; `says` is in the singular. */
function remark(about: readonly Verdict[], says: string): string[] {
  if (about.length === 0) return [];
  const named = about
    .slice(0, MAX_NAMED)
    .map(({ address }) => address)
    .join(', ');
  return [about.length <= MAX_NAMED ? `${named} ${says}` : `${named} and ${about.length - MAX_NAMED} more: each ${says}`];
}

/** What was learnt of the recipient's client, strongest first. */
function known({ certificate }: Verdict): readonly ContentCipher[] {
  const reads = certificate !== null && 'reads' in certificate ? certificate.reads : [];
  return STRENGTH.filter((cipher) => reads.includes(cipher));
}

function readsOf(recipient: Verdict): readonly ContentCipher[] {
  const learnt = known(recipient);
  return learnt.length === 0 ? [READ_BY_ALL] : learnt;
}

function isAtLeast(cipher: ContentCipher, floor: ContentCipher): boolean {
  return STRENGTH.indexOf(cipher) <= STRENGTH.indexOf(floor);
}
