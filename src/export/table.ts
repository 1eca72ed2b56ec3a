import type { Exhibit } from './exhibit.js';
import { type FileFacts, HashedFile } from './hashed-file.js';

/** `manifest.csv` (RFC 4180): the messages once more, for a spreadsheet. */
export class Table {
  private readonly file: HashedFile;
  private readonly personal: boolean;

  constructor(path: string, options: { personal: boolean }) {
    this.file = new HashedFile(path);
    this.personal = options.personal;
    this.row(['id', 'accepted', ...(this.personal ? ['sender', 'recipients', 'subject'] : []), 'bytes', 'sha256', 'file']);
  }

  add({ account, subject, sizeBytes, sha256 }: Exhibit, file: string | undefined): void {
    const { id, accepted, claimed, envelope } = account;
    const personal = [envelope?.sender ?? '', (envelope?.recipients ?? []).join(' '), subject ?? ''];
    this.row([id, accepted?.time ?? claimed, ...(this.personal ? personal : []), String(sizeBytes), sha256, file ?? '']);
  }

  end(): FileFacts {
    return this.file.close();
  }

  private row(cells: readonly string[]): void {
    this.file.write(`${cells.map(cell).join(',')}\r\n`);
  }
}

const FORMULA = /^(?=[=+\-@\t\r\n])|([;\t\r\n][\s"']{0,8})(?=[=+\-@])/g;

/**
 * What a spreadsheet would take for a formula gets an apostrophe: whoever wrote a subject must not reach into the reader's machine. Also
 * behind a semicolon, a tab or a line end: in many countries these part the cells, whatever the quotes say.
 */
function cell(text: string): string {
  return `"${text.replace(FORMULA, "$1'").replaceAll('"', '""')}"`;
}
