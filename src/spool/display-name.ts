/** A file name for people: UTF-8 if it is, otherwise with its odd octets escaped; control characters never reach a log. */
export function displayName(latin1Name: string): string {
  const octets = Buffer.from(latin1Name, 'latin1');
  const text = octets.toString('utf8');
  const name = Buffer.from(text, 'utf8').equals(octets) ? text : latin1Name;
  return name.replaceAll(
    /[\u0000-\u001f\u007f-\u009f\ufffd\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
