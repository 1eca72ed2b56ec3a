import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readComplianceCertificates } from '../../src/archive/compliance.js';
import { openssl } from '../kit/openssl-cli.js';
import { testPki } from '../kit/pki.js';
import { makeTemp } from '../kit/temp.js';

const pki = testPki();
const now = new Date();
const directory = makeTemp('compliance');

test('takes RSA and elliptic curve keys, of a person or of an authority, also as openssl makes them by itself', () => {
  const [key, certificate] = [join(directory, 'own.pem'), join(directory, 'own.crt')];
  openssl(['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=Mail archive', '-keyout', key, '-out', certificate]);
  const paths = [
    pki.issue({ address: 'compliance-rsa@example.com' }).files.certificate,
    pki.issue({ address: 'compliance-ec@example.com', key: 'p-384' }).files.certificate,
    certificate,
  ];
  expect(readComplianceCertificates(paths, new Date()).map(({ algorithm, path }) => [algorithm, path])).toEqual([
    ['RSA 2048', paths[0]],
    ['EC P-384', paths[1]],
    ['RSA 2048', paths[2]],
  ]);
});

const bad = {
  expired: pki.issue({ address: 'e@example.com', notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') }),
  'not yet valid': pki.issue({ address: 'n@example.com', notBefore: new Date('2090-01-01'), notAfter: new Date('2091-01-01') }),
  'only signs': pki.issue({ address: 's@example.com', keyUsage: 'critical,digitalSignature' }),
  Ed25519: pki.issue({ address: 'd@example.com', key: 'ed25519' }),
};

test.each(Object.entries(bad))('refuses one that is %s, naming the file and what to do', (_, { files }) => {
  expect(() => readComplianceCertificates([files.certificate], now)).toThrow(
    expect.objectContaining({
      code: 'archive-certificate',
      disposition: 'fatal',
      message: expect.stringContaining(files.certificate),
      cure: expect.stringMatching(/./),
    }),
  );
});

test.each([
  ['missing', undefined],
  ['empty', ''],
  ['no certificate', 'hello'],
])('refuses a file that is %s', (name, text) => {
  const path = join(directory, `${name}.crt`);
  if (text !== undefined) writeFileSync(path, text);
  expect(() => readComplianceCertificates([path], now)).toThrow(
    expect.objectContaining({ code: 'archive-certificate', message: expect.stringContaining(path) }),
  );
});
