import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Command } from 'commander';
import { type CheckedCheckpoint, type CheckedRecord, checkProof, type ProofReport } from '../../audit/proof/check.js';
import { parseProof } from '../../audit/proof/format.js';
import { exitCodes } from '../../daemon/exit-code.js';
import { diskFault } from '../../disk/faults.js';
import { readInput } from '../input.js';
import { anchorsIn } from '../open-keys.js';
import { print, printJson } from '../output.js';

interface CheckOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly tsaCa?: string;
  readonly original?: string;
  readonly json?: boolean;
}

export function auditCheck(ended: (exitCode: number) => void): Command {
  return new Command('check')
    .description('Check a proof that "audit prove" made. Needs no configuration and no spool.')
    .argument('<proof>', 'the proof, or - for standard input')
    .option('--cert <pem>', 'certificates of who may sign checkpoints, as you were given them')
    .option('--ca <pem>', 'authorities that certify who may')
    .option('--tsa-ca <pem>', 'authorities that certify who time-stamps them')
    .option('--original <file>', 'the mail that the proof is said to be about')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', help)
    .action(async (file: string, options: CheckOptions) => ended(await check(file, options)));
}

const help = `
Without --cert or --ca everything is checked but who signed, and the verdict is
"not proven": anybody can sign with a certificate of their own.

Exit codes: 0 proven, 65 not proven.

Example:
  sealdrop audit check proof.json --cert audit.crt --original letter.eml`;

const maximumBytes = 64 << 20;

async function check(path: string, options: CheckOptions): Promise<number> {
  const { ca, cert, tsaCa, original, json = false } = options;
  const proof = parseProof(await readInput(path, maximumBytes));
  const sha256 = original === undefined ? undefined : await digestOf(original);
  const checks = {
    trust: { certificates: cert === undefined ? [] : anchorsIn(cert), anchors: ca === undefined ? [] : anchorsIn(ca) },
    timestampAnchors: tsaCa === undefined ? [] : anchorsIn(tsaCa),
    ...(sha256 === undefined ? {} : { original: sha256 }),
  };
  const report = 'fault' in proof ? { records: [], checkpoints: [], faults: [proof.fault] } : checkProof(proof, checks);
  const proven = report.faults.length === 0;
  if (json) printJson({ ...report, proven });
  else for (const line of words(report, original)) print(harmless(line));
  return proven ? exitCodes.ok : exitCodes.badMessage;
}

function words({ records, checkpoints, faults }: ProofReport, original: string | undefined): string[] {
  if (faults.length > 0)
    return [...faults.map((fault) => `fault: ${fault}`), `not proven: ${faults.length} fault${faults.length === 1 ? '' : 's'}`];
  return [
    ...records.flatMap(recordWords),
    ...checkpoints.flatMap(checkpointWords),
    ...(original === undefined ? [] : [`${original} is, to the octet, the file that was accepted.`]),
    'proven',
  ];
}

function recordWords({ seq, time, event, id, outcome, checkpoint, detail }: CheckedRecord): string[] {
  const what = [event, id, outcome].filter((each) => each !== undefined).join(' ');
  return [`record ${seq} of ${time}, ${what}: unchanged since checkpoint ${checkpoint}`, ...detailWords(detail)];
}

/** A fact a line. What is long (a plan, signatures) is for programs: `--json` has it. */
function detailWords(detail: unknown): string[] {
  if (detail === undefined) return ['  what it is about is not shown'];
  if (typeof detail !== 'object' || detail === null) return [`  ${JSON.stringify(detail)}`];
  return Object.entries(detail).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `  ${name}: ${text.length > longest ? `${text.slice(0, longest)}… (whole with --json)` : text}`;
  });
}

/** Three lines of a terminal. */
const longest = 200;

function checkpointWords({ number, time, records, signer, fingerprint, stamped }: CheckedCheckpoint): string[] {
  return [
    `checkpoint ${number} over ${records} records: signed by ${signer}, by its own word at ${time}; certificate SHA-256 ${fingerprint}`,
    stamped === undefined
      ? '  no time-stamp that was judged: whoever has the key may have signed it at any time'
      : `  time-stamped: it was there at ${stamped}, and with it all that it covers`,
  ];
}

/** A proof may come from anybody: nothing in it is to steer a terminal. */
function harmless(line: string): string {
  return line.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '?');
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw diskFault(error, 'read', path);
  }
  return hash.digest('hex');
}
