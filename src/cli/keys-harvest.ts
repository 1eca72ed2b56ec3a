import { X509Certificate } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { Command } from 'commander';
import { exitCodes } from '../daemon/exit-code.js';
import { addFile, replaceFile } from '../disk/durable.js';
import { SealdropError } from '../errors.js';
import { CAPABILITIES_ENDING, capabilitiesFileText } from '../keys/capabilities-file.js';
import { parseCertificate } from '../keys/certificate.js';
import { KeyDirectory, type RecipientCertificate } from '../keys/key-directory.js';
import { lastingFault, timeFault } from '../keys/suitability.js';
import type { LearntCapabilities } from '../smime/capabilities.js';
import { announcers, learntFrom } from '../smime/learn-capabilities.js';
import { type Opened, openMessage } from '../smime/open.js';
import type { Announcement } from '../smime/read/announcement.js';
import { wordedByHand } from './by-hand.js';
import { inputName, readInput } from './input.js';
import { type DirectoryOptions, directoryOf } from './keys-directory.js';
import { withKeysLocked } from './keys-lock.js';
import { anchorsIn, keysIn } from './open-keys.js';
import { print, printJson, reportError } from './output.js';

interface HarvestOptions extends DirectoryOptions {
  readonly ca: readonly string[];
  readonly key: readonly string[];
  readonly add?: boolean;
  readonly json?: boolean;
}

/** What was done. `why` says, where nothing was stored, why not. */
interface Harvest {
  readonly address: string;
  readonly added: string | null;
  readonly stored: string | null;
  readonly capabilities: LearntCapabilities | null;
  readonly why: string | null;
}

export function harvestCommand(ended: (exitCode: number) => void): Command {
  const collect = (value: string, before: readonly string[]) => [...before, value];
  return new Command('harvest')
    .description('Learn from a signed message which content ciphers its sender’s mail program reads, for content: auto.')
    .argument('<file>', 'the signed message, - for standard input')
    .option('-c, --config <file>', 'configuration file; its keys directory')
    .option('--keys <directory>', 'keys directory')
    .option('--ca <file>', 'certificate of an authority to trust, PEM or DER; may be given more than once', collect, [])
    .option('--key <file>', 'a private key to open an encrypted message with; may be given more than once', collect, [])
    .option('--add', 'write the certificate, too, where there is none for the address yet')
    .option('--json', 'print what was learnt as JSON')
    .addHelpText('after', help)
    .action(async (file: string, options: HarvestOptions) => {
      try {
        ended(await harvest(file, options));
      } catch (error) {
        ended(reportError(wordedByHand(error)));
      }
    });
}

const help = `
Believed is only a message whose every signature is valid, made by the address
it is from, with a certificate that a --ca vouches for. The certificate that
mail for this address is encrypted to must be the one that signed, or the one
the signature names for encryption. Stored is <address>.capabilities.json
beside it, if nothing newer is known. The daemon sees it at the next batch.

Exit codes: 0 learnt or nothing new, 65 nothing could be learnt, 74 and 75 the
disk, 77 no access, 78 configuration.

Example:
  sealdrop keys harvest mail.eml -c /etc/sealdrop/sealdrop.yaml --ca ca.crt`;

async function harvest(file: string, options: HarvestOptions): Promise<number> {
  if (options.ca.length === 0) throw noAuthority();
  const now = new Date();
  const directory = new KeyDirectory(directoryOf(options));
  const keys = { decryption: options.key.flatMap(keysIn), trustAnchors: options.ca.flatMap(anchorsIn), now };
  const opened = openMessage(await readInput(file), keys);
  const signers = announcers(opened);
  if (!opened.ok || signers.length === 0) throw nothingLearnt(file, whyNotOk(opened));
  const signer = signers.find(({ announced }) => !announced.weak);
  if (signer === undefined) throw nothingLearnt(file, 'the signature is weak');
  const done = withKeysLocked(directory.directory, () => {
    directory.refresh();
    return learn(file, opened, signer.announced, directory, options.add === true, now);
  });
  if (options.json) printJson(done);
  else for (const line of linesOf(done)) print(line);
  return exitCodes.ok;
}

function learn(file: string, opened: Opened, announced: Announcement, directory: KeyDirectory, add: boolean, now: Date): Harvest {
  const { address } = announced;
  const added = add && directory.filesOf(address) === undefined ? addCertificate(announced, directory, now) : null;
  if (added !== null) directory.refresh();
  const recipient = recipientOf(address, directory, now);
  const learning = learntFrom(recipient.capabilities, opened, recipient.certificate, now);
  if (learning.kind === 'learnt') {
    const stored = store(learning.capabilities, address, directory);
    return { address, added, stored, capabilities: learning.capabilities, why: null };
  }
  // A certificate that was added is a success of its own.
  if (learning.kind === 'nothing' && added === null) throw nothingLearnt(file, learning.why);
  return { address, added, stored: null, capabilities: recipient.capabilities ?? null, why: learning.why };
}

