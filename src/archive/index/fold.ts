/** Text for comparing without regard to case or to forms of the same character (`ß` is `ss`, a full-width letter the narrow one). */
export function folded(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC').replaceAll('ς', 'σ').replace(/\s+/g, ' ').trim();
}
