/**
 * "How am I protected?": the table K1 of the rules, for the meeting at hand. Each row names an
 * adversary, what is promised against it and what the promise rests on. Rows that cannot occur
 * here say so; what this version does not yet have (the public log, recordings) is not claimed.
 */

import { members } from "./people.ts";
import type { MeetingSnapshot } from "./port.ts";
import { suiteKind } from "./encryption.ts";

const ROWS = {
  server: { who: "protect.server.who", promise: "protect.server.promise", rests: "protect.server.rests" },
  partner: { who: "protect.partner.who", promise: "protect.partner.promise", rests: "protect.partner.rests" },
  operator: { who: "protect.operator.who", promise: "protect.operator.promise", rests: "protect.operator.rests" },
  code: { who: "protect.code.who", promise: "protect.code.promise", rests: "protect.code.rests" },
  member: { who: "protect.member.who", promise: "protect.member.promise", rests: "protect.member.rests" },
  collusion: { who: "protect.collusion.who", promise: "protect.collusion.promise", rests: "protect.collusion.rests" },
  removed: { who: "protect.removed.who", promise: "protect.removed.promise", rests: "protect.removed.rests" },
  guest: { who: "protect.guest.who", promise: "protect.guest.promise", rests: "protect.guest.rests" },
  agent: { who: "protect.agent.who", promise: "protect.agent.promise", rests: "protect.agent.rests" },
  traffic: { who: "protect.traffic.who", promise: "protect.traffic.promise", rests: "protect.traffic.rests" },
  quantum: { who: "protect.quantum.who", promise: "protect.quantum.promise", rests: "protect.quantum.rests" },
  classical: { who: "protect.quantum.who", promise: "protect.classical.promise", rests: "protect.classical.rests" },
} as const;

export type ProtectionRow = (typeof ROWS)[keyof typeof ROWS];

/** The rows that hold for this meeting, in the order of K1. */
export function protection(snapshot: MeetingSnapshot): ProtectionRow[] {
  const deployments = new Set(members(snapshot.people).map((person) => person.deployment));
  const rows: ProtectionRow[] = [ROWS.server];
  if (deployments.size > 1) rows.push(ROWS.partner);
  rows.push(ROWS.operator, ROWS.code, ROWS.member, ROWS.collusion, ROWS.removed);
  if (members(snapshot.people).some((person) => person.role === "guest")) rows.push(ROWS.guest);
  if (members(snapshot.people).some((person) => person.role === "agent" || person.role === "recipient")) rows.push(ROWS.agent);
  rows.push(ROWS.traffic);
  rows.push(suiteKind(snapshot.encryption) === "hybrid" ? ROWS.quantum : ROWS.classical);
  return rows;
}
