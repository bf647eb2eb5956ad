/** One WebSocket as tests see it: what was sent through it, and what the far end says. */

import { decode, encode } from "@msgpack/msgpack";

/** A request as it crossed. */
export type Message = Record<string, unknown> & { id: number; type: string };

/** The far end of one WebSocket. */
export class Wire {
  readyState = 0;
  protocol = "entente.v1";
  binaryType = "";
  sent: Message[] = [];
  closed: number | undefined = undefined;
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  answers: (message: Message) => unknown = () => undefined;

  send(bytes: Uint8Array): void {
    const message = decode(bytes) as Message;
    this.sent.push(message);
    const answer = this.answers(message);
    if (answer !== undefined) queueMicrotask(() => this.say({ re: message.id, ...(answer as object) }));
  }
  close(code?: number): void {
    this.closed = code;
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(message: object): void {
    this.raw(encode(message));
  }
  raw(bytes: Uint8Array): void {
    this.onmessage?.({ data: bytes.slice().buffer });
  }
  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}
