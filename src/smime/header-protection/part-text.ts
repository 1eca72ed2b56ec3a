import { isAscii, isUtf8 } from 'node:buffer';
import type { MimeNode } from '../../message/mime-tree.js';
import { isIdentity } from '../../message/mime-tree.js';
import { decodeQuotedPrintable } from '../../message/transfer-encoding.js';
import { windows1252Character } from '../../message/windows-1252.js';

/** The text of a part with its transfer encoding taken off; undefined where that cannot be done without doubt. */
export function decodedText(bytes: Buffer, leaf: MimeNode): Buffer | undefined {
  const octets = bytes.subarray(leaf.bodyStart, leaf.end);
  if (isIdentity(leaf.encoding)) return octets;
  if (leaf.encoding === 'quoted-printable') return decodeQuotedPrintable(octets);
  if (leaf.encoding !== 'base64') return undefined;
  const text = octets.toString('latin1').replace(/[ \t\r\n]+/g, '');
  const decoded = Buffer.from(text, 'base64');
  // Readers differ on what follows a padding, or on octets that are none of the alphabet.
  return decoded.toString('base64') === text ? decoded : undefined;
}

export interface EncodedText {
  readonly octets: Buffer;
  /** The charset the part must be labelled with from now on; undefined: the one it has. */
  readonly charset: string | undefined;
}

/**
 * `text` in the charset of the part whose decoded text is `content`, to be put into it. Undefined when the charset has
 * no such characters, is not known, or is one in which ASCII octets may be parts of other characters.
 */
export function encodedFor(text: string, content: Buffer, charset: string | undefined): EncodedText | undefined {
  const label = (charset ?? 'us-ascii').trim().toLowerCase();
  const ascii = /^[\x00-\x7f]*$/.test(text);
  if (label === 'us-ascii' || label === 'ascii') {
    if (ascii) return { octets: Buffer.from(text, 'latin1'), charset: undefined };
    return isAscii(content) ? { octets: Buffer.from(text), charset: 'utf-8' } : undefined;
  }
  if (label === 'utf-8' || label === 'utf8') return isUtf8(content) ? { octets: Buffer.from(text), charset: undefined } : undefined;
  const table = singleByteTable(label);
  const octets = table && [...text].map((char) => table.get(char));
  return octets === undefined || octets.includes(undefined) ? undefined : { octets: Buffer.from(octets as number[]), charset: undefined };
}

const tables = new Map<string, ReadonlyMap<string, number> | undefined>();

/** Characters of a charset that has one octet for each and ASCII as its lower half; undefined for any other. */
function singleByteTable(label: string): ReadonlyMap<string, number> | undefined {
  if (!SINGLE_BYTE.test(label)) return undefined;
  if (!tables.has(label)) tables.set(label, readTable(label));
  return tables.get(label);
}

const SINGLE_BYTE = /^(?:iso-8859-\d{1,2}|windows-125\d|koi8-[ru]|latin[19])$/;

function readTable(label: string): ReadonlyMap<string, number> | undefined {
  const table = new Map<string, number>();
  const windows = label === 'windows-1252';
  for (let octet = 128; windows && octet < 160; octet += 1) {
    const char = windows1252Character(octet);
    if (char !== undefined) table.set(char, octet);
  }
  try {
    // The decoder reads ISO 8859-1 and -9 as their Windows supersets, which have characters between 128 and 159 and
    // are not meant here.
    const from = (!windows && label.startsWith('windows-')) || label.startsWith('koi8-') ? 128 : 160;
    for (let octet = 0; octet < 256; octet += octet === 127 ? from - 127 : 1) {
      const char = new TextDecoder(label).decode(Uint8Array.of(octet));
      if (char.length === 1 && char !== '\ufffd') table.set(char, octet);
    }
  } catch {
    return undefined; // A charset the decoder does not know.
  }
  return table.get('A') === 65 ? table : undefined;
}
