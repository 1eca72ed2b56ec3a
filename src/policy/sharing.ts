import { allowedCiphers } from './content.js';
import type { Verdict } from './verdict.js';

/**
 * Divides recipients for whom the same rule decided, and who may know of each other, into those who share encrypted copies: by the kind of
 * their keys if policy says so, then by the content ciphers they read. Each set has a cipher in common. There are at most as many sets as
 * kinds of keys times ciphers.
 */
export function sharing(recipients: readonly Verdict[]): Verdict[][] {
  return byKeys(recipients).flatMap((alike) =>
    alike[0]?.protection.whenCiphersDiffer === 'separate' ? byBestCipher(alike) : byCommonCipher(alike),
  );
}

/** A reader that does not know key agreement may stumble over another recipient's (NSS does), even where its own key is there. */
function byKeys(recipients: readonly Verdict[]): Verdict[][] {
  const apart = recipients[0]?.protection.whenKeysDiffer === 'separate';
  return groupedBy(recipients, ({ certificate }) => (apart && certificate !== null && 'keys' in certificate ? certificate.keys : ''));
}

function byBestCipher(recipients: readonly Verdict[]): Verdict[][] {
  return groupedBy(recipients, (recipient) => allowedCiphers(recipient)[0] ?? '');
}

/** One set where there is a cipher that all may have. Clients that say they read nothing of what the others do get more, in the order they come. */
function byCommonCipher(recipients: readonly Verdict[]): Verdict[][] {
  const sets: { readonly members: Verdict[]; common: readonly string[] }[] = [];
  for (const recipient of recipients) {
    const allowed: readonly string[] = allowedCiphers(recipient);
    const set = sets.find(({ common }) => common.some((cipher) => allowed.includes(cipher)));
    if (set === undefined) sets.push({ members: [recipient], common: allowed });
    else {
      set.members.push(recipient);
      set.common = set.common.filter((cipher) => allowed.includes(cipher));
    }
  }
  return sets.map(({ members }) => members);
}

function groupedBy(recipients: readonly Verdict[], keyOf: (recipient: Verdict) => string): Verdict[][] {
  const groups = new Map<string, Verdict[]>();
  for (const recipient of recipients) {
    const key = keyOf(recipient);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [recipient]);
    else group.push(recipient);
  }
  return [...groups.values()];
}
