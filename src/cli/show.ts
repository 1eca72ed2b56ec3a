import { Command } from 'commander';
import { describe } from '../smime/structure.js';
import { readInput } from './input.js';
import { print, printJson } from './output.js';

export function showCommand(): Command {
  return new Command('show')
    .description('Show the MIME structure of a message as a tree, S/MIME layers included. Needs no keys and verifies nothing.')
    .argument('<file>', 'the message, - for standard input')
    .option('--json', 'print the tree as JSON')
    .addHelpText('after', '\nTo decrypt and verify, use "sealdrop open".')
    .action(async (file: string, options: { json?: boolean }) => {
      const tree = describe(await readInput(file));
      if (options.json === true) printJson(treeOf(tree.trimEnd().split('\n')));
      else print(tree.trimEnd());
    });
}

interface Branch {
  readonly label: string;
  readonly parts: Branch[];
}

/** The drawn tree, read back: each level is drawn three columns further to the right. */
function treeOf(lines: readonly string[]): Branch {
  const root: Branch = { label: lines[0] ?? '', parts: [] };
  const path = [root];
  for (const line of lines.slice(1)) {
    const [drawn = '', label = ''] = /^([│ ]*[├└]─ )(.*)$/.exec(line)?.slice(1) ?? [];
    const depth = drawn.length / 3;
    const branch: Branch = { label, parts: [] };
    path.length = depth;
    path[depth - 1]?.parts.push(branch);
    path.push(branch);
  }
  return root;
}
