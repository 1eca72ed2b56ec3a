import { Command } from 'commander';
import { archiveExport } from './archive/export.js';
import { archiveMarkSecond } from './archive/mark-second.js';
import { archiveRestore } from './archive/restore.js';
import { archiveShow } from './archive/show.js';
import { archiveVerify } from './archive/verify.js';

export function archiveCommand(ended: (exitCode: number) => void): Command {
  return new Command('archive')
    .description('The compliance archive: every original, as it was submitted.')
    .addCommand(archiveShow())
    .addCommand(archiveExport(ended))
    .addCommand(archiveRestore(ended))
    .addCommand(archiveVerify(ended))
    .addCommand(archiveMarkSecond());
}
