import type { Expectation } from './expectation.js';
import { EXPECTED_READING, READER_NAMES } from './expected-reading.js';
import { EXPECTED_WRITING, WRITER_NAMES } from './expected-writing.js';
import { ENCRYPTED, SIGNED } from './sealed.js';
import { ENCRYPTED_BY_OTHERS, SIGNED_BY_OTHERS } from './written.js';

/** The generated part of docs/interop.md: four tables, and the reasons their cells point to. Lines end in LF. */
export function tables(): string {
  const notes = new Notes();
  const reading = (rows: object) =>
    table('sealdrop writes', READER_NAMES, Object.keys(rows), (row, program) =>
      cell(EXPECTED_READING[row as keyof typeof EXPECTED_READING][program] ?? 'reads', notes),
    );
  const writing = (rows: object) =>
    table('sealdrop opens', WRITER_NAMES, Object.keys(rows), (row, program) => {
      const { opens, but } = EXPECTED_WRITING[row as keyof typeof EXPECTED_WRITING];
      return cell(but?.[program] ?? opens, notes);
    });
  const parts = [
    '### Signatures written by sealdrop',
    reading(SIGNED),
    '### Encryption written by sealdrop',
    reading(ENCRYPTED),
    '### Signatures of others',
    writing(SIGNED_BY_OTHERS),
    '### Encryption of others',
    writing(ENCRYPTED_BY_OTHERS),
    '### Why not',
    notes.list(),
  ];
  return parts.join('\n\n');
}

/** Reasons, numbered as they first come up. */
class Notes {
  readonly #texts: string[] = [];

  mark(text: string): string {
    if (!this.#texts.includes(text)) this.#texts.push(text);
    return `(${this.#texts.indexOf(text) + 1})`;
  }

  list(): string {
    return this.#texts.map((text, index) => `${index + 1}. ${text}`).join('\n');
  }
}

function cell(expected: Expectation<string>, notes: Notes): string {
  if (typeof expected === 'string') return expected;
  if ('refuses' in expected) return `no ${notes.mark(expected.refuses.text)}`;
  return 'cannot' in expected ? `– ${notes.mark(expected.cannot)}` : `? ${notes.mark(expected.untestable)}`;
}

function table<Program extends string>(
  corner: string,
  programs: readonly Program[],
  rows: readonly string[],
  cellOf: (row: string, program: Program) => string,
): string {
  const lines = [[corner, ...programs], ...rows.map((row) => [row, ...programs.map((program) => cellOf(row, program))])];
  const widths = [corner, ...programs].map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const padded = lines.map((line) => `| ${line.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [padded[0], rule, ...padded.slice(1)].join('\n');
}
