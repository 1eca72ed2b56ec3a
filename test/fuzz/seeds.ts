import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import type { OpenKeys } from '../../src/smime/open.js';
import { openssl } from '../kit/openssl-cli.js';
import { ctx, int, octets, oid, seq } from '../smime/read/der-kit.js';
import { crlf } from '../smime/read/kit.js';
import { pkcs7Mime } from '../smime/read/signed-builder.js';
import { ALICE, BOB, bob, cmsIn, encrypted, keysOfBob, messageWith, signed } from '../smime/sealed-samples.js';
import { issue, pki } from '../smime/writing-kit.js';

/** What inputs of a target are, which decides how they are changed. */
export type InputKind = 'der' | 'message' | 'text';

/** What fuzzing starts from; keys are of the run's own test PKI, so nothing of this is ever in the repository. */
export interface Seeds {
  readonly inputs: Readonly<Record<InputKind, readonly Buffer[]>>;
  readonly keys: OpenKeys;
  /** The entities that were really sealed, in hex: no other may ever be found genuine. */
  readonly genuine: ReadonlySet<string>;
}

const ENTITIES = [
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nDear Bob,\r\n\r\n1,234 € are due.\r\n',
  'Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\nText.\r\n--in\r\nContent-Type: application/pdf; name=a.pdf\r\n' +
    'Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--in--\r\n',
  // Protected headers (RFC 9788) under the outer header that messageWith() gives.
  `From: Alice <${ALICE}>\r\nTo: ${BOB}\r\nSubject: Quarterly figures\r\nContent-Type: text/plain; charset=utf-8; hp="clear"\r\n\r\nText.\r\n`,
  `From: Alice <${ALICE}>\r\nTo: ${BOB}\r\nSubject: The deal\r\nHP-Outer: From: Alice <${ALICE}>\r\nHP-Outer: To: ${BOB}\r\n` +
    'HP-Outer: Subject: Quarterly figures\r\nContent-Type: text/plain; charset=utf-8; hp="cipher"\r\n\r\nText.\r\n',
].map((text) => Buffer.from(text));

export function makeSeeds(): Seeds {
  const sealed = [...ours(), ...theirs(), ...rare()].map(messageWith);
  const corpus = { der: corpusOf('.hex'), message: corpusOf('.eml'), text: corpusOf('.txt') };
  const certificates = [issue('p-256', ALICE), issue('rsa-2048', ALICE), bob('x25519').issued, pki.root, pki.intermediate];
  return {
    inputs: {
      der: [...sealed.map(cmsOfAny), ...certificates.map(({ certificate }) => certificate), ...corpus.der],
      message: [...sealed, ...corpus.message],
      text: corpus.text,
    },
    keys: keysOfBob('p-256', 'x25519', 'rsa-2048'),
    genuine: new Set(ENTITIES.map((entity) => entity.toString('hex'))),
  };
}

/** Each structure the writer makes, with keys that are quick to use. */
function ours(): Buffer[] {
  const opaque = (entity: Buffer) => signed(entity, { form: 'opaque', key: 'p-256' });
  const detached = (entity: Buffer) => signed(entity, { form: 'detached', key: 'p-256' });
  return ENTITIES.flatMap((entity) => [
    opaque(entity),
    detached(entity),
    signed(entity, { form: 'opaque', key: 'ed25519', and: 'p-256' }),
    signed(entity, { form: 'detached', key: 'rsa-2048', scheme: 'rsa-pss' }),
    encrypted(entity, { content: 'aes-256-gcm', to: ['p-256'] }),
    encrypted(entity, { content: 'aes-128-cbc', to: ['x25519', 'p-256'] }),
    encrypted(entity, { content: 'chacha20-poly1305', to: ['x25519'] }),
    encrypted(opaque(entity), { content: 'aes-256-cbc', to: ['p-256', 'rsa-2048'] }),
    encrypted(detached(entity), { content: 'aes-128-gcm', to: ['rsa-2048'], keyTransport: 'rsa-oaep' }),
    detached(encrypted(opaque(entity), { content: 'aes-256-cbc', to: ['x25519'] })),
  ]);
}

/** The same content from openssl, in indefinite lengths and segments. */
function theirs(): Buffer[] {
  const alice = issue('p-256', ALICE).files;
  const signing = ['-signer', alice.certificate, '-inkey', alice.privateKey, '-certfile', pki.intermediate.files.certificate];
  const cms = (args: readonly string[], entity: Buffer) => withoutVersion(crlf(openssl(['cms', '-binary', ...args], entity)));
  const recipient = bob('p-256').issued.files.certificate;
  return ENTITIES.flatMap((entity) => [
    cms(['-sign', '-crlfeol', '-nodetach', '-stream', ...signing], entity),
    cms(['-sign', '-crlfeol', '-nosmimecap', '-keyid', ...signing], entity),
    cms(['-encrypt', '-stream', '-aes-256-cbc', '-recip', recipient], entity),
    cms(['-encrypt', '-aes-256-gcm', '-keyid', '-recip', recipient], entity),
  ]);
}

/** Compression, certificates alone, and signatures by two. */
function rare(): Buffer[] {
  const [entity = Buffer.alloc(0)] = ENTITIES;
  const inflated = seq(oid('1.2.840.113549.1.7.1'), ctx(0, octets(deflateSync(signed(entity, { form: 'opaque', key: 'p-256' })))));
  const compressed = seq(oid('1.2.840.113549.1.9.16.1.9'), ctx(0, seq(int(0), seq(oid('1.2.840.113549.1.9.16.3.8')), inflated)));
  const certsOnly = openssl(['crl2pkcs7', '-nocrl', '-outform', 'DER', '-certfile', issue('p-256', ALICE).files.certificate]);
  return [pkcs7Mime(compressed), pkcs7Mime(certsOnly)];
}

function withoutVersion(entity: Buffer): Buffer {
  return Buffer.from(entity.toString('latin1').replace(/^MIME-Version: 1\.0\r\n/, ''), 'latin1');
}

/** Of a multipart/signed, the CMS of its second part. */
function cmsOfAny(message: Buffer): Buffer {
  const text = message.toString('latin1');
  const at = text.indexOf('\r\n\r\nMI', text.indexOf('application/pkcs7-signature; name'));
  return text.includes('multipart/signed') && at !== -1
    ? Buffer.from(text.slice(at, text.indexOf('\r\n--', at)), 'base64')
    : cmsIn(message);
}

/** Files checked in: structures and header texts that hold no key. `.hex` is hex with blanks, and `#` comments. */
function corpusOf(extension: string): Buffer[] {
  const directory = fileURLToPath(new URL('corpus', import.meta.url));
  const names = readdirSync(directory).filter((name) => extname(name) === extension);
  return names.sort().map((name) => {
    const bytes = readFileSync(join(directory, name));
    return extension === '.hex' ? Buffer.from(bytes.toString().replace(/#.*|\s/g, ''), 'hex') : bytes;
  });
}
