import type { Container } from './container.js';
import type { Exhibit } from './exhibit.js';
import { HashedFile } from './hashed-file.js';

/**
 * One file of all messages, in the variant `mboxrd`: a line of any number of `>` and `From ` gets one more `>`, so that taking one away gives
 * every message back. Line ends are LF, as RFC 4155 asks; the SHA-256 in the manifest is of the original, with the line ends it came with.
 */
export class Mbox implements Container {
  private readonly file: HashedFile;

  constructor(path: string) {
    this.file = new HashedFile(path);
  }

  async addOriginal({ account, bytes }: Exhibit): Promise<undefined> {
    const { accepted, claimed, envelope } = account;
    this.file.write(fromLine(envelope?.sender ?? '', new Date(accepted?.time ?? claimed)));
    for (let at = 0; at < bytes.length; ) {
      const lineFeed = bytes.indexOf(LF, at);
      const end = lineFeed === -1 ? bytes.length : lineFeed;
      if (isFromLine(bytes, at)) this.file.write('>');
      this.file.write(bytes.subarray(at, bytes[end - 1] === CR && lineFeed !== -1 && end > at ? end - 1 : end));
      this.file.write('\n');
      at = end + 1;
    }
    this.file.write('\n');
    return undefined;
  }

  async close() {
    return this.file.close();
  }

  abandon(): void {
    this.file.abandon();
  }
}

/** `From sender date`, the date as asctime(3) writes it, in UTC. */
function fromLine(sender: string, time: Date): string {
  const [, day = '', date = '', month = '', year = '', clock = ''] =
    /^(\w{3}), (\d\d) (\w{3}) (\d{4}) ([\d:]{8})/.exec(time.toUTCString()) ?? [];
  // A quoted local part may have blanks; readers cut the line at the first.
  const address = sender === '' ? 'MAILER-DAEMON' : sender.replace(/[\s\x00-\x1f\x7f]/g, '_');
  return `From ${address} ${day} ${month} ${date.replace(/^0/, ' ')} ${clock} ${year}\n`;
}

const [LF, CR, QUOTE] = [0x0a, 0x0d, 0x3e];

function isFromLine(bytes: Buffer, lineStart: number): boolean {
  let at = lineStart;
  while (bytes[at] === QUOTE) at++;
  return bytes.toString('latin1', at, at + 5) === 'From ';
}
