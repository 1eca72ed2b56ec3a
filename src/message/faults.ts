import { SealdropError } from '../errors.js';

/** A header that two readers may read differently. `line` counts from 1 in the submitted file. */
export function ambiguousHeader(what: string, line?: number): SealdropError {
  const where = line === undefined ? '' : `line ${line} of the message: `;
  return new SealdropError('ambiguous-header', `${where}${what}`, {
    disposition: 'quarantine',
    cure: 'Correct the header in the application that wrote the message (RFC 5322 §2.2 and §3.6), then submit it again.',
  });
}

export function emptyMessage(): SealdropError {
  return new SealdropError('empty-message', 'the submitted file holds no message: it is empty', {
    disposition: 'quarantine',
    cure: 'Find out why the application wrote an empty file, then submit the message again.',
  });
}

/** The bounds that keep a hostile message from using unbounded memory or time. */
export function messageTooComplex(what: string): SealdropError {
  return new SealdropError('message-too-complex', what, {
    disposition: 'quarantine',
    cure: 'Submit the message with a simpler structure: fewer header fields, fewer parts or less nesting.',
  });
}

/** Number of the line (from 1) in which `offset` lies. */
export function lineOf(bytes: Buffer, offset: number): number {
  let line = 1;
  for (let lf = bytes.indexOf(0x0a); lf !== -1 && lf < offset; lf = bytes.indexOf(0x0a, lf + 1)) line++;
  return line;
}
