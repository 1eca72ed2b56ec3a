import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { exitCodes } from '../daemon/exit-code.js';
import { SealdropError } from '../errors.js';
import { readCertificateFile } from '../keys/certificate-file.js';
import { readKeyMaterial } from '../keys/key-material.js';
import { type Layer, type OpenKeys, openMessage } from '../smime/open.js';
import { readMessageFile, writeOut } from './message-file.js';
import { note, reportError } from './output.js';

interface OpenFlags {
  readonly key: string[];
  readonly ca: string[];
  readonly force?: boolean;
}

export function openCommand(ended: (exitCode: number) => void): Command {
  const collect = (value: string, before: string[]) => [...before, value];
  return new Command('open')
    .description(
      'Decrypt and verify all S/MIME layers of a message. The inner message goes to standard output, findings to standard error.',
    )
    .argument('<file>', 'message file, or - for standard input')
    .option(
      '--key <file>',
      'private key, PEM or PKCS#12; with PEM the certificate may stand in the same file or beside it as .crt',
      collect,
      [],
    )
    .option('--ca <file>', 'certificate of an authority to trust, PEM or DER', collect, [])
    .option('--force', 'write the inner message even if something did not check out')
    .addHelpText(
      'after',
      '\nNothing is written to standard output before every layer has been checked. Exit 65 if anything fails.\nThe passphrase of an encrypted key stands in FILE.pass beside it or in SEALDROP_PASSPHRASE.',
    )
    .action(async (file: string, flags: OpenFlags) => ended(await open(file, flags)));
}

async function open(file: string, { key, ca, force }: OpenFlags): Promise<number> {
  const keys: OpenKeys = {
    decryption: key.flatMap(readKeyPairs),
    trustAnchors: ca.flatMap((path) => readCertificateFile(path).map(({ der }) => der)),
    now: new Date(),
  };
  let opened: ReturnType<typeof openMessage>;
  try {
    opened = openMessage(readMessageFile(file), keys);
  } catch (error) {
    reportError(error);
    return error instanceof SealdropError && error.code === 'file-unreadable' ? exitCodes.io : exitCodes.badMessage;
  }
  for (const layer of opened.layers) note(layerLine(layer));
  for (const each of opened.notes) note(`note: ${each}`);
  if (opened.layers.length === 0) note('The message is neither signed nor encrypted.');
  if (!opened.ok && force !== true) {
    note('Not everything checked out, so nothing is written; --force writes it all the same.');
    return exitCodes.badMessage;
  }
  if (!opened.ok) note('WARNING: not everything checked out; what follows may not be what the sender wrote.');
  await writeOut(opened.message);
  return opened.ok ? exitCodes.ok : exitCodes.badMessage;
}

function layerLine({ kind, form, verdict, reason, algorithms, signers }: Layer): string {
  const who = signers.flatMap(({ subject, signingTime }) => [
    subject,
    ...(signingTime === undefined ? [] : [`at ${signingTime.toISOString()}`]),
  ]);
  const details = [...algorithms, ...who].join(', ');
  return `${kind} (${form}): ${verdict}${reason === '' ? '' : ` - ${reason}`}${details === '' ? '' : ` [${details}]`}`;
}

/** Every private key of the file with the certificate that belongs to it. */
function readKeyPairs(path: string): { certificate: Buffer; privateKey: OpenKeys['decryption'][number]['privateKey'] }[] {
  const beside = path.replace(/\.[^./]*$/, '');
  const passFile = `${beside}.pass`;
  const material = readKeyMaterial(path, {
    passFile: existsSync(passFile) ? passFile : undefined,
    expectedPassFile: passFile,
    credentialFiles: [],
    environment: process.env,
    variables: ['SEALDROP_PASSPHRASE'],
    uid: process.geteuid?.(),
  });
  const besideCertificate = `${beside}.crt`;
  const certificates = [
    ...material.certificates.map(({ der }) => der),
    ...(existsSync(besideCertificate) ? readCertificateFile(besideCertificate).map(({ der }) => der) : []),
  ];
  const pairs = material.privateKeys.flatMap((privateKey) => {
    const certificate = certificates.find((der) => new X509Certificate(der).checkPrivateKey(privateKey));
    return certificate === undefined ? [] : [{ certificate, privateKey }];
  });
  if (pairs.length > 0) return pairs;
  throw new SealdropError('key-without-certificate', `no certificate for the private key in ${path} was found`, {
    disposition: 'quarantine',
    cure: `Put the certificate into the same file or beside it as ${besideCertificate}: recipients are found by certificate.`,
  });
}
