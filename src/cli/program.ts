import { Command, CommanderError } from 'commander';
import { exitCodes } from '../daemon/exit-code.js';
import { version } from '../version.js';
import { endQuietlyWithoutReader, reportError } from './output.js';

type MakeCommand = (ended: (exitCode: number) => void) => Command;

/** Loaded only when asked for: a command that reads no mail does not wait for what reads mail. */
const commands: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  demo: async () => (await import('./demo.js')).demoCommand,
  init: async () => (await import('./init.js')).initCommand,
  run: async () => (await import('./run.js')).runCommand,
  send: async () => (await import('./send.js')).sendCommand,
  explain: async () => (await import('./explain.js')).explainCommand,
  show: async () => (await import('./show.js')).showCommand,
  open: async () => (await import('./open.js')).openCommand,
  keys: async () => (await import('./keys.js')).keysCommand,
  queue: async () => (await import('./queue.js')).queueCommand,
  archive: async () => (await import('./archive.js')).archiveCommand,
  audit: async () => (await import('./audit.js')).auditCommand,
  doctor: async () => (await import('./doctor.js')).doctorCommand,
};

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
  const [first = ''] = args;
  const wanted = Object.hasOwn(commands, first) ? [first] : Object.keys(commands);
  for (const name of wanted) {
    const make = await commands[name]?.();
    const command = make?.((code) => {
      exitCode = code;
    }).copyInheritedSettings(program);
    for (const child of command?.commands ?? []) child.copyInheritedSettings(program);
    if (command !== undefined) program.addCommand(command);
  }
  endQuietlyWithoutReader();
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
