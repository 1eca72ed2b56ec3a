import { SealdropError } from '../../src/errors.js';
import type { ControlField } from '../../src/message/control.js';
import { makeField } from '../../src/message/field.js';
import type { DecideInput, PolicyDefaults } from '../../src/policy/decide.js';
import type { Protection } from '../../src/policy/protection.js';
import type { Rule } from '../../src/policy/rule.js';
import type { ContentCipher } from '../../src/smime/algorithms.js';

export const PROTECT: Protection = {
  sign: 'auto',
  signature: 'auto',
  digest: 'sha256',
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
};

const DEFAULTS: PolicyDefaults = {
  protect: PROTECT,
  via: 'pickup',
  maxRecipientInfos: 100,
  maxReceivers: 5000,
  maxCopies: 500,
  keepSealed: 'signature',
  archiveRecipients: 0,
  pickupEnvelope: { sender: 'lines', recipients: 'lines' },
  pass: ['x-virtual-mta', 'x-job', 'x-dkim-options'],
  envid: 'own',
  msysApi: false,
};

export interface Situation {
  readonly to?: readonly string[];
  readonly blind?: readonly string[];
  readonly sender?: string;
  readonly from?: string;
  /** The address in Sender; that in From if there is none. */
  readonly headerSender?: string;
  readonly control?: readonly ControlField[];
  readonly header?: Readonly<Record<string, string>>;
  readonly protect?: Partial<Protection>;
  readonly defaults?: Partial<PolicyDefaults>;
  readonly rules?: readonly Rule[];
  /** Recipients without a certificate, or with a certificate that has this fault. */
  readonly faults?: Readonly<Record<string, string>>;
  /** What was learnt that a recipient's client reads. */
  readonly reads?: Readonly<Record<string, readonly ContentCipher[]>>;
  /** Recipients with elliptic curve keys; the others have RSA keys. */
  readonly curves?: readonly string[];
}

/** A message from alice@example.com, with a certificate for everybody but those named in `faults`. */
export function inputOf(situation: Situation): DecideInput {
  const { to = [], blind = [], sender = 'alice@example.com', from = 'alice@example.com', faults = {}, reads = {}, curves = [] } = situation;
  return {
    envelope: { sender, recipients: [...to, ...blind], from: 'headers' },
    visible: new Set(to),
    from,
    headerSender: situation.headerSender ?? from,
    control: situation.control ?? [],
    fields: Object.entries(situation.header ?? {}).map(([name, value]) => makeField(name, value)),
    defaults: { ...DEFAULTS, ...situation.defaults, protect: { ...PROTECT, ...situation.protect } },
    rules: situation.rules ?? [],
    lookUp: (address) => {
      const code = faults[address];
      if (code !== undefined) return { fault: certificateFault(code, address) };
      const keys = curves.includes(address) ? 'agreement' : 'rsa';
      return { fingerprint: fingerprintFor(address), keys, reads: reads[address] ?? [] };
    },
  };
}

export function fingerprintFor(address: string): string {
  return Buffer.from(address).toString('hex').padEnd(64, '0').slice(0, 64);
}

function certificateFault(code: string, address: string): SealdropError {
  return new SealdropError(code, `${code} for ${address}`, {
    disposition: code === 'source-unreachable' ? 'retry' : 'quarantine',
    cure: `Mend ${code}.`,
  });
}

/** The SealdropError that `action` throws; fails when it throws none. */
export function errorOf(action: () => unknown): SealdropError {
  try {
    action();
  } catch (error) {
    if (error instanceof SealdropError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
