/** A few lines of DER writing for tests, on purpose not the program's own writer: a mistake in one must not hide in the other. */
export function der(tag: number, ...contents: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const significant = length.subarray(length.findIndex((octet) => octet !== 0));
  return Buffer.concat([Buffer.of(tag, 0x80 | significant.length), significant, content]);
}

export const seq = (...members: Buffer[]): Buffer => der(0x30, ...members);
export const set = (...members: Buffer[]): Buffer => der(0x31, ...members);
export const octets = (content: Buffer | string): Buffer => der(0x04, content);
export const int = (value: number): Buffer => der(0x02, Buffer.of(value));
export const ctx = (number: number, ...contents: Buffer[]): Buffer => der(0xa0 | number, ...contents);

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left & 0x7f));
    return groups;
  });
  return der(0x06, Buffer.from(bytes));
}

/** An element of indefinite length. */
export function indefinite(tag: number, ...contents: Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(tag, 0x80), ...contents, Buffer.of(0, 0)]);
}
