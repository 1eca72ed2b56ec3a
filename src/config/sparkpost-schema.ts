import { apiHost, integer, path, section } from './kinds.js';

/** `delivery.sparkpost`: the Transmissions API. */
export const sparkpostSection = section({
  host: apiHost()
    .default('api.sparkpost.com')
    .describe('The API: api.sparkpost.com, for accounts in the EU api.eu.sparkpost.com. SPARKPOST_HOST in the environment overrides it.'),
  apiKeyFile: path()
    .exactOptional()
    .meta({ example: '/etc/sealdrop/sparkpost-api-key' })
    .describe(
      'File that holds an API key with the right "Transmissions: Read/Write" and nothing else, readable by its owner alone (chmod 600). Without it the key is the systemd credential "sparkpost-api-key". SPARKPOST_API_KEY in the environment overrides both.',
    ),
  subaccount: integer(1, 2_147_483_647)
    .exactOptional()
    .meta({ example: 123 })
    .describe('Send for this subaccount (X-MSYS-SUBACCOUNT); the key must be the main account’s.'),
  connections: integer(1, 10).default(4).describe('Connections open at the same time, 1 to 10: SparkPost wants no more.'),
  maxRecipients: integer(1, 10_000).default(2000).describe('A copy for more recipients is divided. SparkPost takes at most 10000.'),
});
