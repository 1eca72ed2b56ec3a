import { makeTransferSafe } from '../../src/message/transfer-safe.js';
import { SENDER } from './people.js';

/** Stands once in the content, in both forms; a tampered copy says something else here. */
const MARK = '4711';
const FORGED = '4712';

/**
 * What is sealed: 8-bit, an over-long line, blanks at line ends, lines that relays alter. It is large against the CMS around it, so that
 * the middle of what is encrypted is content.
 */
export const ENTITY: Buffer = Buffer.from(
  [
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    'Dear Bob,',
    '',
    'From the 1st on, 1,234 € are due.  ',
    '.',
    'x'.repeat(1200),
    ...Array.from({ length: 60 }, (_, n) => `Position ${n}: Größe ${n * 17} mm, geprüft und für gut befunden, 12,50 € je Stück`),
    `Invoice ${MARK}`,
    ...Array.from({ length: 60 }, (_, n) => `Position ${n + 60}: Größe ${n * 19} mm, geprüft und für gut befunden, 7,50 € je Stück`),
    '',
  ].join('\r\n'),
);

/** The same as multipart/signed needs it. */
export const SAFE_ENTITY: Buffer = makeTransferSafe(ENTITY).entity;

/** A message around an S/MIME entity, from the address that the signers' certificates name. */
export function messageAround(entity: Buffer): Buffer {
  const fields = [`From: Alice <${SENDER}>`, 'To: bob@example.net', 'Subject: Invoice', 'Date: Wed, 25 Nov 2026 10:00:00 +0000'];
  // Some programs write MIME-Version themselves.
  const rest = entity.subarray(0, 12).toString('latin1').toLowerCase() === 'mime-version' ? entity : withMimeVersion(entity);
  return Buffer.concat([Buffer.from(`${fields.join('\r\n')}\r\n`), rest]);
}

function withMimeVersion(entity: Buffer): Buffer {
  return Buffer.concat([Buffer.from('MIME-Version: 1.0\r\n'), entity]);
}

/** A signed entity whose content says another number; the signature stays as it was. */
export function forgeSigned(entity: Buffer): Buffer {
  return entity.includes(MARK) ? replaced(entity) : withBase64Body(entity, replaced);
}

/** An encrypted entity with one bit of the ciphertext flipped, amid the content. */
export function forgeEncrypted(entity: Buffer): Buffer {
  return withBase64Body(entity, (cms) => {
    const altered = Buffer.from(cms);
    const position = Math.floor(cms.length * 0.4);
    altered.writeUInt8(altered.readUInt8(position) ^ 1, position);
    return altered;
  });
}

/** `whole` with `other` in the place of `part`. */
export function exchanged(whole: Buffer, part: Buffer, other: Buffer): Buffer {
  const at = whole.indexOf(part);
  if (at === -1) throw new Error('the part is not there');
  return Buffer.concat([whole.subarray(0, at), other, whole.subarray(at + part.length)]);
}

function replaced(bytes: Buffer): Buffer {
  const at = bytes.indexOf(MARK, 0, 'latin1');
  if (at === -1) throw new Error(`no "${MARK}" to tamper with`);
  const altered = Buffer.from(bytes);
  altered.write(FORGED, at, 'latin1');
  return altered;
}

function withBase64Body(entity: Buffer, alter: (body: Buffer) => Buffer): Buffer {
  const text = entity.toString('latin1');
  const blank = /\r?\n\r?\n/.exec(text);
  if (blank === null) throw new Error('no body to tamper with');
  const lines = alter(Buffer.from(text.slice(blank.index), 'base64'))
    .toString('base64')
    .replace(/.{64}/g, '$&\r\n');
  return Buffer.from(`${text.slice(0, blank.index)}\r\n\r\n${lines}\r\n`, 'latin1');
}

/** Whether the outermost CMS structure is BER of indefinite length (X.690 section 8.1.3.6). */
export function isIndefinite(entity: Buffer): boolean {
  const text = entity.toString('latin1');
  return Buffer.from(text.slice(/\r?\n\r?\n/.exec(text)?.index), 'base64')[1] === 0x80;
}
