import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseCertificate } from '../../src/keys/certificate.js';
import { chainAbove } from '../../src/keys/key-pairs.js';
import { openssl } from '../kit/openssl-cli.js';
import { makeTemp } from '../kit/temp.js';

it('a CA of the same name with another key is not taken into the chain, even where no key identifier tells them apart', () => {
  const directory = makeTemp('chain');
  const at = (name: string): string => join(directory, name);
  const makeCa = (name: string): void => {
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)];
    openssl(['req', '-x509', '-noenc', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-subj', '/CN=Example CA', ...files]);
  };
  makeCa('issuer');
  makeCa('namesake');
  openssl(['req', '-new', '-key', at('namesake.key'), '-subj', '/CN=Alice', '-out', at('request')]);
  writeFileSync(at('extensions'), 'basicConstraints=CA:FALSE\nauthorityKeyIdentifier=none\n');
  const issuer = ['-CA', at('issuer.crt'), '-CAkey', at('issuer.key'), '-extfile', at('extensions')];
  openssl(['x509', '-req', '-in', at('request'), '-out', at('leaf.crt'), ...issuer]);
  const read = (name: string): ReturnType<typeof parseCertificate> =>
    parseCertificate(openssl(['x509', '-outform', 'DER'], readFileSync(at(`${name}.crt`))), name);
  const candidates = ['namesake', 'issuer'].map((name) => ({ facts: read(name), path: name }));
  expect(chainAbove(read('leaf'), candidates)).toEqual([read('issuer').der]);
});
