import { SealdropError } from '../errors.js';
import type { CertificateFacts } from './certificate.js';

/** What came of reading an address's files: something to use, or the reason why there is nothing. */
export interface Loaded<T> {
  readonly result: T | SealdropError;
  /** The certificate it turns on, when it got as far as that. */
  readonly facts: CertificateFacts | undefined;
  /** The file that certificate, or the fault, is in. */
  readonly path: string;
}

/** A certificate that may be the one, the file it is in, and its private key where one is needed. */
export interface Candidate {
  readonly facts: CertificateFacts;
  readonly path: string;
}

/** Runs `load`, turning what is wrong with the files into a result that can be kept. Lack of resources is thrown: it says nothing about the files. */
export function loadedFrom<T>(path: string, load: () => Loaded<T>): Loaded<T> {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof SealdropError) || error.disposition === 'wait') throw error;
    return { result: error, facts: undefined, path };
  }
}

/** Hands a certificate to `src/smime`; if it refuses it, the error names the file. */
export function preparedFrom<T>(candidate: Candidate, prepare: () => T): T | SealdropError {
  try {
    return prepare();
  } catch (error) {
    const known = error instanceof SealdropError ? error : undefined;
    return new SealdropError(
      known?.code ?? 'unusable-certificate',
      `${candidate.path}: ${error instanceof Error ? error.message : String(error)}`,
      {
        disposition: 'quarantine',
        cure: known?.cure ?? `Get another certificate in place of ${candidate.path}.`,
        cause: error,
      },
    );
  }
}

/** Faults that a file shows while it is being written, or while the second of a pair is still the old one. */
const PASSING_FAULTS: ReadonlySet<string> = new Set(['key-file-damaged', 'key-mismatch', 'identity-without-certificate']);

/** For files changed a moment ago: a fault that may pass by itself does not yet need a person; the message is tried again. */
export function perhapsPassing<T>(loaded: Loaded<T>): Loaded<T> {
  const { result } = loaded;
  if (!(result instanceof SealdropError) || !PASSING_FAULTS.has(result.code)) return loaded;
  return {
    ...loaded,
    result: new SealdropError(result.code, result.message, { disposition: 'retry', cure: result.cure, cause: result.cause }),
  };
}
