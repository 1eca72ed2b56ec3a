import { damaged } from './faults.js';

/** One armoured block (RFC 7468). */
export interface PemBlock {
  /** What stands after BEGIN, e.g. `CERTIFICATE`. */
  readonly label: string;
  /** The block alone, BEGIN line to END line: text around and between blocks is explanatory and left out. */
  readonly text: string;
  /** `Proc-Type: 4,ENCRYPTED` (RFC 1421), the traditional encryption of OpenSSL. */
  readonly hasEncryptionHeader: boolean;
  readonly body: string;
}

/** More blocks than any chain has. */
const MAX_BLOCKS = 200;

/** Whether the bytes are to be read as PEM: everything else (DER, PKCS#12) is binary. */
export function looksLikePem(bytes: Buffer): boolean {
  return bytes.includes('-----BEGIN ');
}

/** The blocks of a PEM file in order. `path` names the file in errors. Throws key-file-damaged. */
export function pemBlocks(bytes: Buffer, path: string): PemBlock[] {
  const text = bytes.toString('latin1').replace(/\r\n?/g, '\n');
  const blocks: PemBlock[] = [];
  for (const match of text.matchAll(/^[ \t]*-----BEGIN ([^-\n]+)-----[ \t]*$/gm)) {
    const label = match[1] ?? '';
    const start = match.index + match[0].length;
    const end = text.indexOf(`-----END ${label}-----`, start);
    if (end === -1) throw damaged(path, `the end of its ${label} block is missing; the file looks truncated`);
    if (blocks.length === MAX_BLOCKS) throw damaged(path, `it has more than ${MAX_BLOCKS} blocks`);
    blocks.push(block(label, text.slice(start, end).trim()));
  }
  return blocks;
}

/** The DER inside a block without headers. Throws key-file-damaged. */
export function derOf(block: PemBlock, path: string): Buffer {
  // Buffer.from skips what is not base64: a damaged block would be read as something else.
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(block.body)) throw damaged(path, `its ${block.label} block is not base64`);
  return Buffer.from(block.body, 'base64');
}

function block(label: string, body: string): PemBlock {
  return {
    label,
    text: `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`,
    hasEncryptionHeader: /^Proc-Type: *4, *ENCRYPTED *$/m.test(body),
    body,
  };
}
