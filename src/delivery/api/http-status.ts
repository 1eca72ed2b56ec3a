const OF_THE_HOST = new Set([404, 405, 407, 410, 421, 426, 502, 503, 511]);

/**
 * A status that speaks of the host, the way there or our address for it, whatever the message: the next one would get it too (RFC 9110
 * §15). Redirections are among them; they are not followed, because the key would go along.
 */
export function speaksOfTheHost(status: number): boolean {
  return (status >= 300 && status < 400) || OF_THE_HOST.has(status);
}
