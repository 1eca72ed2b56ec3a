import { Making } from './making.js';
import { ExportOutput } from './output.js';
import type { ExportReport, ExportRequest, ExportWatcher } from './request.js';

/**
 * Copies archived messages out, in the order of their ids. What is complete is recorded, then it gets its name; whatever ends it before, nothing
 * is there. Memory holds one message, the places of its records, and some hundred octets a message of what is still to be listed.
 */
export async function exportMessages(request: ExportRequest, watcher: ExportWatcher): Promise<ExportReport> {
  const { out, force, format } = request;
  const output = new ExportOutput(out, { force, beside: format === 'mbox' || format === 'maildir' ? `${out}.manifest.json` : undefined });
  let making: Making | undefined;
  try {
    making = new Making(request, output);
    await making.addMessages((done, sizeBytes) => watcher.progress(done, sizeBytes));
    const report = await making.finish();
    await watcher.record(report);
    output.publish(making.published());
    return { ...report, files: making.published().map(({ to }) => to) };
  } catch (error) {
    making?.abandon();
    output.discard();
    throw error;
  }
}
