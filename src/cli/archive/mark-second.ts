import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { markSecond } from '../../archive/second.js';
import { loadConfig } from '../../config/load.js';
import { SealdropError } from '../../errors.js';
import { spoolLayout } from '../../spool/layout.js';
import { print } from '../output.js';
import { becomeOwnerOf } from '../service-user.js';

export function archiveMarkSecond(): Command {
  return new Command('mark-second')
    .description('Mark the directory that archive.second names as the second archive of this spool.')
    .requiredOption('-c, --config <file>', 'configuration file')
    .addHelpText('after', help)
    .action((options: { config: string }) => mark(options.config));
}

const help = `
Do it once, when the disk or share is mounted there, and again when another one
takes its place. sealdrop writes only where it finds this mark, so that it never
fills the empty directory under a mount that is not mounted. Nothing that is
there is changed. A running daemon goes on by itself.

Example:
  sealdrop archive mark-second -c /etc/sealdrop/sealdrop.yaml`;

function mark(configPath: string): void {
  const { spool, archive } = loadConfig(configPath);
  const layout = spoolLayout(spool);
  if (archive.second === null) throw noSecond(configPath);
  if (existsSync(layout.root)) becomeOwnerOf(layout.root);
  markSecond({ directory: archive.second, memory: layout.secondFile });
  print(`${archive.second} is marked as the second archive of ${layout.root}`);
}

function noSecond(config: string): SealdropError {
  return new SealdropError('no-second-archive', `${config} names no second archive`, {
    disposition: 'fatal',
    cure: 'Name a directory on another disk or server under archive.second, and run this again.',
  });
}
