import { withEnvironment } from '../config/environment.js';
import { type Config, configSchema } from '../config/schema.js';
import type { Way } from '../way.js';

/** How a person asks for one message to be sealed. */
export interface Wish {
  readonly sign: 'opaque' | 'detached' | undefined;
  readonly encrypt: boolean;
}

/**
 * The configuration that one message sent by hand is sealed by. Without a configuration file the wish alone decides, and nothing wished
 * means nothing done. With one its policy holds, and the wish can add protection but take none away: what a rule says must be encrypted
 * never leaves in clear because somebody forgot a flag. Everybody's copy goes the way that was asked for.
 */
export function policyByHand(config: Config | undefined, wish: Wish, via: Way, environment = process.env): Config {
  return config === undefined ? wishAlone(wish, via, environment) : raised(config, wish, via);
}

function wishAlone(wish: Wish, via: Way, environment: NodeJS.ProcessEnv): Config {
  const base = configSchema.parse(withEnvironment({}, environment));
  const protect = { sign: wish.sign ?? 'none', encrypt: wish.encrypt ? 'required' : 'none' } as const;
  // A person who names the message knows what it is.
  const already = { alreadySigned: 'seal', alreadyEncrypted: 'seal' } as const;
  return {
    ...base,
    protect: { ...base.protect, ...protect, ...already },
    // Policy refuses to let mail pass unsealed unless a rule says so in full.
    rules: [{ name: 'as asked for', when: {}, protect }],
    delivery: { ...base.delivery, via },
  };
}

function raised(config: Config, { sign, encrypt }: Wish, via: Way): Config {
  const more = {
    ...(sign === undefined ? {} : ({ sign, alreadySigned: 'seal' } as const)),
    ...(encrypt ? ({ encrypt: 'required', clearCopies: 'refuse' } as const) : {}),
  };
  return {
    ...config,
    protect: { ...config.protect, ...more },
    rules: config.rules.map((rule) => ({ ...rule, protect: { ...rule.protect, ...more }, delivery: { ...rule.delivery, via } })),
    delivery: { ...config.delivery, via },
  };
}
