import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { readComplianceCertificates } from '../archive/compliance.js';
import { SealdropError } from '../errors.js';

export interface ArchiveWish {
  readonly archiveEncryptTo?: readonly string[];
  readonly archivePlaintext?: boolean;
}

/** What is to stand under `archive:`; nothing if nobody said. */
export type ArchiveChoice = { readonly encryptTo: readonly string[] } | { readonly plaintext: true } | Record<string, never>;

/**
 * Whether the archive is encrypted: by the options, or asked for on a terminal. A certificate that cannot be used is refused now.
 * Throws SealdropError: usage, archive-certificate.
 */
export async function archiveChoice(
  { archiveEncryptTo, archivePlaintext = false }: ArchiveWish,
  now: Date,
  terminal: Terminal | undefined = openTerminal(),
): Promise<ArchiveChoice> {
  if (archiveEncryptTo !== undefined && archivePlaintext) throw both();
  if (archivePlaintext) return { plaintext: true };
  if (archiveEncryptTo !== undefined) return encryptedTo(archiveEncryptTo, now);
  return terminal === undefined ? {} : ask(terminal, now);
}

interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** Undefined where nobody sits who could answer. */
function openTerminal(): Terminal | undefined {
  return process.stdin.isTTY && process.stderr.isTTY ? { input: process.stdin, output: process.stderr } : undefined;
}

async function ask({ input, output }: Terminal, now: Date): Promise<ArchiveChoice> {
  const lines = createInterface({ input, output });
  try {
    for (;;) {
      const answer = (await lines.question(question)).trim();
      if (answer === '') return {};
      if (answer === 'plaintext') return { plaintext: true };
      try {
        return encryptedTo(answer.split(/\s+/), now);
      } catch (error) {
        if (!(error instanceof SealdropError)) throw error;
        output.write(`${error.message}\n${error.cure}\n`);
      }
    }
  } finally {
    lines.close();
  }
}

const question = `Every original is kept in the archive. To encrypt it, name the certificates of
those who may open it (files, parted by blanks). To keep it unencrypted, write
plaintext. Enter alone leaves it open.
> `;

function encryptedTo(certificates: readonly string[], now: Date): ArchiveChoice {
  const encryptTo = certificates.map((path) => resolve(path));
  readComplianceCertificates(encryptTo, now);
  return { encryptTo };
}

function both(): SealdropError {
  return new SealdropError('usage', '--archive-encrypt-to and --archive-plaintext contradict each other', {
    disposition: 'fatal',
    cure: 'Give one of them.',
  });
}
