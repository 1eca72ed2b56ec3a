/** Where something stands: the file as it was named, the line counted from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** One setting, `host-id 5`. */
export interface Directive {
  readonly kind: 'directive';
  /** In lower case. */
  readonly name: string;
  /** What stands behind the name, without comment and outer blanks. */
  readonly value: string;
  /** The value at its blanks; what stands in double quotes is one word without them. */
  readonly words: readonly string[];
  readonly at: Place;
}

/** What is grouped between `<source {pickup}>` and `</source>`; the whole file is one without a name. */
export interface Section {
  readonly kind: 'section';
  /** In lower case. */
  readonly name: string;
  /** What the section is for, `{pickup}`. */
  readonly argument: string;
  readonly at: Place;
  /** In the order of the file, what is included in its place. */
  readonly entries: (Directive | Section)[];
}

/** Something in the file that could not be read as what it seems to be. The rest was read all the same. */
export interface Problem {
  readonly at: Place;
  readonly text: string;
  readonly cure: string;
}

export interface IncludedFile {
  readonly file: string;
  readonly text: string;
}

/** The files an include means (3.3.1.31: wildcards may be used), in their order. Throws an Error that says why it cannot. */
export type ReadIncluded = (path: string, from: string) => readonly IncludedFile[];

export interface ConfigTree {
  readonly root: Section;
  readonly problems: readonly Problem[];
}

/**
 * A PowerMTA configuration (User's Guide 5.0, 3.1: a directive a line, `<name argument>` … `</name>` groups, `#` comments) with what it
 * includes in its place. Names are compared without regard to case. What a directive means is not asked here: unknown ones are kept.
 */
export function parseConfig(text: string, file: string, read: ReadIncluded): ConfigTree {
  const problems: Problem[] = [];
  const root = section('', '', { file, line: 1 });
  fill([root], text, file, { read, problems, open: [file] });
  return { root, problems };
}

interface Reading {
  readonly read: ReadIncluded;
  readonly problems: Problem[];
  /** The files whose include directives led here. */
  readonly open: readonly string[];
}

/** `stack`: the sections that are open, the innermost last; a file ends what it begins. */
function fill(stack: Section[], text: string, file: string, reading: Reading): void {
  const depth = stack.length;
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const at = { file, line: index + 1 };
    const content = line.replace(/#.*$/, '').trim();
    const [, closes, name = '', argument = ''] = /^<(\/?)\s*([^\s>]+)\s*(.*?)\s*>$/.exec(content) ?? [];
    const innermost = stack.at(-1);
    if (content === '' || innermost === undefined) continue;
    if (closes === '') {
      const opened = section(name.toLowerCase(), unquoted(argument), at);
      innermost.entries.push(opened);
      stack.push(opened);
    } else if (closes === '/') close(stack, depth, name.toLowerCase(), at, reading.problems);
    else addDirective(stack, content, at, reading);
  }
  for (const unclosed of stack.splice(depth)) reading.problems.push(notClosed(unclosed));
}

function section(name: string, argument: string, at: Place): Section {
  return { kind: 'section', name, argument, at, entries: [] };
}

function close(stack: Section[], depth: number, name: string, at: Place, problems: Problem[]): void {
  const opened = stack.findLastIndex((open, index) => index >= depth && open.name === name);
  if (opened === -1) {
    problems.push({ at, text: `</${name}> ends what was not begun`, cure: `Remove it, or begin it with <${name} …>.` });
    return;
  }
  for (const unclosed of stack.splice(opened).slice(1)) problems.push(notClosed(unclosed));
}

function notClosed({ name, argument, at }: Section): Problem {
  return { at, text: `<${`${name} ${argument}`.trim()}> is not ended`, cure: `Write </${name}> where it ends.` };
}

function addDirective(stack: Section[], content: string, at: Place, reading: Reading): void {
  const [, name = '', value = ''] = /^(\S+)\s*(.*)$/.exec(content) ?? [];
  const directive: Directive = { kind: 'directive', name: name.toLowerCase(), value: unquoted(value), words: wordsOf(value), at };
  if (directive.name === 'include') include(stack, directive, reading);
  else stack.at(-1)?.entries.push(directive);
}

function include(stack: Section[], { value, at }: Directive, reading: Reading): void {
  const missed = (why: string, cure: string) => reading.problems.push({ at, text: `${value} was not looked at: ${why}`, cure });
  let found: readonly IncludedFile[];
  try {
    found = reading.read(value, at.file);
  } catch (error) {
    missed(error instanceof Error ? error.message : String(error), 'Correct the path, or run doctor as a user who may read it.');
    return;
  }
  for (const { file, text } of found) {
    if (reading.open.includes(file)) missed('it includes itself', 'Remove this include.');
    else fill(stack, text, file, { ...reading, open: [...reading.open, file] });
  }
}

function unquoted(value: string): string {
  return /^"([^"]*)"$/.exec(value)?.[1] ?? value;
}

function wordsOf(value: string): string[] {
  return [...value.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/** All directives of that name at any depth, in the order of the file, each with the section it stands in. */
export function everywhere(section: Section, name: string): { readonly directive: Directive; readonly section: Section }[] {
  return section.entries.flatMap((entry) => {
    if (entry.kind === 'section') return everywhere(entry, name);
    return entry.name === name ? [{ directive: entry, section }] : [];
  });
}

/** The sections of that name for that argument, e.g. `source`, `{pickup}`: there may be several, and they are one. */
export function sectionsFor({ entries }: Section, name: string, argument: string): Section[] {
  return entries
    .filter((entry) => entry.kind === 'section')
    .filter((section) => section.name === name && section.argument.toLowerCase() === argument);
}

/** The last directive of that name standing directly in one of the sections: the one that counts. */
export function lastOf(sections: readonly Section[], name: string): Directive | undefined {
  return sections
    .flatMap(({ entries }) => entries)
    .filter((entry) => entry.kind === 'directive')
    .findLast((directive) => directive.name === name);
}

/** BOOLEAN (3.2): `yes`, `no`, `true`, `false`. Undefined where there is no directive, or it says something else. */
export function booleanOf(directive: Directive | undefined): boolean | undefined {
  const value = directive?.value.toLowerCase();
  if (value === 'yes' || value === 'true') return true;
  return value === 'no' || value === 'false' ? false : undefined;
}
