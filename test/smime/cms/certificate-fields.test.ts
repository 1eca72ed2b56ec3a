import { describe, expect, it } from 'vitest';
import { certificateFields } from '../../../src/smime/cms/certificate-fields.js';
import { sequence } from '../../../src/smime/cms/der.js';
import { at, viewDer } from '../der-view.js';
import { issue, pki } from '../writing-kit.js';

describe('certificateFields', () => {
  it.each([
    ['a leaf', issue('p-256').certificate],
    ['an intermediate', pki.intermediate.certificate],
    ['a root', pki.root.certificate],
  ])('slices serial, issuer and subject out of %s', (_what, der) => {
    const toBeSigned = at(viewDer(der), 0);
    expect(certificateFields(der)).toEqual({
      serialNumber: at(toBeSigned, 1).encoded,
      issuer: at(toBeSigned, 3).encoded,
      subject: at(toBeSigned, 5).encoded,
    });
  });

  it('finds them in a certificate of version 1, which has no version field', () => {
    const toBeSigned = at(viewDer(issue('p-256').certificate), 0);
    const [, ...withoutVersion] = toBeSigned.children.map(({ encoded }) => encoded);
    const versionOne = sequence(sequence(...withoutVersion));
    expect(certificateFields(versionOne).issuer).toEqual(at(toBeSigned, 3).encoded);
  });

  it('copies nothing', () => {
    const { certificate } = issue('p-256');
    expect(certificateFields(certificate).issuer.buffer).toBe(certificate.buffer);
  });
});
