import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMessage } from '../../src/smime/open.js';
import { runOnce, sealdrop } from '../kit/daemon.js';
import { openssl } from '../kit/openssl-cli.js';
import { testPki } from '../kit/pki.js';
import { Site } from '../kit/site.js';
import { describeWith } from '../kit/tools.js';
import { takePickupFile } from './pickup-file.js';

const pki = testPki();
const rsa = pki.issue({ address: 'alice@example.com' });
const ec = pki.issue({ address: 'alice@example.com', key: 'p-384' });
const old = pki.issue({ address: 'alice@example.com', key: 'p-256', notBefore: new Date('2024-01-01'), notAfter: new Date('2025-01-01') });
const bob = pki.issue({ address: 'bob@example.net' });

const RULES = `
protect: { encrypt: none, signWith: allKeys }
rules:
  - { name: one, when: { header: { x-sealdrop-case: one } }, protect: { signWith: oneKey } }
  - { name: opaque, when: { header: { x-sealdrop-case: opaque } }, protect: { sign: opaque } }
  - { name: triple, when: { header: { x-sealdrop-case: triple } }, protect: { encrypt: required, tripleWrap: on } }
`;

describeWith(['openssl'], 'an identity with an RSA key, an EC key, and one that has expired', () => {
  let site: Site;
  beforeAll(async () => {
    site = new Site({ recipients: [bob], config: `http: { listen: off }\nlog: { format: text }\n${RULES}` });
    const file = (ending: string) => join(site.keys, `alice@example.com.${ending}`);
    writeFileSync(file('pem'), [rsa, old, ec].map(({ privateKeyPem }) => privateKeyPem).join(''), { mode: 0o600 });
    writeFileSync(file('crt'), [rsa, old, ec].map(({ certificatePem }) => certificatePem).join('') + rsa.chainPem, { mode: 0o644 });
    for (const name of ['all', 'one', 'opaque', 'triple']) {
      site.drop(`${name}.eml`, `X-Sealdrop-Case: ${name}\nFrom: alice@example.com\nTo: bob@example.net\nSubject: ${name}\n\nhello\n`);
    }
    expect((await runOnce(site)).status).toBe(0);
  }, 60_000);
  afterAll(() => site.remove());

  function message(name: string): Buffer {
    const picked = [...site.sealed()].map(([file, bytes]) => takePickupFile(file, bytes).message);
    const found = picked.find((bytes) => bytes.includes(`Subject: ${name}\r\n`));
    if (found === undefined) throw new Error(`${name} was not picked up`);
    return found;
  }

  /** Algorithms and verdicts of the outermost signature's SignerInfos, once openssl has found them all good too. */
  function signers(bytes: Buffer): string[] {
    expect(openssl(['cms', '-verify', '-CAfile', pki.root.files.certificate], bytes).toString()).not.toBe('');
    const { layers } = openMessage(bytes, { decryption: [], trustAnchors: [pki.root.certificate], now: new Date() });
    return (layers[0]?.signers ?? []).map(({ algorithms, verdict }) => `${algorithms.join('+')} ${verdict}`);
  }

  test.each(['all', 'opaque'])('signs with every key that is valid (%s)', (name) => {
    expect(signers(message(name)).sort()).toEqual(['sha256+rsa-pkcs1 valid', 'sha384+ecdsa valid']);
  });

  test('names the digests of all in micalg', () => {
    expect(message('all').toString('latin1')).toContain('micalg="sha-256,sha-384"');
  });

  test('signs with the first alone by rule', () => {
    expect(signers(message('one'))).toEqual(['sha256+rsa-pkcs1 valid']);
  });

  test('signs both layers of a triple wrap with every key', () => {
    const outside = openssl(['cms', '-verify', '-CAfile', pki.root.files.certificate], message('triple'));
    const inside = openssl(['cms', '-decrypt', '-binary', '-recip', bob.files.certificate, '-inkey', bob.files.privateKey], outside);
    const from = Buffer.from('From: alice@example.com\r\n');
    expect(signers(Buffer.concat([from, inside]))).toHaveLength(2);
  });

  test('the trail names every signer, and the archive keeps every certificate', async () => {
    const audit = join(site.spool, 'audit');
    const [details = ''] = readdirSync(audit).filter((name) => name.endsWith('.details.jsonl'));
    const text = readFileSync(join(audit, details), 'utf8');
    const fingerprints = [rsa, ec].map(({ certificatePem }) =>
      openssl(['x509', '-noout', '-fingerprint', '-sha256'], Buffer.from(certificatePem))
        .toString()
        .replace(/^.*=|[:\n]/g, '')
        .toLowerCase(),
    );
    expect(text).toContain(`"signer":"${fingerprints[0]}","signers":${JSON.stringify(fingerprints)}`);
    const kept = readdirSync(join(site.spool, 'archive', 'certs'));
    for (const fingerprint of fingerprints) expect(kept).toContain(`${fingerprint}.der`);
    expect((await sealdrop(['audit', 'verify', '-c', site.configFile])).status).toBe(0);
  });

  test('explain tells both algorithms', async () => {
    const file = join(site.directory, 'mail.eml');
    writeFileSync(file, 'From: alice@example.com\nTo: bob@example.net\n\nhello\n');
    const { stdout } = await sealdrop(['explain', file, '-c', site.configFile]);
    expect(stdout).toMatch(/signed, detached \(rsa-pkcs1\+sha256, ecdsa-p384\+sha384\)/);
  });
});
