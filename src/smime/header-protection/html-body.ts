/**
 * Where the content of an HTML document begins, as an offset into its octets read one to one: after its `<body>` tag;
 * where it has none, after its head, or at the beginning of what is only a fragment. Undefined when that cannot be
 * told.
 */
export function contentStart(html: string): number | undefined {
  let start = 0;
  let sawHead = false;
  for (const { name, closing, end } of tagsOf(html)) {
    if (name === 'body' && !closing) return end;
    if (name === '') return undefined;
    if (name === 'head' && closing) return followingBody(html, end);
    if (name === 'html' || name === 'head') sawHead = true;
    // Content, without any body tag before it.
    else if (!sawHead && !HEAD_CONTENT.has(name)) return start;
    if (name === '!doctype' || name === '!--') start = end;
  }
  return sawHead || /<(?:html|head|body)\b/i.test(html) ? undefined : start;
}

/** After `</head>`: after the body tag if there is one, else right here. */
function followingBody(html: string, from: number): number {
  for (const { name, closing, end } of tagsOf(html, from)) {
    if (name === 'body' && !closing) return end;
    if (name !== '!--') break;
  }
  return from;
}

/** The element that begins `html` but for blanks, if it is a `<div>` of this class: where it begins and ends. */
export function leadingDiv(html: string, from: number, className: string): readonly [start: number, end: number] | undefined {
  const start = from + (/^[ \t\r\n]*/.exec(html.slice(from))?.[0].length ?? 0);
  const tag = html[start] === '<' ? readTag(html, start) : undefined;
  if (tag === undefined || tag.name !== 'div' || tag.closing) return undefined;
  const classes = /[ \t\r\n]class[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)'|([^ \t\r\n"'>]+))/i.exec(tag.attributes);
  if (!(classes?.[1] ?? classes?.[2] ?? classes?.[3] ?? '').split(/[ \t\r\n]+/).includes(className)) return undefined;
  const end = divEnd(html, start);
  return end === undefined ? undefined : [start, end];
}

/** Where the element that begins at `start` ends; undefined when it is never closed. */
function divEnd(html: string, start: number): number | undefined {
  let depth = 0;
  for (const { name, closing, end } of tagsOf(html, start)) {
    if (name !== 'div') continue;
    depth += closing ? -1 : 1;
    if (depth === 0) return end;
  }
  return undefined;
}

interface Tag {
  /**
   * Lower case; `!--` for a comment, `!doctype` for a declaration, empty where the text is too broken to be read on.
   */
  readonly name: string;
  readonly closing: boolean;
  readonly attributes: string;
  readonly start: number;
  readonly end: number;
}

/** The tags of a document in order, from `from` on. What stands in comments, scripts and the like is no tag. */
function* tagsOf(html: string, from = 0): Generator<Tag> {
  let failures = 0;
  for (let at = html.indexOf('<', from); at !== -1; ) {
    const tag = readTag(html, at);
    if (tag === undefined) {
      failures++;
      if (failures > MAX_FAILURES) {
        yield { name: '', closing: false, attributes: '', start: at, end: at };
        return;
      }
      at = html.indexOf('<', at + 1);
      continue;
    }
    yield tag;
    let next = tag.end;
    if (RAW_TEXT.has(tag.name) && !tag.closing) {
      const closing = new RegExp(`</${tag.name}(?=[ \\t\\r\\n/>])`, 'gi');
      closing.lastIndex = tag.end;
      const found = closing.exec(html);
      if (found === null) return;
      next = found.index;
    }
    at = html.indexOf('<', next);
  }
}

const HEAD_CONTENT: ReadonlySet<string> = new Set(['!doctype', '!--', 'meta', 'title', 'style', 'script', 'link', 'base', '!']);
const RAW_TEXT: ReadonlySet<string> = new Set(['script', 'style', 'title', 'textarea', 'xmp', 'iframe', 'noembed', 'noframes']);

/**
 * Far above what tags have. With the bound on failures it keeps text made of unclosed tags from being read again for
 * each of them.
 */
const MAX_TAG_LENGTH = 4096;
const MAX_FAILURES = 50;

function readTag(html: string, start: number): Tag | undefined {
  if (html.startsWith('<!--', start)) {
    const end = html.indexOf('-->', start + 4);
    return { name: '!--', closing: false, attributes: '', start, end: end === -1 ? html.length : end + 3 };
  }
  if (html[start + 1] === '!' || html[start + 1] === '?') {
    const end = html.indexOf('>', start);
    const name = /^<!doctype/i.test(html.slice(start, start + 9)) ? '!doctype' : '!';
    return { name, closing: false, attributes: '', start, end: end === -1 ? html.length : end + 1 };
  }
  const [head, slash, name] = /^<(\/?)([a-z][^ \t\r\n\f/>]{0,30})/i.exec(html.slice(start, start + 33)) ?? [];
  if (head === undefined || name === undefined) return undefined;
  const end = tagEnd(html, start + head.length);
  if (end === undefined) return undefined;
  return { name: name.toLowerCase(), closing: slash === '/', attributes: html.slice(start + head.length, end - 1), start, end };
}

/** After the `>` that ends a tag; one within quotes does not. */
function tagEnd(html: string, from: number): number | undefined {
  let quote = '';
  for (let i = from; i < Math.min(html.length, from + MAX_TAG_LENGTH); i++) {
    const char = html[i] as string;
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === '>') return i + 1;
  }
  return undefined;
}
