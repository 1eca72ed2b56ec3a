import { Command, CommanderError } from 'commander';
import { exitCodes } from '../daemon/exit-code.js';
import { version } from '../version.js';
import { auditCommand } from './audit.js';
import { demoCommand } from './demo.js';
import { reportError } from './output.js';
import { queueCommand } from './queue.js';
import { runCommand } from './run.js';

/** Runs one command line. Returns the exit code (sysexits). */
export async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = new Command('sealdrop')
    .description(
      'Signs and encrypts mail (S/MIME) beside the MTA: drop an .eml, get a sealed message in the pickup directory, the original in the archive.',
    )
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError('(sealdrop COMMAND --help explains a command)');
  const ended = (code: number) => {
    exitCode = code;
  };
  for (const command of [demoCommand, runCommand, queueCommand, auditCommand]) {
    const made = command(ended).exitOverride();
    for (const child of made.commands) child.exitOverride();
    program.addCommand(made);
  }
  try {
    await program.parseAsync(withHyphens(args), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return reportError(error);
  }
}

/** The seed tool spelled its options with underscores (`--send_smtp`); both are taken. */
function withHyphens(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  return args.map((arg, index) =>
    /^--[a-z]+(_[a-z]+)+(=|$)/.test(arg) && (end === -1 || index < end) ? arg.replace(/^[^=]*/, (name) => name.replaceAll('_', '-')) : arg,
  );
}
