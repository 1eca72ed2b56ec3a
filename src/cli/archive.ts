import { Command } from 'commander';
import { archiveMarkSecond } from './archive/mark-second.js';
import { archiveShow } from './archive/show.js';
import { archiveVerify } from './archive/verify.js';

export function archiveCommand(ended: (exitCode: number) => void): Command {
  return new Command('archive')
    .description('The compliance archive: every original, as it was submitted.')
    .addCommand(archiveShow())
    .addCommand(archiveVerify(ended))
    .addCommand(archiveMarkSecond());
}
