import type { Canonical } from '../../src/message/canonical.js';
import { canonicalise } from '../../src/message/canonical.js';
import { type AlreadyProtected, recogniseProtection } from '../../src/smime/already-protected.js';
import { type CloseLook, lookClosely } from '../../src/smime/as-submitted.js';
import { testPki } from '../kit/pki.js';

const pki = testPki();
export const alice = pki.issue({ address: 'alice@example.com' });
export const bob = pki.issue({ address: 'bob@example.net' });
export const carol = pki.issue({ address: 'carol@example.org', key: 'p-256' });

export const TEXT = Buffer.from('Content-Type: text/plain\r\n\r\nThe invoice is 1,234 EUR.\r\n.\r\nFrom here on, blanks: \r\n');

/** The message an application would submit with this entity. */
function submitted(entity: Buffer | string): Canonical {
  const bytes = typeof entity === 'string' ? Buffer.from(entity) : entity;
  const header = 'From: alice@example.com\nTo: bob@example.net\nSubject: invoice\n';
  return canonicalise(Buffer.concat([Buffer.from(header), bytes]), { fallbackCharset: 'windows-1252' });
}

export function recognised(entity: Buffer | string): AlreadyProtected | undefined {
  return recogniseProtection(submitted(entity));
}

/** `as`: what to take it for, whatever it is recognised as. */
export function look(entity: Buffer | string, as?: AlreadyProtected): CloseLook {
  const message = submitted(entity);
  const already = as ?? recogniseProtection(message);
  if (already === undefined) throw new Error('not recognised');
  return lookClosely(message, already, new Date());
}
