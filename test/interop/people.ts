import { type Issued, type KeyKind, testPki } from '../kit/pki.js';

export const pki = testPki();

/** Who signs, whatever the kind of key: the messages are all from this address. The names differ, for NSS goes by them. */
export const SENDER = 'alice@example.com';

export function signerWith(key: KeyKind): Issued {
  return pki.issue({ address: SENDER, key, subject: `/CN=Alice ${key}` });
}

export type RecipientKind = 'rsa-2048' | 'p-256' | 'p-384' | 'p-521' | 'x25519';

/** One recipient for each kind of key; each program is given the keys of all of them that it can take. */
export function recipientWith(key: RecipientKind): Issued {
  return pki.issue({ address: `bob-${key}@example.net`, key });
}

/** Somebody whose key no program here has. */
export function strangerWith(key: RecipientKind): Issued {
  return pki.issue({ address: `carol-${key}@example.org`, key });
}

export function allRecipients(): Issued[] {
  const kinds: RecipientKind[] = ['rsa-2048', 'p-256', 'p-384', 'p-521', 'x25519'];
  return kinds.map(recipientWith);
}
