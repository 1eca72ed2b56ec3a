import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../kit/tools.js';
import type { Verdict, Verifier } from '../kit/verifiers/verifier.js';
import { messageAround } from './content.js';
import { EXPECTED_READING, READER_NAMES } from './expected-reading.js';
import { allRecipients, pki } from './people.js';
import { READERS } from './readers.js';
import { ENCRYPTED, type Sealed, type SealedRow, SIGNED } from './sealed.js';

// Each row is sealed once and given to every program.
const sealed = new Map<SealedRow, Sealed>();

for (const name of READER_NAMES) {
  const { tools, make } = READERS[name];
  describeWith(tools, `what sealdrop writes, read by ${name}`, () => {
    let verifier: Verifier;
    beforeAll(async () => {
      verifier = await make({ recipients: allRecipients(), root: pki.root });
    });
    afterAll(() => verifier.close());

    for (const [row, expected] of cellsOf(name)) {
      if (expected === 'reads') {
        test(`${row}: reads it, and refuses tampered copies`, async () => {
          const { message, entity, forged } = sealedAs(row);
          const verdict = await openWholly(verifier, message);
          expect(verdict.fault).toBe('');
          expect(verdict.signerOk).toBe(true);
          expect(verdict.entity.toString('latin1')).toBe(entity.toString('latin1'));
          for (const copy of forged) expect(await accepts(verifier, copy)).toBe(false);
        });
      } else if ('refuses' in expected) {
        test(`${row}: refuses it. ${expected.refuses.text}`, async () => {
          const verdict = await openWholly(verifier, sealedAs(row).message);
          expect(verdict.signerOk).toBe(false);
          expect(verdict.fault).toMatch(expected.refuses.says);
        });
      }
    }
  });
}

function cellsOf(name: (typeof READER_NAMES)[number]) {
  return (Object.keys(EXPECTED_READING) as SealedRow[]).map((row) => [row, EXPECTED_READING[row][name] ?? 'reads'] as const);
}

function sealedAs(row: SealedRow): Sealed {
  const made = sealed.get(row) ?? { ...SIGNED, ...ENCRYPTED }[row]();
  sealed.set(row, made);
  return made;
}

/** The programs stop at a signature; what is encrypted within it, as in a triple wrap, is given to them again. */
async function openWholly(verifier: Verifier, message: Buffer): Promise<Verdict> {
  const verdict = await verifier.open(message);
  const again = verdict.signerOk && /^content-type: application\/pkcs7-mime/im.test(verdict.entity.toString('latin1', 0, 200));
  return again ? verifier.open(messageAround(verdict.entity)) : verdict;
}

async function accepts(verifier: Verifier, message: Buffer): Promise<boolean> {
  try {
    return (await openWholly(verifier, message)).signerOk;
  } catch {
    // sealdrop throws for what cannot be read at all.
    return false;
  }
}
