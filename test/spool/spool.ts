import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type SpoolLayout, spoolLayout } from '../../src/spool/layout.js';
import { prepareSpool } from '../../src/spool/prepare.js';
import { makeTemp } from '../kit/temp.js';

/** A spool that only we may use, with its directories. */
export function makeSpool(): SpoolLayout {
  const layout = spoolLayout(join(makeTemp('spool'), 'spool'));
  prepareSpool(layout, { submitGid: undefined, auditGid: undefined });
  return layout;
}

/** Staging and pickup beside each other. */
export function makePickup(): { staging: string; pickup: string } {
  const directory = makeTemp('pickup');
  const place = { staging: join(directory, 'staging'), pickup: join(directory, 'pickup') };
  for (const path of Object.values(place)) mkdirSync(path);
  return place;
}
