import { createPrivateKey } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Opened, openMessage } from '../../src/smime/open.js';
import { describeWith } from '../kit/tools.js';
import { ENTITY, forgeEncrypted, forgeSigned, isIndefinite, messageAround, SAFE_ENTITY } from './content.js';
import { EXPECTED_WRITING, type Opens, WRITER_NAMES, type WriterName } from './expected-writing.js';
import { allRecipients, pki } from './people.js';
import type { EncryptionWanted, SignatureWanted, Writer } from './writers/writer.js';
import { WRITERS } from './writers.js';
import { ENCRYPTED_BY_OTHERS, SIGNED_BY_OTHERS, type Wanted, type WrittenRow } from './written.js';

const ROWS: Readonly<Record<WrittenRow, Wanted>> = { ...SIGNED_BY_OTHERS, ...ENCRYPTED_BY_OTHERS };

for (const name of WRITER_NAMES) {
  const { tools, make } = WRITERS[name];
  describeWith(tools, `what ${name} writes, opened by sealdrop`, () => {
    let writer: Writer;
    beforeAll(async () => {
      writer = await make();
    });
    afterAll(() => writer.close());

    for (const [row, expected] of cellsOf(name)) {
      if (typeof expected === 'string') {
        test(`${row}: ${expected}, and tampered copies are refused`, async () => {
          const { entity, content, forged } = await write(writer, ROWS[row]);
          const opened = open(entity, writer);
          expect(opened.ok, opened.layers.map(({ reason }) => reason).join('; ')).toBe(true);
          expect(opened.entity.toString('latin1')).toBe(content.toString('latin1'));
          expect(asTold(opened)).toBe(expected);
          expect(algorithmsOf(opened)).toEqual(algorithmsWanted(ROWS[row]));
          if ((ROWS[row].encryption ?? ROWS[row].signature).indefinite) expect(isIndefinite(entity)).toBe(true);
          for (const copy of forged) expect(isAccepted(copy, writer)).toBe(false);
        });
      } else if ('refuses' in expected) {
        test(`${row}: not so. ${expected.refuses.text}`, async () => {
          await expect(write(writer, ROWS[row]).then(({ entity }) => open(entity, writer))).rejects.toThrow(expected.refuses.says);
        });
      }
    }
  });
}

function cellsOf(name: WriterName) {
  return (Object.keys(ROWS) as WrittenRow[]).map((row) => {
    const { opens, but } = EXPECTED_WRITING[row];
    return [row, but?.[name] ?? opens] as const;
  });
}

async function write(writer: Writer, { signature, encryption }: Wanted): Promise<{ entity: Buffer; content: Buffer; forged: Buffer[] }> {
  const content = signature.form === 'opaque' ? ENTITY : SAFE_ENTITY;
  const signed = await writer.sign(content, signature);
  if (encryption === undefined) return { entity: signed, content, forged: [forgeSigned(signed)] };
  const entity = await writer.encrypt(signed, encryption);
  return { entity, content, forged: [forgeEncrypted(entity), await writer.encrypt(forgeSigned(signed), encryption)] };
}

function open(entity: Buffer, { sendsChain }: Writer): Opened {
  const decryption = allRecipients().map(({ certificate, privateKeyPem }) => ({
    certificate,
    privateKey: createPrivateKey(privateKeyPem),
  }));
  // Without the issuing CA in the message, it must be at hand.
  const trustAnchors = sendsChain ? [pki.root.certificate] : [pki.root.certificate, pki.intermediate.certificate];
  return openMessage(messageAround(entity), { decryption, trustAnchors, now: new Date() });
}

function isAccepted(entity: Buffer, writer: Writer): boolean {
  try {
    return open(entity, writer).ok;
  } catch {
    return false;
  }
}

function asTold({ layers }: Opened): Opens | undefined {
  const weak = layers.some(({ algorithms }) => algorithms.some((algorithm) => algorithm.includes('(weak)')));
  const verdict = layers[0]?.verdict;
  if (verdict === 'valid') return weak ? 'valid, weak' : 'valid';
  return verdict === 'authenticated' && !weak ? 'authenticated' : undefined;
}

/** All algorithms of all layers, so that no program passes for one that did what it was asked. */
function algorithmsOf({ layers }: Opened): string[] {
  return layers.flatMap(({ algorithms }) => algorithms.map((algorithm) => algorithm.replace(' (weak)', ''))).sort();
}

function algorithmsWanted({ signature, encryption }: Wanted): string[] {
  return [signature.digest, signatureAlgorithm(signature), ...(encryption === undefined ? [] : encryptionAlgorithms(encryption))].sort();
}

function signatureAlgorithm({ key, scheme }: SignatureWanted): string {
  if (key === 'ed25519') return key;
  if (key !== 'rsa-2048') return 'ecdsa';
  return scheme === 'pss' ? 'rsa-pss' : 'rsa-pkcs1';
}

function encryptionAlgorithms({ cipher, to, transport, kdf }: EncryptionWanted): string[] {
  const agreed = kdf === undefined ? [] : [`ecdh-${kdf}kdf aes-256-wrap`];
  return [cipher, ...(to.includes('rsa-2048') ? [`rsa-${transport}`] : []), ...agreed];
}
