import { describe, expect, test } from 'vitest';
import { PGP_MESSAGE, PGP_SIGNATURE, pgpEncrypted, pgpSigned } from '../kit/openpgp-samples.js';
import { openssl } from '../kit/openssl-cli.js';
import { sealWithOpenssl } from '../kit/openssl-seal.js';
import { alice, bob, look, TEXT } from './already-kit.js';
import { at, viewDer } from './der-view.js';
import { ctx, der, octets, seq, set } from './read/der-kit.js';

// None of these may ever be taken for encrypted or signed: with `pass`, that would be all there is between the clear text and the network.

const SECRET = 'The PIN of your account is 1234, and of the other one 5678. ';
const HEAD = 'Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n';
const encrypted = openssl(['cms', '-encrypt', '-aes-256-cbc', '-outform', 'DER', bob.files.certificate], TEXT);
const signed = openssl(
  ['cms', '-sign', '-binary', '-nodetach', '-outform', 'DER', '-signer', alice.files.certificate, '-inkey', alice.files.privateKey],
  TEXT,
);

function lines(bytes: Buffer): string {
  return `${bytes.toString('base64').replace(/.{76}/g, '$&\n')}\n`;
}

interface Changed {
  readonly ciphertext?: Buffer;
  readonly recipients?: Buffer;
  /** Members between version and recipients, and behind the content. */
  readonly before?: readonly Buffer[];
  readonly behind?: readonly Buffer[];
}

/** The EnvelopedData that openssl made, with changes. */
function envelope({ ciphertext, recipients, before = [], behind = [] }: Changed = {}): Buffer {
  const view = viewDer(encrypted);
  const member = (...path: number[]) => at(view, ...path).encoded;
  const octets = ciphertext === undefined ? member(1, 0, 2, 2) : der(0x80, ciphertext);
  const content = seq(member(1, 0, 2, 0), member(1, 0, 2, 1), octets);
  return seq(member(0), ctx(0, seq(member(1, 0, 0), ...before, recipients ?? member(1, 0, 1), content, ...behind)));
}

test('what these tests put together is an encrypted message when nothing is changed', () => {
  expect(look(HEAD + lines(envelope())).fault).toBeUndefined();
  expect(look(HEAD + lines(envelope())).isEncryptedTo(bob.certificate)).toBe(true);
});

