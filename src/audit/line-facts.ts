/** The number that a line of chain or details begins with; undefined for what is no such line. Nothing else of it is looked at. */
export function seqOf(line: string): number | undefined {
  const digits = /^\{"seq":(\d{1,15}),/.exec(line)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The message that a chain line names. The cheap look: most lines of a busy day are about other messages than those asked for. */
export function idOf(chainLine: string): string | undefined {
  return /"id":"([0-9a-f-]{36})"/.exec(chainLine)?.[1];
}

/** Whether a details line names many messages, `{"ids":[…],…}`, which their chain record does not: `handed-over`. */
export function isAboutMany(detailsLine: string): boolean {
  return /^\{"seq":\d+,"salt":"[0-9a-f]*","detail":\{"ids":\[/.test(detailsLine);
}
