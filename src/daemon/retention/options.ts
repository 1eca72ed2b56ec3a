import type { Config } from '../../config/schema.js';
import type { SpoolLayout } from '../../spool/layout.js';
import type { RetentionOptions } from './engine.js';
import { retentionPlaces } from './places.js';

export function retentionOptions(config: Config, layout: SpoolLayout): RetentionOptions {
  const { retention, maxClockStep } = config.archive;
  return { places: retentionPlaces(config, layout), rules: retention, maxClockStepMs: maxClockStep };
}
