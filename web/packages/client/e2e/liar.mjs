/**
 * A lying server: stands between a page and its node on the socket, reads the messages, and says something else. It keeps
 * its own numbering of events, because a liar would.
 */

import { decode, encode } from "@msgpack/msgpack";

/** Routes the page's socket through a liar; set its `lie` to change events, `answer` to change replies. */
export async function interpose(page) {
  const liar = new Liar();
  await page.routeWebSocket(/\/api\/socket$/, (route) => liar.serve(route));
  return liar;
}

class Liar {
  /** Event → the events that the page gets in its stead. */
  lie = (event) => [event];
  /** Reply, with the type of its request → the reply that the page gets. */
  answer = (reply) => reply;
  /** Everything the node said, as it was. */
  heard = [];
  /** Everything that the page asked for. */
  asked = [];
  #seq = 0;
  #page = null;

  serve(route) {
    this.#page = route;
    this.#seq = 0;
    const node = route.connectToServer();
    const types = new Map();
    route.onMessage((message) => {
      const request = decode(message);
      types.set(request.id, request.type);
      this.asked.push(request);
      node.send(message);
    });
    node.onMessage((message) => {
      const said = decode(message);
      if (said.re !== undefined) return route.send(Buffer.from(encode(this.answer(said, types.get(said.re)))));
      this.heard.push(said);
      for (const event of this.lie(said)) this.say(event);
    });
  }

  /** Keeps one event back. */
  skip() {
    this.#seq += 1;
  }

  /** Says an event of its own invention. */
  say(event) {
    this.#seq += 1;
    this.#page.send(Buffer.from(encode({ ...event, seq: this.#seq })));
  }
}

/** The bytes with one bit turned, `at` from the end. */
export function altered(bytes, at = 10) {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - at] ^= 1;
  return copy;
}
