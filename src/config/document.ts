import { isAlias, isMap, isNode, isScalar, isSeq, Lexer, LineCounter, type Node, parseDocument, type YAMLMap, type YAMLSeq } from 'yaml';
import { type ConfigFault, type KeyPath, keyWords } from './fault.js';

/** What a configuration file may hold, as plain values. */
export type PlainValue = null | boolean | number | string | PlainValue[] | { [key: string]: PlainValue };

export interface ConfigDocument {
  /** undefined when the file is not YAML that can be read. */
  readonly value: PlainValue | undefined;
  /** The faults of the file as YAML. */
  readonly faults: readonly ConfigFault[];
  /** Is there something at this path? */
  has(path: KeyPath): boolean;
  /** The line of the key at this path or, where there is none, of the nearest key above it. */
  lineOf(path: KeyPath): number;
}

/** A configuration is written by hand. What is larger or deeper is something else, and YAML readers recurse. */
const MAXIMUM_BYTES = 1024 * 1024;
const MAXIMUM_FLOW_DEPTH = 64;

/**
 * Reads one YAML 1.2 document into plain values. Aliases, tags and a second document are faults: this file decides who may
 * read what, and should say it where it is read.
 */
export function readDocument(bytes: Buffer): ConfigDocument {
  if (bytes.length > MAXIMUM_BYTES) return unreadable(1, 'the file is larger than 1 MiB; is it the right file?');
  const source = bytes.toString('utf8');
  const unfit = unfitForReading(source);
  if (unfit !== undefined) return unreadable(unfit.line, unfit.text);

  const lineCounter = new LineCounter();
  const lineAt = (offset: number | undefined) => Math.max(1, lineCounter.linePos(offset ?? 0).line);
  // The library's own search for repeated keys takes quadratic time; its messages may quote the file, and so a password.
  const document = parseDocument<Node>(source, {
    lineCounter,
    stringKeys: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const problems = [...document.errors, ...document.warnings].map(({ code, pos }) => yamlFault(lineAt(pos[0]), code));
  if (problems.length > 0) return { ...unreadable(1, ''), faults: firstOfEachLine(problems) };

  const plain = new PlainReader(lineAt);
  const value = plain.read(document.contents, []);
  return {
    value,
    faults: plain.faults,
    has: (path) => plain.lines.has(lineKey(path)),
    lineOf: (path) => {
      for (let length = path.length; length > 0; length--) {
        const line = plain.lines.get(lineKey(path.slice(0, length)));
        if (line !== undefined) return line;
      }
      return 1;
    },
  };
}

/** Turns nodes into plain values and remembers where each key stood. */
class PlainReader {
  readonly faults: ConfigFault[] = [];
  readonly lines = new Map<string, number>();
  readonly #lineAt: (offset: number | undefined) => number;

  constructor(lineAt: (offset: number | undefined) => number) {
    this.#lineAt = lineAt;
  }

  read(node: unknown, path: KeyPath): PlainValue {
    if (!isNode(node)) return null;
    if (isAlias(node) || ('anchor' in node && node.anchor !== undefined)) {
      this.#fault(
        node,
        path,
        'YAML anchors (&) and aliases (*) are not used here; write the value out, or put it in quotes if it begins so',
      );
    } else if (node.tag !== undefined) {
      this.#fault(node, path, 'YAML tags (!) are not used here; leave the tag out, or put the value in quotes if it begins so');
    }
    if (isMap(node)) return this.#map(node, path);
    if (isSeq(node)) return this.#list(node, path);
    return isScalar(node) ? scalarValue(node.value) : null;
  }

  #map(node: YAMLMap, path: KeyPath): PlainValue {
    const map: { [key: string]: PlainValue } = {};
    for (const { key: keyNode, value } of node.items) {
      const key = isScalar(keyNode) ? String(keyNode.value ?? '') : '';
      const keyPath = [...path, key];
      const line = this.#lineAt(isNode(keyNode) ? keyNode.range?.[0] : node.range?.[0]);
      const earlier = this.lines.get(lineKey(keyPath));
      if (earlier !== undefined) {
        this.faults.push({
          line,
          key: keyWords(keyPath),
          text: `the key stands here a second time, first on line ${earlier}; keep one of the two`,
        });
      } else if (key === '' || key === '__proto__') {
        this.faults.push({ line, key: keyWords(keyPath), text: 'this cannot be a key; remove it' });
      } else {
        this.lines.set(lineKey(keyPath), line);
        map[key] = this.read(value, keyPath);
      }
    }
    return map;
  }

  #list(node: YAMLSeq, path: KeyPath): PlainValue {
    return node.items.map((item, index) => {
      const itemPath = [...path, index];
      this.lines.set(lineKey(itemPath), this.#lineAt(isNode(item) ? item.range?.[0] : node.range?.[0]));
      return this.read(item, itemPath);
    });
  }

  #fault(node: Node, path: KeyPath, text: string): void {
    this.faults.push({ line: this.#lineAt(node.range?.[0]), key: path.length === 0 ? 'YAML' : keyWords(path), text });
  }
}

function scalarValue(value: unknown): PlainValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** No key of a YAML scalar holds NUL here: `unfitForReading` has refused it. */
function lineKey(path: KeyPath): string {
  return path.map((key) => (typeof key === 'number' ? `[${key}` : `.${key}`)).join('\0');
}

/** What must be found before the YAML reader sees the text. */
function unfitForReading(source: string): { line: number; text: string } | undefined {
  const strange = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.exec(source);
  if (strange !== null) return { line: lineOf(source, strange.index), text: 'a control character stands here; is it the right file?' };
  const replaced = source.indexOf('\u{fffd}');
  if (replaced >= 0) return { line: lineOf(source, replaced), text: 'this is not UTF-8; save the file as UTF-8' };
  const indented = /^[ \t?:-]{400}/m.exec(source);
  const deep = indented === null ? flowTooDeepAt(source) : lineOf(source, indented.index);
  return deep === undefined ? undefined : { line: deep, text: 'the file is nested too deeply; is it the right file?' };
}

/** The line on which brackets stand too deep within each other. */
function flowTooDeepAt(source: string): number | undefined {
  let depth = 0;
  let line = 1;
  for (const token of new Lexer().lex(source)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    else line += token.split('\n').length - 1;
    if (depth > MAXIMUM_FLOW_DEPTH) return line;
  }
  return undefined;
}

function lineOf(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length;
}

function unreadable(line: number, text: string): ConfigDocument {
  return { value: undefined, faults: [{ line, key: 'YAML', text }], has: () => false, lineOf: () => 1 };
}

/** One slip often makes the reader stumble several times on the same line. */
function firstOfEachLine(faults: readonly ConfigFault[]): ConfigFault[] {
  const byLine = new Map<number, ConfigFault>();
  for (const fault of faults) if (!byLine.has(fault.line)) byLine.set(fault.line, fault);
  return [...byLine.values()];
}

const YAML_WORDS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab is used to indent; indent with blanks',
  MISSING_CHAR: 'a quote, bracket, comma or colon is missing before this; add it',
  BAD_INDENT: 'the indentation does not fit the lines above; align keys of one section beneath each other',
  BLOCK_AS_IMPLICIT_KEY:
    'there are two keys in one line or a deeper line beneath a value; give each key its line, or put a value that holds ": " in quotes',
  MULTILINE_IMPLICIT_KEY: 'a key has no colon on its line; add it, or put the value above in quotes',
  BAD_SCALAR_START: 'a value begins with a character that YAML keeps for itself; put the value in quotes',
  BAD_DQ_ESCAPE: 'a backslash in double quotes begins an unknown escape; use single quotes',
  MULTIPLE_DOCS: 'a second YAML document begins here; remove the line --- and keep one document',
  NON_STRING_KEY: 'this cannot be a key; put it in quotes if it is a text that begins with a bracket',
  TAG_RESOLVE_FAILED: 'YAML tags (!) are not used here; leave the tag out, or put the value in quotes if it begins so',
};

function yamlFault(line: number, code: string): ConfigFault {
  const text = YAML_WORDS[code] ?? 'this is not valid YAML; look at the indentation, quotes and brackets here and on the line before';
  return { line, key: 'YAML', text };
}
