import type { ArchivedFacts } from './claim.js';

/**
 * What `JSON.parse` would say of a detail, from its end alone: for most of a trail, whose records are nearly all of two kinds, parsing is a
 * large part of the time. A member that the end of a JSON object shows whole, with nothing but whole members between it and the last brace, is
 * one of the object itself and not of anything in it; and of two with one name the last counts. Undefined: it has to be parsed.
 */
export function quickSha256(detail: Buffer): string | undefined {
  return sha256Last.exec(detail.toString('latin1', Math.max(0, detail.length - sha256Bytes)))?.[1];
}

/** For the plain original, in the archive alone and without sealed copies. */
export function quickArchived(detail: Buffer): ArchivedFacts | undefined {
  const at = detail.lastIndexOf(archiveMember);
  if (at === -1 || detail.length - at > farBytes) return undefined;
  const match = archiveLast.exec(detail.toString('latin1', at));
  // Before it, at any depth: then it is looked at in full.
  if (match?.[1] === undefined || elsewhere.some((name) => detail.includes(name))) return undefined;
  return { file: match[1], stored: undefined, second: false, kept: [] };
}

const sha256Last = /^,"sha256":"([0-9a-f]{64})"\}$/;
const sha256Bytes = 77;

const archiveMember = Buffer.from(',"archive":"');
const elsewhere = ['"stored"', '"second"', '"kept"', '\\u'].map((name) => Buffer.from(name));
/** More than certificates and signatures of a message usually take. */
const farBytes = 16 * 1024;

/** Values as far as they are flat: strings, numbers and the like, arrays and objects of these. */
const string = '"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"';
const plain = '[^\\[\\]{}"\\\\]*';
const flat = `${plain}(?:${string}${plain})*`;
const value = `(?:${string}|\\[${flat}\\]|\\{${flat}\\}|[-+.\\w]+)`;
const archiveLast = new RegExp(`^,"archive":"([-/.\\w]+)"(?:,"(?!archive")\\w+":${value})*\\}$`);
