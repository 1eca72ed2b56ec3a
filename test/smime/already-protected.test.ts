import { describe, expect, test } from 'vitest';
import { protectionWords } from '../../src/smime/already-protected.js';
import { PGP_MESSAGE, PGP_SIGNED_TEXT, pgpEncrypted, pgpSigned } from '../kit/openpgp-samples.js';
import { openssl } from '../kit/openssl-cli.js';
import { sealWithOpenssl } from '../kit/openssl-seal.js';
import { alice, bob, recognised, TEXT } from './already-kit.js';

const detached = sealWithOpenssl(TEXT, { signer: alice, detached: true });
const opaque = sealWithOpenssl(TEXT, { signer: alice });
const encrypted = sealWithOpenssl(TEXT, { recipients: [bob] });
const authenticated = sealWithOpenssl(TEXT, { recipients: [bob], cipher: 'aes-256-gcm' });
const compressed =
  'Content-Type: application/pkcs7-mime; smime-type=compressed-data\nContent-Transfer-Encoding: base64\n\nMIAGCyqGSIb3DQEJEAEJoIA=\n';

function relabelled(message: Buffer, type: string): string {
  return message.toString('latin1').replace(/Content-Type: .*/, `Content-Type: ${type}`);
}

describe('S/MIME', () => {
  test.each([
    ['signed, detached', detached, { kind: 'signed', by: 'smime', form: 'multipart' }],
    ['signed, opaque', opaque, { kind: 'signed', by: 'smime', form: 'opaque' }],
    ['encrypted', encrypted, { kind: 'encrypted', by: 'smime', form: 'opaque' }],
    ['encrypted and authenticated', authenticated, { kind: 'encrypted', by: 'smime', form: 'opaque' }],
    [
      'signed and encrypted',
      sealWithOpenssl(TEXT, { signer: alice, recipients: [bob] }),
      { kind: 'encrypted', by: 'smime', form: 'opaque' },
    ],
  ])('%s is recognised', (_, message, already) => {
    expect(recognised(message)).toEqual(already);
  });

  test('the structure counts, not what smime-type or the file name say', () => {
    expect(recognised(relabelled(opaque, 'application/pkcs7-mime; smime-type=enveloped-data'))?.kind).toBe('signed');
    expect(recognised(relabelled(encrypted, 'application/x-pkcs7-mime; smime-type=signed-data'))?.kind).toBe('encrypted');
    expect(recognised(relabelled(encrypted, 'application/pkcs7-mime'))?.kind).toBe('encrypted');
  });

  test.each(['smime.p7m', 'smime.p7z', 'SMIME.P7C'])('application/octet-stream is one by the name %s if its content is', (name) => {
    expect(recognised(relabelled(encrypted, `application/octet-stream; name="${name}"`).replace(/Content-Disposition.*\n/, ''))?.kind).toBe(
      'encrypted',
    );
    expect(recognised(`Content-Type: application/octet-stream; name="${name}"\n\nnothing of the kind\n`)).toBeUndefined();
  });

  test('certificates alone are told from signatures', () => {
    const der = openssl(['crl2pkcs7', '-nocrl', '-certfile', alice.files.certificate, '-outform', 'DER']);
    const body = `Content-Transfer-Encoding: base64\n\n${der.toString('base64').replace(/.{76}/g, '$&\n')}\n`;
    expect(recognised(`Content-Type: application/pkcs7-mime; smime-type=certs-only; name=smime.p7c\n${body}`)?.kind).toBe('certs-only');
    expect(recognised(`Content-Type: application/pkcs7-mime; name=smime.p7c\n${body}`)?.kind).toBe('certs-only');
  });

  test('compression is no protection', () => {
    expect(recognised(compressed)).toBeUndefined();
  });

  test('what claims to be S/MIME and cannot be read is taken by its word', () => {
    expect(recognised('Content-Type: application/pkcs7-mime; smime-type=signed-data\n\nhello\n')?.kind).toBe('signed');
    expect(recognised('Content-Type: application/pkcs7-mime\n\nhello\n')?.kind).toBe('encrypted');
  });

  test('old type names are known', () => {
    const old = detached.toString('latin1').replaceAll('application/pkcs7-signature', 'application/x-pkcs7-signature');
    expect(recognised(old)).toEqual({ kind: 'signed', by: 'smime', form: 'multipart' });
    expect(recognised(old.replace(/ ?protocol="[^"]*";/, ''))).toEqual({ kind: 'signed', by: 'smime', form: 'multipart' });
  });
});

describe('OpenPGP', () => {
  const asText = (text: string) => `Content-Type: text/plain\n\n${text}`;
  const coded = (encoding: string, text: string) => `Content-Type: text/plain\nContent-Transfer-Encoding: ${encoding}\n\n${text}`;

  test.each([
    ['multipart/encrypted', pgpEncrypted(), 'encrypted', 'multipart'],
    ['multipart/signed', pgpSigned('\nhello'), 'signed', 'multipart'],
    ['a text that is a block', asText(PGP_MESSAGE), 'encrypted', 'inline'],
    ['a text that begins with one, behind empty lines', asText(`\n\n${PGP_MESSAGE}-- \nmailing list\n`), 'encrypted', 'inline'],
    ['a signed text', asText(PGP_SIGNED_TEXT), 'signed', 'inline'],
    ['one without a Content-Type', `X-Note: none\n\n${PGP_MESSAGE}`, 'encrypted', 'inline'],
    ['one in quoted-printable', coded('quoted-printable', PGP_MESSAGE.replaceAll('=', '=3D')), 'encrypted', 'inline'],
    ['one in base64', coded('base64', Buffer.from(PGP_MESSAGE).toString('base64')), 'encrypted', 'inline'],
    [
      'the first text of several parts',
      `Content-Type: multipart/mixed; boundary=b\n\n--b\n${asText(PGP_MESSAGE)}--b\n\nx\n--b--\n`,
      'encrypted',
      'inline',
    ],
  ])('%s is recognised', (_, message, kind, form) => {
    expect(recognised(message)).toEqual({ kind, by: 'openpgp', form });
  });

  test.each([
    ['a block that is quoted', asText(`> ${PGP_MESSAGE.replaceAll('\n', '\n> ')}`)],
    ['a block among text', asText(`Dear Bob,\n\n${PGP_MESSAGE}`)],
    ['a block far down', asText(`${'\n'.repeat(70_000)}${PGP_MESSAGE}`)],
    ['a public key', asText('-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxxxx\n-----END PGP PUBLIC KEY BLOCK-----\n')],
    ['HTML', `Content-Type: text/html\n\n${PGP_MESSAGE}`],
    ['a second part', `Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n${asText(PGP_MESSAGE)}--b--\n`],
  ])('%s is ordinary content', (_, message) => {
    expect(recognised(message)).toBeUndefined();
  });
});

describe('ordinary content', () => {
  const nested = detached.toString('latin1').replace('MIME-Version: 1.0\n', '');

  test.each([
    ['a text', 'Content-Type: text/plain\n\nhello\n'],
    ['a forwarded signed mail', `Content-Type: message/rfc822\n\n${nested}`],
    ['what a mailing list makes of one', `Content-Type: multipart/mixed; boundary=list\n\n--list\n${nested}\n--list\n\nfooter\n--list--\n`],
    [
      'another kind of multipart/signed',
      'Content-Type: multipart/signed; protocol="application/x-other"; boundary=b\n\n--b\n\nx\n--b\n\ny\n--b--\n',
    ],
    [
      'another kind of multipart/encrypted',
      'Content-Type: multipart/encrypted; protocol="application/x-other"; boundary=b\n\n--b\n\nx\n--b--\n',
    ],
    ['a PDF', 'Content-Type: application/pdf\n\n%PDF\n'],
    ['an unreadable Content-Type', 'Content-Type: pkcs7-mime\n\nMIIB\n'],
  ])('%s is not recognised as protected', (_, message) => {
    expect(recognised(message)).toBeUndefined();
  });
});

test('what was recognised is named for people', () => {
  expect(protectionWords({ kind: 'signed', by: 'smime', form: 'multipart' })).toBe('signed (S/MIME, multipart/signed)');
  expect(protectionWords({ kind: 'encrypted', by: 'smime', form: 'opaque' })).toBe('encrypted (S/MIME, application/pkcs7-mime)');
  expect(protectionWords({ kind: 'encrypted', by: 'openpgp', form: 'inline' })).toBe('encrypted (OpenPGP, a block in the text)');
});
