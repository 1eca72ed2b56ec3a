/** The forms in which a secret, or the user it belongs to, can come back: as it is, in base64, and as AUTH PLAIN sends it (RFC 4616). */
export function secretForms(user: string | undefined, secret: string | undefined): string[] {
  if (secret === undefined || secret === '') return [];
  return [secret, ...[secret, `\0${user ?? ''}\0${secret}`].map((text) => Buffer.from(text, 'utf8').toString('base64'))];
}

export function withoutSecrets(text: string, hidden: readonly string[]): string {
  return hidden.filter((secret) => secret !== '').reduce((masked, secret) => masked.replaceAll(secret, '********'), text);
}
