/** A person who uses the SDK alone, without the app: a page of the node's origin that joins and publishes fake devices. */

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls `look` until `done` holds; fails with what was seen last. */
export async function until(what, look, done, ms = 40_000) {
  const end = Date.now() + ms;
  for (;;) {
    const seen = await look();
    if (done(seen)) return seen;
    if (Date.now() > end) throw new Error(`${what}: last seen ${JSON.stringify(seen)}`);
    await pause(100);
  }
}

/** Joins the node's room in a fresh page, as a guest or as one of the made-up officials (index of the login's list). */
export async function join(browser, node, who, { microphone = true, camera = true } = {}) {
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  const slug = new URL(node.link).pathname.split("/").at(-1);
  await page.goto(`${node.origin}/healthz`);
  await page.evaluate(
    async (wanted) => {
      // Kept for the tests that cut them.
      window.sockets = [];
      window.workers = [];
      window.peers = [];
      const [RealSocket, RealWorker, RealPeer] = [window.WebSocket, window.Worker, window.RTCPeerConnection];
      window.RTCPeerConnection = class extends RealPeer {
        constructor(...args) {
          super(...args);
          window.peers.push(this);
        }
      };
      window.WebSocket = class extends RealSocket {
        constructor(...args) {
          super(...args);
          window.sockets.push(this);
        }
      };
      window.Worker = class extends RealWorker {
        constructor(...args) {
          super(...args);
          window.workers.push(this);
        }
      };
      const sdk = await import("/sdk/entente.js");
      const options = { slug: wanted.slug, devices: {} };
      if (typeof wanted.who === "string") options.guestName = wanted.who;
      else {
        const config = await (await fetch("/api/config")).json();
        const { tenant, subject } = config.login.development.people[wanted.who];
        const body = JSON.stringify({ tenant, subject });
        const headers = { "content-type": "application/json" };
        options.session = (await (await fetch("/api/login/development", { method: "POST", body, headers })).json()).session;
      }
      if (wanted.microphone) options.devices.microphone = await sdk.openMicrophone();
      if (wanted.camera) options.devices.camera = await sdk.openCamera();
      const start = performance.now();
      window.meeting = await sdk.Entente.join(options);
      window.tracks = options.devices;
      window.alarms = [];
      window.videos = new Map();
      const arrange = () => {
        const { tiles } = window.meeting.getSnapshot();
        const keys = tiles.map((tile) => `${tile.participant}/${tile.source}`);
        for (const tile of tiles) {
          const key = `${tile.participant}/${tile.source}`;
          if (window.videos.has(key)) continue;
          const video = document.body.appendChild(document.createElement("video"));
          window.videos.set(key, { video, detach: tile.attach(video) });
          window.meeting.setView(tiles.map(({ participant, source }) => ({ participant, source, height: 540 })));
        }
        for (const [key, { video, detach }] of window.videos) {
          if (keys.includes(key)) continue;
          detach();
          video.remove();
          window.videos.delete(key);
        }
        if (window.firstFrame === undefined && tiles.some((tile) => tile.labelled !== null)) window.firstFrame = performance.now() - start;
      };
      window.meeting.subscribe(arrange);
      window.meeting.on("alarm", (alarm) => window.alarms.push(alarm));
      arrange();
    },
    { slug, who, microphone, camera },
  );
  return new Person(page, errors);
}

class Person {
  constructor(page, errors) {
    this.page = page;
    this.errors = errors;
  }

  /** The parts of the snapshot that cross to the test. */
  look() {
    return this.page.evaluate(() => {
      const { state, me, people, tiles, encryption, messages, ended, mutedBy, own, handsToldBy, tenants } = window.meeting.getSnapshot();
      return {
        state,
        me,
        ended,
        mutedBy,
        own,
        tenants,
        handsToldBy,
        encryption,
        people: people.map((person) => ({ ...person })),
        texts: messages.map((message) => `${message.name}: ${message.text}`),
        tiles: tiles.map((tile) => {
          const shown = window.videos.get(`${tile.participant}/${tile.source}`)?.video;
          return {
            participant: tile.participant,
            source: tile.source,
            state: tile.state,
            name: tile.labelled?.name ?? null,
            width: shown?.videoWidth ?? 0,
            height: shown?.videoHeight ?? 0,
          };
        }),
      };
    });
  }

  stats() {
    return this.page.evaluate(() => window.meeting.stats());
  }

  /** Waits until this many others have a moving picture with a name. */
  sees(count, source = "camera") {
    return until(
      `sees ${count}`,
      () => this.look(),
      ({ tiles }) => tiles.filter((tile) => tile.source === source && tile.name !== null && tile.width > 0).length === count,
    );
  }

  close() {
    return this.page.close();
  }
}