describe('clear text that is called encrypted', () => {
  const repeated = SECRET.repeat(20).slice(0, 1024);

  test.each<[string, string, string]>([
    ['text under the label', `Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\n${SECRET}\n`, 'it is not base64'],
    ['text in base64 under the label', HEAD + lines(Buffer.from(SECRET)), 'a length runs past the end'],
    ['nothing', HEAD, 'the structure ends'],
    ['a structure under another encoding', `${HEAD.replace('base64', '7bit')}${lines(encrypted)}`, 'it is not base64'],
    ['text behind the base64', `${HEAD}${lines(encrypted).replace(/=*\n$/, '')}==\n\n${SECRET}\n`, 'something other than base64'],
    ['text before the base64', `${HEAD}${SECRET}!\n${lines(encrypted)}`, 'something other than base64'],
    ['text behind the structure', HEAD + lines(Buffer.concat([encrypted, Buffer.from(SECRET)])), 'behind the encrypted structure'],
    ['text as its ciphertext', HEAD + lines(envelope({ ciphertext: Buffer.from(repeated) })), 'text in the clear'],
    ['no ciphertext', HEAD + lines(envelope({ ciphertext: Buffer.alloc(0) })), 'empty or cut off'],
    ['half a block of it', HEAD + lines(envelope({ ciphertext: Buffer.alloc(40, 0xf3) })), 'empty or cut off'],
    ['text in unprotected attributes', HEAD + lines(envelope({ behind: [ctx(1, octets(SECRET))] })), 'beside what is encrypted'],
    ['text in originatorInfo', HEAD + lines(envelope({ before: [ctx(0, octets(SECRET))] })), 'beside what is encrypted'],
    ['nobody it is encrypted to', HEAD + lines(envelope({ recipients: set() })), 'to nobody'],
  ])('%s', (_, message, fault) => {
    expect(look(message).fault).toContain(fault);
    expect(look(message).isEncryptedTo(bob.certificate)).toBe(false);
  });

  test('a signed structure labelled enveloped-data is what it is: signed, and to be encrypted', () => {
    expect(look(HEAD + lines(signed)).fault).toBeUndefined();
    expect(look(HEAD + lines(signed)).isEncryptedTo(bob.certificate)).toBe(false);
  });

  test('text in places that no reader looks at', () => {
    const hidden = octets(SECRET.repeat(40));
    const view = viewDer(encrypted);
    const [type, algorithm, ciphertext] = at(view, 1, 0, 2).children.map((child) => child.encoded) as [Buffer, Buffer, Buffer];
    const member = (...path: number[]) => at(view, ...path).encoded;
    const withHidden = (recipients: Buffer, content: Buffer) => seq(member(0), ctx(0, seq(member(1, 0, 0), recipients, content)));
    const stretched = seq(...at(viewDer(algorithm)).children.map((child) => child.encoded), hidden);
    const recipient = seq(...at(view, 1, 0, 1, 0).children.map((child) => child.encoded), hidden);
    expect(look(HEAD + lines(withHidden(member(1, 0, 1), seq(type, stretched, ciphertext)))).fault).toContain('much beside');
    expect(look(HEAD + lines(withHidden(set(recipient), member(1, 0, 2)))).fault).toContain('much beside');
  });

  test('a password can open it too', () => {
    const sealed = openssl(['cms', '-encrypt', '-aes-256-cbc', '-pwri_password', '1234', '-outform', 'SMIME', bob.files.certificate], TEXT);
    expect(look(sealed).fault).toContain('a password');
  });

  test('a weak cipher', () => {
    expect(look(sealWithOpenssl(TEXT, { recipients: [bob], cipher: 'des3' })).fault).toContain('weak');
  });

  test('EncryptedData, which has no recipients', () => {
    const key = '000102030405060708090a0b0c0d0e0f';
    const sealed = openssl(['cms', '-EncryptedData_encrypt', '-aes128', '-secretkey', key, '-outform', 'SMIME'], TEXT);
    expect(look(sealed).fault).toContain('it is not encrypted, but EncryptedData');
  });

  test('a recipient whose encrypted key is text', () => {
    const text = Buffer.from(SECRET.repeat(5).slice(0, 256));
    const changed = Buffer.from(encrypted);
    text.copy(changed, changed.indexOf(Buffer.of(0x04, 0x82, 0x01, 0x00)) + 4);
    expect(look(HEAD + lines(changed)).fault).toContain('an encrypted key in it is none');
  });

  test.each([
    ['in the text behind the block', `Content-Type: text/plain\n\n${PGP_MESSAGE}\n${SECRET}\n`, 'not one whole encrypted'],
    [
      'instead of the block',
      `Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\n${SECRET}\n-----END PGP MESSAGE-----\n`,
      'not one whole encrypted',
    ],
    [
      'base64 of text as a block',
      `Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\n${lines(Buffer.from(SECRET))}-----END PGP MESSAGE-----\n`,
      'not one whole',
    ],
    [
      'a signature as a block',
      `Content-Type: text/plain\n\n${PGP_SIGNATURE.replaceAll('SIGNATURE', 'MESSAGE')}`,
      'not one whole encrypted',
    ],
    ['in another part', `Content-Type: multipart/mixed; boundary=b\n\n--b\n\n${PGP_MESSAGE}--b\n\n${SECRET}\n--b--\n`, 'other parts'],
    ['before the parts', pgpEncrypted(PGP_MESSAGE, { preamble: `${SECRET}\n` }), 'text before or behind'],
    ['behind the parts', pgpEncrypted(PGP_MESSAGE, { epilogue: SECRET }), 'text before or behind'],
    ['within the second part', pgpEncrypted(`${SECRET}\n${PGP_MESSAGE}`), 'second part'],
    ['in the first part', pgpEncrypted().replace('Version: 1', `Version: 1\n${SECRET}`), 'first part'],
    ['in a third part', pgpEncrypted().replace('--pgp--', `--pgp\n\n${SECRET}\n--pgp--`), 'exactly two parts'],
    ['after a missing end', pgpEncrypted().replace('--pgp--', ''), 'exactly two parts'],
  ])('OpenPGP with text %s', (_, message, fault) => {
    expect(look(message).fault).toContain(fault);
  });
});

describe('what is called signed', () => {
  const detached = sealWithOpenssl(TEXT, { signer: alice, detached: true }).toString('latin1');

  test.each([
    ['a changed text', detached.replace('1,234', '9,234'), 'its signature is invalid'],
    ['another signature', detached.replace(/MII[^-]*/, `${lines(Buffer.from('none'))}\n`), 'its signature is invalid'],
    ['a third part', detached.replace(/(\r?\n)(------\w+)--/, '$1$2$1$1more$1$2--'), 'its signature is invalid'],
    ['a label alone', 'Content-Type: application/pkcs7-mime; smime-type=signed-data\n\nhello\n', 'cannot be read'],
    ['OpenPGP without a signature', pgpSigned('\nhello', 'none'), 'not an OpenPGP signature'],
    ['OpenPGP with a message for it', pgpSigned('\nhello', PGP_MESSAGE.replaceAll('MESSAGE', 'SIGNATURE')), 'not an OpenPGP signature'],
    [
      'a signed text without an end',
      'Content-Type: text/plain\n\n-----BEGIN PGP SIGNED MESSAGE-----\n\nhello\n',
      'does not end in an OpenPGP signature',
    ],
  ])('%s', (_, message, fault) => {
    expect(look(message).fault).toContain(fault);
  });

  test('a signature over detached content, called opaque', () => {
    const cms = openssl(
      ['cms', '-sign', '-binary', '-outform', 'DER', '-signer', alice.files.certificate, '-inkey', alice.files.privateKey],
      TEXT,
    );
    expect(look(HEAD.replace('enveloped', 'signed') + lines(cms)).fault).toContain('no content');
  });
});

test('nothing is thrown, and no time lost, however a structure is cut or changed', () => {
  const as = { kind: 'encrypted', by: 'smime', form: 'opaque' } as const;
  for (let n = 0; n < encrypted.length; n += 7) {
    expect(look(HEAD + lines(encrypted.subarray(0, n)), as).fault).toBeDefined();
    const changed = Buffer.from(encrypted);
    changed[n] = (changed[n] ?? 0) ^ 0x15;
    expect(() => look(HEAD + lines(changed), as)).not.toThrow();
  }
});
