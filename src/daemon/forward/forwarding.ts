import { Worker } from 'node:worker_threads';
import type { ChainPosition } from '../../audit/follow.js';
import type { TargetPosition } from '../../audit/forward/positions.js';
import { plainFault } from '../protocol.js';
import type { DaemonWorld } from '../world.js';
import type { ForwardData, FromForwarder, ToForwarder } from './messages.js';
import { forwardTargets } from './targets.js';

/** The audit trail as it is here. */
export interface TrailHere {
  /** Up to where it is durable. */
  readonly end: ChainPosition | undefined;
  /** Its last durable record. */
  readonly head: { readonly seq: number };
}

export interface Forwarding {
  /** Sends what is left, for a few seconds, and ends. `end`: up to where the trail is durable. */
  stop(end: ChainPosition | undefined): Promise<void>;
}

const lookMs = 200;
const stopMs = 5000;

/**
 * Forwards the trail in a thread of its own, which reads what is durable on disk: neither its work nor a receiver's trouble reaches those
 * who seal and record. Undefined if nothing is to be forwarded.
 */
export function openForwarding({ config, layout, health }: DaemonWorld, audit: TrailHere): Forwarding | undefined {
  const targets = forwardTargets(config);
  if (targets.length === 0) return undefined;
  const { personal, confirmMs } = config.audit.forward;
  const data: ForwardData = {
    auditDirectory: layout.audit,
    positionsFile: layout.forwardFile,
    targets,
    personal,
    confirmMs,
    end: audit.end,
  };
  const thread = new Worker(new URL('./thread.js', import.meta.url), { workerData: data });
  const say = (message: ToForwarder) => thread.postMessage(message);
  const stopped = new Promise<void>((resolve) => {
    thread.on('message', (message: FromForwarder) => {
      if (message.kind === 'stopped') resolve();
      else for (const [name, position] of message.positions) tell(name, position);
    });
    thread.once('error', (error) => health.trouble('forward', plainFault(error)));
    thread.once('exit', () => resolve());
  });
  const tell = (name: string, { held, fault, differsSince }: TargetPosition) => {
    health.trouble(name, fault === undefined ? undefined : { ...fault, disposition: 'wait' });
    if (differsSince !== undefined) health.trouble(`${name}: trail`, differs(name, differsSince));
    health.forwarded(name, { held: held.seq, time: held.time, behind: () => Math.max(0, audit.head.seq - held.seq) });
  };
  let said = data.end;
  const timer = setInterval(() => {
    const { end } = audit;
    if (end === undefined || (end.segment === said?.segment && end.offset === said.offset)) return;
    said = end;
    say({ kind: 'end', end });
  }, lookMs);
  return {
    async stop(end) {
      clearInterval(timer);
      if (end !== undefined) say({ kind: 'end', end });
      say({ kind: 'stop', longestMs: stopMs });
      await stopped;
      await thread.terminate();
    },
  };
}

function differs(name: string, since: string) {
  return {
    code: 'trail-differs',
    message: `at ${since} the audit trail here was no longer what ${name} had got of it: its end is missing, or it was written anew`,
    disposition: 'wait' as const,
    cure: 'Keep a copy of the audit directory, and run "sealdrop audit verify --anchor" with what is held there.',
  };
}
