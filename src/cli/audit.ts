import { Command } from 'commander';
import { auditCheck } from './audit/check.js';
import { auditExport } from './audit/export.js';
import { auditHead } from './audit/head.js';
import { auditIdentity } from './audit/identity.js';
import { auditList } from './audit/list.js';
import { auditProve } from './audit/prove.js';
import { auditVerify } from './audit/verify.js';

export function auditCommand(ended: (exitCode: number) => void): Command {
  return new Command('audit')
    .description('The audit trail: list it, and prove it.')
    .addCommand(auditList())
    .addCommand(auditVerify(ended))
    .addCommand(auditProve())
    .addCommand(auditCheck(ended))
    .addCommand(auditIdentity())
    .addCommand(auditHead())
    .addCommand(auditExport());
}
