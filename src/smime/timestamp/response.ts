import { type BerElement, BerError, childrenOf, contentOf, encodedOf, readBer, TAG } from '../cms/ber.js';
import { bitString, sequence, smallInteger } from '../read/asn1.js';
import { printable } from '../read/name.js';

/** What an authority answered: the token (DER of its ContentInfo), or why there is none. */
export type TimeStampResponse = { readonly token: Buffer } | { readonly refused: string };

/** TimeStampResp (RFC 3161 §2.4.2). Never throws for what the bytes are; the token itself is not looked at (see token.ts). */
export function readTimeStampResponse(bytes: Buffer): TimeStampResponse {
  try {
    const response = readBer(bytes);
    if (response.end !== bytes.length) return { refused: 'something follows the response' };
    const members = sequence(response, 'a TimeStampResp');
    const status = sequence(members.next(), 'a PKIStatusInfo');
    const code = smallInteger(status.next(TAG.integer));
    const text = status.optional(TAG.sequence);
    const failure = status.optional(TAG.bitString);
    const token = members.maybe();
    // 0 granted, 1 granted with modifications; a token must then be there, and only then (§2.4.2).
    if (code > 1) return { refused: refusal(code, text, failure) };
    return token === undefined ? { refused: 'it says granted, and holds no token' } : { token: Buffer.from(encodedOf(token)) };
  } catch (error) {
    if (error instanceof BerError) return { refused: `it is no time-stamp response: ${error.message}` };
    throw error;
  }
}

function refusal(code: number, text: BerElement | undefined, failure: BerElement | undefined): string {
  const words = text === undefined ? [] : childrenOf(text, 20).map((each) => printable(contentOf(each).toString('utf8')));
  const bits = failure === undefined ? [] : setBits(bitString(failure));
  const reasons = bits.map((bit) => FAILURES.get(bit) ?? `failure ${bit}`);
  const said = [...reasons, ...words].join('; ');
  return `${STATUSES.get(code) ?? `status ${code}`}${said === '' ? '' : `: ${said}`}`;
}

function setBits(octets: Buffer): number[] {
  return [...octets.subarray(0, 8)].flatMap((octet, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (octet & (0x80 >> bit)) !== 0).map((bit) => index * 8 + bit),
  );
}

const STATUSES: ReadonlyMap<number, string> = new Map([
  [2, 'rejection'],
  [3, 'waiting'],
  [4, 'revocationWarning'],
  [5, 'revocationNotification'],
]);

/** PKIFailureInfo (RFC 3161 §2.4.2). */
const FAILURES: ReadonlyMap<number, string> = new Map([
  [0, 'badAlg'],
  [2, 'badRequest'],
  [5, 'badDataFormat'],
  [14, 'timeNotAvailable'],
  [15, 'unacceptedPolicy'],
  [16, 'unacceptedExtension'],
  [17, 'addInfoNotAvailable'],
  [25, 'systemFailure'],
]);
