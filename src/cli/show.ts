import { Command } from 'commander';
import { describe } from '../smime/structure.js';
import { readMessageFile } from './message-file.js';
import { print } from './output.js';

export function showCommand(): Command {
  return new Command('show')
    .description('Show the MIME structure of a message as a tree, S/MIME layers included. Needs no keys.')
    .argument('<file>', 'message file, or - for standard input')
    .action((file: string) => print(describe(readMessageFile(file)).trimEnd()));
}
