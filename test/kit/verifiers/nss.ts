import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemp, removeTemp } from '../temp.js';
import { unwrap } from './mime-wrapper.js';
import { makeNssDatabase } from './nss-database.js';
import { runTool } from './run-tool.js';
import { accepted, inParallel, refused, type Verdict, type Verifier, type VerifierKeys } from './verifier.js';

/** What cmsutil tells of one CMS structure. */
interface Decoded {
  readonly content: Buffer;
  /** Type and per-signer status, one line each, in cmsutil's words. */
  readonly levels: string;
}

const BATCH = 100;

/** Mozilla's NSS (Thunderbird's library) through `cmsutil`, with a certificate database of its own. */
export function nssVerifier(keys: VerifierKeys): Verifier {
  const home = makeTemp('nss');
  const database = makeNssDatabase(home, keys);

  const openBatch = async (messages: readonly Buffer[]): Promise<Verdict[]> => {
    const directory = await mkdtemp(join(home, 'batch-'));
    try {
      let complaints = '';
      const decode = async (structures: readonly (Buffer | undefined)[]) => {
        const { decoded, stderr } = await decodeAll(database, directory, structures);
        complaints += stderr;
        return decoded;
      };
      const outer = messages.map(unwrap);
      const first = await decode(outer.map((wrapped) => (wrapped.kind === 'cms' ? wrapped.der : undefined)));
      // What the first pass showed to be encrypted holds the signed entity; the rest was signed only.
      const entities = messages.map((message, n) => (first[n]?.levels.includes('type=envelopedData') ? first[n].content : message));
      const inner = entities.map(unwrap);
      const second = await decode(
        inner.map((wrapped, n) => (wrapped.kind === 'cms' && entities[n] !== messages[n] ? wrapped.der : undefined)),
      );
      return await inParallel([...inner.entries()], async ([n, wrapped]) => {
        if (wrapped.kind === 'detached') return verifyDetached(database, directory, wrapped.content, wrapped.der);
        const decoded = entities[n] === messages[n] ? first[n] : second[n];
        if (wrapped.kind === 'cms' && decoded !== undefined) return verdict(decoded);
        return refused(
          wrapped.kind === 'cms' ? `cmsutil could not decode the message: ${complaints}` : 'the message is not signed',
          entities[n],
        );
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  };

  const openAll = async (messages: readonly Buffer[]): Promise<Verdict[]> => {
    const batches = Array.from({ length: Math.ceil(messages.length / BATCH) }, (_, n) => messages.slice(n * BATCH, (n + 1) * BATCH));
    return (await inParallel(batches, openBatch)).flat();
  };
  const open = async (message: Buffer): Promise<Verdict> => (await openBatch([message]))[0] ?? refused('no verdict');
  return { name: 'NSS cmsutil', open, openAll, close: async () => removeTemp(home) };
}

/** Decodes many structures by one process, whose start takes most of the time. What it cannot decode stays undefined. */
async function decodeAll(
  database: string,
  directory: string,
  structures: readonly (Buffer | undefined)[],
): Promise<{ decoded: (Decoded | undefined)[]; stderr: string }> {
  // The names are random, so that no message can contain the line cmsutil prints between two of them.
  const files = structures.map((der) => (der === undefined ? undefined : join(directory, `${randomUUID()}.der`)));
  await Promise.all(files.map((file, n) => (file === undefined ? undefined : writeFile(file, structures[n] ?? ''))));
  const named = files.filter((file) => file !== undefined);
  if (named.length === 0) return { decoded: structures.map(() => undefined), stderr: '' };
  const listFile = join(directory, `${randomUUID()}.list`);
  await writeFile(listFile, named.map((file) => `${file}\n`).join(''));
  const { stdout, stderr } = await runTool('cmsutil', ['-D', '-b', '-h', '1', '-d', database, '-i', listFile]);
  const heads = named.map((file) => ({ file, head: Buffer.from(`========== ${file} ==========\n`) }));
  const starts = heads.map(({ file, head }) => ({ file, at: stdout.indexOf(head), length: head.length }));
  const sections = new Map(
    starts.map(({ file, at, length }, n) => [file, at === -1 ? undefined : section(stdout.subarray(at + length, starts[n + 1]?.at))]),
  );
  return { decoded: files.map((file) => (file === undefined ? undefined : sections.get(file))), stderr };
}

/** `SMIME: \tlevel=1.2; type=signedData; …` and further lines with a tab, the last of them for the content, then the content itself. */
function section(bytes: Buffer): Decoded | undefined {
  const head = /^SMIME: (?:\t+[^\n]*\n)+?\tlevel=1\.1; type=data; \n/.exec(bytes.toString('latin1'))?.[0];
  return head === undefined ? undefined : { levels: head, content: bytes.subarray(head.length) };
}

function verdict(decoded: Decoded): Verdict {
  const statuses = [...decoded.levels.matchAll(/signer\d+\.status=(\w+)/g)].map((match) => match[1]);
  const announced = Number(/nsigners=(\d+)/.exec(decoded.levels)?.[1] ?? 0);
  const good = announced > 0 && statuses.length === announced && statuses.every((status) => status === 'GoodSignature');
  return good ? accepted(decoded.content) : refused(decoded.levels, decoded.content);
}

async function verifyDetached(database: string, directory: string, content: Buffer, der: Buffer): Promise<Verdict> {
  const name = join(directory, randomUUID());
  await Promise.all([writeFile(`${name}.der`, der), writeFile(`${name}.content`, content)]);
  const result = await runTool('cmsutil', ['-D', '-n', '-h', '1', '-d', database, '-i', `${name}.der`, '-c', `${name}.content`]);
  const levels = result.stdout.toString('latin1');
  return result.status === 0 ? verdict({ levels, content }) : refused(`${levels}${result.stderr}`, content);
}
