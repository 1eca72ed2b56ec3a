import type { Command } from 'commander';
import { anchorSource } from '../../audit/anchor/anchor-source.js';
import { type AnchorReport, compareWithAnchor } from '../../audit/anchor/compare.js';

export interface AnchorOptions {
  readonly anchor?: readonly string[];
  readonly anchorHost?: string;
}

export function addAnchorOptions(command: Command): Command {
  return command
    .option(
      '--anchor <file|url>',
      'compare with what is held elsewhere; may be given several times',
      (value: string, before: string[] = []) => [...before, value],
    )
    .option('--anchor-host <name>', 'of a syslog file that several hosts share, take the lines of this one');
}

export async function compareWithAnchors(directory: string, { anchor = [], anchorHost }: AnchorOptions): Promise<AnchorReport[]> {
  const reports: AnchorReport[] = [];
  for (const each of anchor) reports.push(await compareWithAnchor(directory, anchorSource(each), anchorHost));
  return reports;
}

export function anchorNotes(anchors: readonly AnchorReport[]): string[] {
  return anchors.map(({ anchor, matched, upTo, unreadableLines }) => {
    const broken = unreadableLines === 0 ? '' : `, ${unreadableLines} unreadable lines passed over`;
    return `anchor ${anchor}: ${matched} records are the same here, up to ${upTo}${broken}`;
  });
}
