import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { policyOf } from '../../src/config/policy-of.js';
import { decide } from '../../src/policy/decide.js';
import { PICKUP, temporaryFile } from './write.js';

function policy(text: string) {
  return policyOf(loadConfig(temporaryFile('sealdrop.yaml', text), {}));
}

describe('policyOf', () => {
  it('gives the defaults of a pickup configuration', () => {
    expect(policy(`${PICKUP}outbox: { maxCopies: 7 }\nprotect: { maxRecipientInfos: 9, digest: sha512 }\n`)).toEqual({
      defaults: {
        protect: {
          sign: 'auto',
          signature: 'auto',
          digest: 'sha512',
          encrypt: 'required',
          content: 'aes-256-cbc',
          contentAtLeast: 'aes-128-cbc',
          whenCiphersDiffer: 'together',
          whenKeysDiffer: 'separate',
          keyTransport: 'rsa-pkcs1',
          headerProtection: 'off',
          headerConfidentiality: 'baseline',
          headerConfidential: [],
          legacyDisplay: 'on',
          missingCertificate: 'quarantine',
          clearCopies: 'refuse',
          alreadySigned: 'seal',
          alreadyEncrypted: 'refuse',
          tripleWrap: 'off',
          signWith: 'oneKey',
        },
        via: 'pickup',
        maxRecipientInfos: 9,
        maxReceivers: 5000,
        maxReceiversBy: { sendmail: 500 },
        maxCopies: 7,
        keepSealed: 'signature',
        archiveRecipients: 0,
        pickupEnvelope: { sender: 'lines', recipients: 'lines' },
        pass: ['x-virtual-mta', 'x-job', 'x-dkim-options'],
        envid: 'own',
        msysApi: false,
      },
      rules: [],
    });
  });

  it('passes no submitted control header where there is no pickup', () => {
    expect(policy('delivery: { via: smtp, smtp: { host: mail.example.com } }\n').defaults).toMatchObject({
      via: 'smtp',
      pass: [],
      envid: 'own',
      msysApi: false,
    });
  });

  it('is what decide reads', () => {
    const { defaults, rules } = policy(
      `${PICKUP}rules:\n  - { name: plain, when: { header: { X-Sealdrop-Class: public } }, protect: { encrypt: none } }\n`,
    );
    const plan = decide({
      envelope: { sender: 'alice@example.com', recipients: ['bob@example.net'], from: 'headers' },
      visible: new Set(),
      from: 'alice@example.com',
      headerSender: 'alice@example.com',
      control: [{ name: 'x-sealdrop-class', value: 'public' }],
      fields: [],
      defaults,
      rules,
      lookUp: () => ({ fingerprint: '0'.repeat(64), keys: 'rsa', reads: [] }),
    });
    expect(plan.copies).toMatchObject([{ rule: 'plain', sign: 'detached', encryptTo: [] }]);
  });
});
