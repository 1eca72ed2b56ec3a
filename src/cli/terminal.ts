type Paint = (text: string) => string;

export interface Colours {
  readonly red: Paint;
  readonly yellow: Paint;
  readonly green: Paint;
  readonly bold: Paint;
  readonly dim: Paint;
}

/** Colours only where a person looks and has not asked for none (no-color.org). */
export function coloursFor(stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv = process.env): Colours {
  const used = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
  const paint = (code: number, end: number): Paint => (used ? (text) => `\x1b[${code}m${text}\x1b[${end}m` : (text) => text);
  return { red: paint(31, 39), yellow: paint(33, 39), green: paint(32, 39), bold: paint(1, 22), dim: paint(2, 22) };
}

/** Columns to write in: the terminal's, within what is pleasant to read. */
export function widthOf(stream: { isTTY?: boolean; columns?: number }): number {
  return Math.max(40, Math.min(stream.columns ?? 100, 120));
}

/** Text in lines of at most `width` columns, those after the first indented. A word that is longer stays whole: it may be a path to copy. */
export function wrapped(text: string, first: string, rest: string, width: number): string[] {
  const lines: string[] = [];
  let current = first;
  let empty = true;
  for (const word of text.split(/\s+/)) {
    if (!empty && current.length + 1 + word.length > width) {
      lines.push(current);
      current = rest;
      empty = true;
    }
    current += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, current];
}

/** Rows in columns, parted by two blanks. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
