import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openssl } from '../../kit/openssl-cli.js';
import { makeTemp, removeTemp } from '../../kit/temp.js';

/** A certificate with its key, as files for openssl and as objects for us. */
export interface Party {
  readonly certFile: string;
  readonly keyFile: string;
  readonly certificate: Buffer;
  readonly privateKey: KeyObject;
}

export interface PartyOptions {
  /** Arguments of `openssl genpkey`, e.g. `-algorithm RSA`. */
  readonly key?: readonly string[];
  readonly subject?: string;
  readonly extensions: readonly string[];
  /** undefined: self-signed. */
  readonly issuer?: Party;
  readonly days?: number;
  readonly digest?: string;
}

export const EC = (curve: string) => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`];
export const RSA = (bits = 2048) => ['-algorithm', 'RSA', '-pkeyopt', `rsa_keygen_bits:${bits}`];

const CA = ['basicConstraints=critical,CA:true', 'keyUsage=critical,keyCertSign,cRLSign', 'subjectKeyIdentifier=hash'];

/** Extensions of an end entity's certificate for mail. */
export function mailExtensions(...addresses: string[]): string[] {
  const names = addresses.map((address) => `email:${address}`).join(',');
  return [
    'basicConstraints=CA:false',
    'extendedKeyUsage=emailProtection',
    'subjectKeyIdentifier=hash',
    ...(names ? [`subjectAltName=${names}`] : []),
  ];
}

/** A throwaway directory, a CA hierarchy root → intermediate, and openssl to make everything else with. */
export class Kit {
  readonly directory = makeTemp('smime-read');
  #count = 0;
  readonly root: Party;
  readonly intermediate: Party;

  constructor() {
    this.root = this.party({ key: EC('P-256'), subject: '/O=Example Trust/CN=Example Root CA', extensions: CA });
    this.intermediate = this.party({ key: EC('P-256'), subject: '/O=Example Trust/CN=Example Mail CA', extensions: CA, issuer: this.root });
  }

  /** Runs openssl; throws when it fails. */
  openssl(args: readonly string[], input?: Buffer): Buffer {
    return openssl(args, input);
  }

  file(content: Buffer | string, name = `file-${++this.#count}`): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  party(options: PartyOptions): Party {
    const keyFile = this.file(this.openssl(['genpkey', ...(options.key ?? RSA())]));
    const request = this.file(this.openssl(['req', '-new', '-key', keyFile, '-subj', options.subject ?? `/CN=Party ${this.#count}`]));
    const extensions = this.file(`[x]\n${options.extensions.join('\n')}\n`);
    const signing = options.issuer ? ['-CA', options.issuer.certFile, '-CAkey', options.issuer.keyFile] : ['-signkey', keyFile];
    const { days = 365, digest = 'sha256' } = options;
    const serial = `0x${(0x1000 + this.#count).toString(16)}`;
    const args = ['x509', '-req', '-in', request, '-days', String(days), `-${digest}`, '-set_serial', serial, ...signing];
    const certFile = this.file(this.openssl([...args, '-extfile', extensions, '-extensions', 'x']));
    return {
      certFile,
      keyFile,
      certificate: new X509Certificate(readFileSync(certFile)).raw,
      privateKey: createPrivateKey(readFileSync(keyFile)),
    };
  }

  /** A mail user certified by the intermediate CA. */
  user(address: string, key: readonly string[] = RSA()): Party {
    return this.party({ key, subject: `/CN=${address.split('@')[0]}`, extensions: mailExtensions(address), issuer: this.intermediate });
  }

  /** A mail user whose key can only agree on keys, and so cannot sign a request for its certificate. */
  agreementUser(address: string, algorithm: 'X25519' | 'X448'): Party {
    const keyFile = this.file(this.openssl(['genpkey', '-algorithm', algorithm]));
    const publicFile = this.file(this.openssl(['pkey', '-in', keyFile, '-pubout']));
    const request = this.file(this.openssl(['req', '-new', '-key', this.root.keyFile, '-subj', '/CN=agreement']));
    const extensions = this.file(`[x]\n${mailExtensions(address).join('\n')}\n`);
    const issuer = ['-CA', this.intermediate.certFile, '-CAkey', this.intermediate.keyFile, '-set_serial', String(++this.#count)];
    const args = ['x509', '-req', '-in', request, '-force_pubkey', publicFile, '-days', '365', ...issuer];
    const certFile = this.file(this.openssl([...args, '-extfile', extensions, '-extensions', 'x']));
    return {
      certFile,
      keyFile,
      certificate: new X509Certificate(readFileSync(certFile)).raw,
      privateKey: createPrivateKey(readFileSync(keyFile)),
    };
  }

  /** `openssl cms -sign` as an S/MIME entity with CRLF; certificates of the intermediate are included. */
  sign(entity: Buffer, signer: Party, ...args: string[]): Buffer {
    const signing = ['-signer', signer.certFile, '-inkey', signer.keyFile, '-certfile', this.intermediate.certFile];
    return crlf(this.openssl(['cms', '-sign', '-binary', '-crlfeol', ...signing, ...args], entity));
  }

  encrypt(entity: Buffer, recipients: readonly (readonly string[])[], ...args: string[]): Buffer {
    return crlf(this.openssl(['cms', '-encrypt', '-binary', ...args, ...recipients.flat()], entity));
  }

  dispose(): void {
    removeTemp(this.directory);
  }
}

/** The S/MIME entity openssl wrote, as a message from `from`: MIME-Version moves up, the rest follows. */
export function asMessage(entity: Buffer, from = 'alice@example.com', ...fields: string[]): Buffer {
  const header = [
    `From: Alice <${from}>`,
    'To: bob@example.net',
    'Subject: Quarterly figures',
    'Date: Mon, 24 Nov 2025 10:00:00 +0000',
    ...fields,
  ];
  const rest = entity.toString('latin1').replace(/^MIME-Version: 1\.0\r\n/, '');
  return Buffer.from(`${header.join('\r\n')}\r\nMIME-Version: 1.0\r\n${rest}`, 'latin1');
}

export function crlf(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
}

/** The base64 body of a single-part S/MIME entity or message. */
export function cmsOf(message: Buffer): Buffer {
  const text = message.toString('latin1');
  return Buffer.from(text.slice(text.indexOf('\r\n\r\n')), 'base64');
}

/** The message with its single-part base64 body replaced. */
export function withCms(message: Buffer, cms: Buffer): Buffer {
  const text = message.toString('latin1');
  const lines = cms.toString('base64').replace(/.{76}/g, '$&\r\n');
  return Buffer.from(`${text.slice(0, text.indexOf('\r\n\r\n'))}\r\n\r\n${lines}\r\n`, 'latin1');
}

export const ENTITY: Buffer = Buffer.from(
  'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nDear Bob,\r\n\r\nthe figures are attached: 1,234 €.\r\n\r\nAlice\r\n',
);
