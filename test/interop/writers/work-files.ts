import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runDirectory } from '../../kit/temp.js';
import { runTool } from '../../kit/verifiers/run-tool.js';

/** Runs a program that reads one file and writes another; returns what it wrote, throws its words when it fails. */
export async function throughFiles(
  content: Buffer,
  command: string,
  args: (inFile: string, outFile: string) => readonly string[],
): Promise<Buffer> {
  const directory = await mkdtemp(join(runDirectory(), 'writer-'));
  try {
    const [inFile, outFile] = [join(directory, 'in'), join(directory, 'out')];
    await writeFile(inFile, content);
    const { status, stderr, stdout } = await runTool(command, args(inFile, outFile));
    if (status !== 0) throw new Error(`${command} failed: ${stderr} ${stdout}`);
    return await readFile(outFile);
  } finally {
    await rm(directory, { recursive: true });
  }
}