function recipientOf(address: string, directory: KeyDirectory, now: Date): RecipientCertificate {
  try {
    return directory.recipient(address, now);
  } catch (error) {
    if (!(error instanceof SealdropError) || error.code !== 'missing-certificate') throw error;
    const cure = `Put its certificate there and run this again; or add --add, which takes the one from the message. ${error.cure}`;
    throw new SealdropError(error.code, error.message, { disposition: error.disposition, cure, cause: error });
  }
}

/** Writes the certificate the owner wants to be encrypted to as `<address>.crt`, unless something is there by now. Returns the path. */
function addCertificate(announced: Announcement, directory: KeyDirectory, now: Date): string {
  const { address } = announced;
  const name = `${address}.crt`;
  if (!canNameFile(address)) throw unnameable(address);
  if (announced.encryptionKeyPreference !== undefined && announced.encryptionCertificate === undefined) throw preferredNotSound(address);
  const facts = parseCertificate(announced.encryptionCertificate ?? announced.certificate, `the message's certificate`);
  const fault = lastingFault(facts, 'encrypt', address, 'the message') ?? timeFault(facts, now, address, 'the message');
  if (fault !== undefined) throw fault;
  const pem = new X509Certificate(facts.der).toString();
  addFile(directory.directory, name, Buffer.from(pem), 0o644);
  return `${directory.directory}/${name}`;
}

function store(capabilities: LearntCapabilities, address: string, directory: KeyDirectory): string {
  const files = directory.filesOf(address);
  const path = files?.capabilitiesFile ?? `${files?.stem ?? `${directory.directory}/${address}`}${CAPABILITIES_ENDING}`;
  replaceFile(dirname(path), basename(path), Buffer.from(capabilitiesFileText(capabilities)), 0o644);
  return path;
}

/** NAME_MAX, less what is put around the address while a file is replaced. */
const MAX_NAME_BYTES = 255 - '.tmp'.length - 1 - CAPABILITIES_ENDING.length;

function canNameFile(address: string): boolean {
  return !/[/\0]/.test(address) && !address.startsWith('.') && Buffer.byteLength(address) <= MAX_NAME_BYTES;
}

function linesOf({ address, added, stored, capabilities, why }: Harvest): string[] {
  const lines = added === null ? [] : [`${address}: its certificate was added as ${added}`];
  if (stored === null || capabilities === null) return [...lines, `${address}: nothing new was learnt: ${why ?? ''}`];
  const { ciphers, others, signingTime } = capabilities;
  const reads = ciphers.length === 0 ? 'announces no content cipher that is known here' : `reads ${ciphers.join(', ')}`;
  const more = others.length === 0 ? [] : [`    and announces ${others.join(', ')}`];
  return [...lines, `${address} ${reads} (signed at ${signingTime})`, ...more, `    stored in ${stored}`];
}

function whyNotOk({ layers }: Opened): string {
  const bad = layers.find(({ verdict }) => verdict !== 'valid' && verdict !== 'authenticated');
  if (bad !== undefined) return `${bad.kind}: ${bad.verdict} - ${bad.reason}`;
  return 'it is not signed';
}

function nothingLearnt(file: string, why: string): SealdropError {
  return new SealdropError('nothing-learnt', `nothing was learnt from ${inputName(file)}: ${why}`, {
    disposition: 'quarantine',
    cure: 'Take a message that its owner’s mail program signed with the certificate mail is encrypted to, and name the authority with --ca; "sealdrop open" shows what is wrong with one.',
  });
}

function noAuthority(): SealdropError {
  return new SealdropError('usage', 'no authority is named, so no signature can be believed', {
    disposition: 'fatal',
    cure: 'Name the certificate of the authority that issued the sender’s certificate with --ca FILE.',
  });
}

function unnameable(address: string): SealdropError {
  return new SealdropError('missing-certificate', `no file can be named by the address ${address}`, {
    disposition: 'quarantine',
    cure: 'Use another address of this mailbox.',
  });
}

function preferredNotSound(address: string): SealdropError {
  return new SealdropError(
    'nothing-learnt',
    `the signature of ${address} names another certificate to encrypt to, which is not in the message, or is not issued for that by an authority you trust`,
    { disposition: 'quarantine', cure: `Ask for that certificate, and put it into the keys directory as ${address}.crt.` },
  );
}
