import { Command } from 'commander';
import { archiveErase } from './archive/erase.js';
import { archiveExport } from './archive/export.js';
import { archiveFind } from './archive/find.js';
import { archiveHold } from './archive/hold.js';
import { archiveHolds } from './archive/holds.js';
import { archiveIndex } from './archive/make-index.js';
import { archiveMarkSecond } from './archive/mark-second.js';
import { archivePurge } from './archive/purge.js';
import { archiveRelease } from './archive/release.js';
import { archiveRestore } from './archive/restore.js';
import { archiveShow } from './archive/show.js';
import { archiveVerify } from './archive/verify.js';

export function archiveCommand(ended: (exitCode: number) => void): Command {
  return new Command('archive')
    .description('The compliance archive: every original, as it was submitted.')
    .addCommand(archiveFind())
    .addCommand(archiveShow())
    .addCommand(archiveExport(ended))
    .addCommand(archiveRestore(ended))
    .addCommand(archiveIndex(ended))
    .addCommand(archiveVerify(ended))
    .addCommand(archiveMarkSecond())
    .addCommand(archiveHold())
    .addCommand(archiveRelease())
    .addCommand(archiveHolds())
    .addCommand(archivePurge(ended))
    .addCommand(archiveErase(ended));
}
