/** A pickup file as the MTA takes it apart: its own lines, and the message it sends. */
export interface PickedUp {
  readonly name: string;
  /** The message's id, from the file's name. */
  readonly id: string;
  readonly bytes: Buffer;
  readonly sender: string;
  readonly receivers: readonly string[];
  /** Without the envelope lines. */
  readonly message: Buffer;
}

export function takePickupFile(name: string, bytes: Buffer): PickedUp {
  const receivers: string[] = [];
  let sender = '';
  let start = 0;
  for (;;) {
    const end = bytes.indexOf('\r\n', start);
    const line = bytes.toString('latin1', start, end);
    const [, field, value = ''] = /^(x-sender|x-receiver|x-envid|x-job): (.*)$/.exec(line) ?? [];
    if (field === undefined) break;
    if (field === 'x-sender') sender = value;
    if (field === 'x-receiver') receivers.push(value);
    start = end + 2;
  }
  return { name, id: name.slice(0, 36), bytes, sender, receivers, message: bytes.subarray(start) };
}

/** The DER of an encrypted message's CMS structure. */
export function cmsOf(message: Buffer): Buffer {
  const text = message.toString('latin1');
  return Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'base64');
}
