/** What stands around a CMS structure in a message. */
export type Wrapped =
  | { readonly kind: 'cms'; readonly der: Buffer }
  | { readonly kind: 'detached'; readonly content: Buffer; readonly der: Buffer }
  | { readonly kind: 'none' };

/**
 * Finds the CMS structure in an S/MIME entity, for programs that read only bare DER. On purpose it shares nothing with src/message:
 * a fault there must not hide here.
 */
export function unwrap(entity: Buffer): Wrapped {
  const { header, body } = split(entity);
  const type = header.get('content-type') ?? '';
  if (/^application\/(x-)?pkcs7-mime\b/i.test(type)) return { kind: 'cms', der: decode(header, body) };
  if (!/^multipart\/signed\b/i.test(type)) return { kind: 'none' };
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type);
  const [content, signature] = parts(body, boundary?.[1] ?? boundary?.[2] ?? '');
  if (content === undefined || signature === undefined) return { kind: 'none' };
  const signaturePart = split(signature);
  return { kind: 'detached', content, der: decode(signaturePart.header, signaturePart.body) };
}

function split(entity: Buffer): { header: Map<string, string>; body: Buffer } {
  const text = entity.toString('latin1');
  const blank = /\r?\n\r?\n/.exec(text);
  const end = blank === null ? text.length : blank.index;
  const unfolded = text.slice(0, end).replace(/\r?\n[ \t]+/g, ' ');
  const header = new Map(
    unfolded.split(/\r?\n/).map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { header, body: entity.subarray(end + (blank?.[0].length ?? 0)) };
}

/** The octets between delimiter lines; the line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1). */
function parts(body: Buffer, boundary: string): Buffer[] {
  const text = `\n${body.toString('latin1')}`;
  const delimiter = new RegExp(`(?:\\r?\\n)--${boundary.replace(/[^\w]/g, '\\$&')}(?:--)?[ \\t]*(?:\\r?\\n|$)`, 'g');
  const found: Buffer[] = [];
  let start: number | undefined;
  for (let match = delimiter.exec(text); match !== null; match = delimiter.exec(text)) {
    if (start !== undefined) found.push(Buffer.from(text.slice(start, match.index), 'latin1'));
    start = match.index + match[0].length;
    // The line end after one delimiter may also be the one before the next.
    delimiter.lastIndex = start - 1;
  }
  return found;
}

function decode(header: Map<string, string>, body: Buffer): Buffer {
  const encoding = header.get('content-transfer-encoding')?.toLowerCase();
  return encoding === 'base64' ? Buffer.from(body.toString('latin1'), 'base64') : body;
}
