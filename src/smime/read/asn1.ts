/** The ASN.1 types CMS and X.509 are made of, read from BER. Everything here throws BerError when the element is something else. */

import { type BerElement, BerError, childrenOf, contentOf, encodedOf, octetsOf, TAG } from '../cms/ber.js';

/** AlgorithmIdentifier (RFC 5280 §4.1.1.2); `parameters` is undefined when absent, and an element of tag NULL when NULL. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly parameters: BerElement | undefined;
  readonly encoded: Buffer;
}

/** Walks the members of a SEQUENCE in order: `next` for what must be there, `optional` for what may be. */
export class Members {
  readonly #children: readonly BerElement[];
  readonly #what: string;
  #index = 0;

  constructor(children: readonly BerElement[], what: string) {
    this.#children = children;
    this.#what = what;
  }

  next(tag?: number): BerElement {
    const child = this.#children[this.#index];
    if (child === undefined) throw new BerError(`${this.#what} ends too early`);
    if (tag !== undefined && child.tag !== tag) throw new BerError(`${this.#what} contains an element of an unexpected type`);
    this.#index += 1;
    return child;
  }

  optional(tag: number): BerElement | undefined {
    const child = this.#children[this.#index];
    if (child?.tag !== tag) return undefined;
    this.#index += 1;
    return child;
  }

  /** Whatever comes next, if anything does. */
  maybe(): BerElement | undefined {
    const child = this.#children[this.#index];
    this.#index += 1;
    return child;
  }
}

/** The members of a SEQUENCE; `what` names it in errors. */
export function sequence(element: BerElement, what: string): Members {
  if (element.tag !== TAG.sequence || !element.constructed) throw new BerError(`${what} is not a SEQUENCE`);
  return new Members(childrenOf(element), what);
}

/** The one element inside an EXPLICIT tag. */
export function explicit(element: BerElement, what: string): BerElement {
  return new Members(childrenOf(element), what).next();
}

export function algorithmIdentifier(element: BerElement): AlgorithmIdentifier {
  const members = sequence(element, 'an AlgorithmIdentifier');
  return { oid: objectIdentifier(members.next(TAG.oid)), parameters: members.maybe(), encoded: encodedOf(element) };
}

/** Dotted form. */
export function objectIdentifier(element: BerElement): string {
  const octets = contentOf(element);
  if (element.tag !== TAG.oid || element.constructed || octets.length === 0 || octets.length > 64)
    throw new BerError('not an object identifier');
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const octet of octets) {
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if ((octet & 0x80) !== 0) continue;
    if (arcs.length === 0) arcs.push(arc < 80n ? arc / 40n : 2n, arc < 80n ? arc % 40n : arc - 80n);
    else arcs.push(arc);
    arc = 0n;
  }
  return arcs.join('.');
}

/** A non-negative INTEGER that fits 32 bits: versions, lengths, counts. */
export function smallInteger(element: BerElement): number {
  const octets = integerOctets(element);
  if (octets.length > 4 || (octets[0] ?? 0) >= 0x80) throw new BerError('an INTEGER is out of range');
  return octets.readUIntBE(0, octets.length);
}

/** An INTEGER's content octets as they stand: serial numbers are compared, not counted with. */
export function integerOctets(element: BerElement): Buffer {
  const octets = contentOf(element);
  if (element.tag !== TAG.integer || element.constructed || octets.length === 0) throw new BerError('not an INTEGER');
  return octets;
}

export function octetString(element: BerElement): Buffer {
  if (element.tag !== TAG.octetString) throw new BerError('not an OCTET STRING');
  return octetsOf(element);
}

/** A BIT STRING of whole octets. */
export function bitString(element: BerElement): Buffer {
  const octets = contentOf(element);
  if (element.tag !== TAG.bitString || element.constructed || octets.length === 0) throw new BerError('not a BIT STRING');
  return octets.subarray(1);
}

/** UTCTime or GeneralizedTime in Zulu (RFC 5652 §11.3, RFC 5280 §4.1.2.5); seconds may be missing in old UTCTimes. */
export function time(element: BerElement): Date {
  const text = contentOf(element).toString('latin1');
  const match =
    element.tag === TAG.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?Z$/.exec(text)
      : element.tag === TAG.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null;
  if (match === null) throw new BerError('not a time');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map((part) => Number(part ?? 0));
  const fullYear = element.tag === TAG.utcTime ? year + (year < 50 ? 2000 : 1900) : year;
  const date = new Date(0);
  date.setUTCFullYear(fullYear, month - 1, day);
  date.setUTCHours(hour, minute, second);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59) throw new BerError('not a time');
  return date;
}
