import { httpUrl, integer, path, section, userName } from './kinds.js';

/** `delivery.kumomta`: KumoMTA's HTTP injection. */
export const kumomtaSection = section({
  url: httpUrl()
    .meta({ example: 'http://127.0.0.1:8000' })
    .describe('KumoMTA’s HTTP listener. KumoMTA 2025.12 or later; earlier ones would take braces in a message for a template.'),
  user: userName()
    .refine((user) => !user.includes(':'), {
      error: 'holds a colon, which HTTP basic authentication has no place for; choose another user',
    })
    .exactOptional()
    .meta({ example: 'sealdrop' })
    .describe('User for HTTP basic authentication. Without it this host has to be among trusted_hosts.'),
  passwordFile: path()
    .exactOptional()
    .meta({ example: '/etc/sealdrop/kumomta-password' })
    .describe(
      'File that holds the password and nothing else, readable by its owner alone (chmod 600). Without it the password is the systemd credential "kumomta-password".',
    ),
  connections: integer(1, 100).default(4).describe('Connections open at the same time, 1 to 100.'),
});
