import type { Container } from './container.js';
import { Folder } from './folder.js';
import { Maildir } from './maildir.js';
import { Mbox } from './mbox.js';
import type { ExportRequest } from './request.js';
import { Zip } from './zip.js';

export function openContainer({ format, head }: Pick<ExportRequest, 'format' | 'head'>, path: string): Container {
  switch (format) {
    case 'zip':
      return new Zip(path, new Date(head.madeAt));
    case 'eml':
      return new Folder(path);
    case 'mbox':
      return new Mbox(path);
    case 'maildir':
      return new Maildir(path);
  }
}
