/**
 * A small MIME reader of its own for the tests, on purpose unlike the one under test: recursive, by strings, CRLF only.
 * Returns what each leaf decodes to, in order.
 */
export function decodeLeaves(entity: Buffer): { type: string; content: Buffer }[] {
  const text = entity.toString('latin1');
  return leaves(text, 'text/plain');
}

function leaves(text: string, defaultType: string): { type: string; content: Buffer }[] {
  const headless = text.startsWith('\r\n');
  const cut = headless ? 0 : text.indexOf('\r\n\r\n');
  const header = headless ? '' : cut === -1 ? text : text.slice(0, cut + 2);
  const body = headless ? text.slice(2) : cut === -1 ? '' : text.slice(cut + 4);
  const unfolded = header.replace(/\r\n[ \t]+/g, ' ');
  const contentType = /^content-type:\s*(.*)$/im.exec(unfolded)?.[1]?.trim() ?? defaultType;
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  const encoding = /^content-transfer-encoding:\s*(\S+)/im.exec(unfolded)?.[1]?.toLowerCase() ?? '7bit';

  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (type.startsWith('multipart/') && boundary !== undefined) {
    const escaped = boundary.replace(/[^\w]/g, '\\$&');
    const [, ...parts] = `\r\n${body}`.split(new RegExp(`\\r\\n--${escaped}(?=(?:--)?[ \\t]*(?:\\r\\n|$))`));
    const end = parts.findIndex((part) => part.startsWith('--'));
    return parts.slice(0, end === -1 ? undefined : end).flatMap((part) => leaves(part.replace(/^[ \t]*\r\n/, ''), 'text/plain'));
  }
  if (type === 'message/rfc822') return leaves(body, 'text/plain');
  return [{ type, content: decode(body, encoding) }];
}

function decode(body: string, encoding: string): Buffer {
  if (encoding === 'base64') return Buffer.from(body.replace(/[^A-Za-z0-9+/=]/g, ''), 'base64');
  if (encoding !== 'quoted-printable') return Buffer.from(body, 'latin1');
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+$/, ''));
  const joined = lines.join('\r\n').replace(/=\r\n/g, '').replace(/=$/, '');
  return Buffer.from(
    joined.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}
