/**
 * A person at a browser: logs in as one of the made-up officials, joins by the link, and looks at and listens to the others
 * with numbers. Everything goes through the app's accessible names, as it does for a clerk.
 */

const HANG_MS = 45_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls `look` until `done` holds; fails with the last thing seen. */
export async function until(what, look, done, hang = HANG_MS) {
  const end = Date.now() + hang;
  let seen;
  for (;;) {
    seen = await look();
    if (done(seen)) return seen;
    if (Date.now() > end) throw new Error(`still not so after ${hang} ms: ${what}; last seen ${JSON.stringify(seen)}`);
    await pause(100);
  }
}

/** Opens a page of the browser and joins the room as `name`; `prepare` sees the page before the link is opened. */
export async function joinAs(browser, link, name, { log = false, prepare = async () => {} } = {}) {
  const page = await browser.newPage();
  await prepare(page);
  const lines = [];
  page.onConsole((line) => {
    lines.push(line);
    if (log) console.log(`[${name}] ${line}`);
  });
  await page.goto(link);
  await page.press(new RegExp(name));
  await page.press("Join");
  return new Person(page, name, lines);
}

/** What one person sees and hears. */
class Person {
  constructor(page, name, lines) {
    this.page = page;
    this.name = name;
    this.lines = lines;
  }

  press(label) {
    return this.page.press(label);
  }

  /** The pictures of others on screen: label, size, and frames shown so far. */
  pictures() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll("figure video")]
        .filter((video) => !video.closest("[data-self]"))
        .map((video) => ({
          label: video.closest("figure")?.querySelector("figcaption")?.textContent ?? "",
          width: video.videoWidth,
          height: video.videoHeight,
          // Firefox counts no frames of a MediaStream here; its clock runs only while pictures come.
          frames: video.getVideoPlaybackQuality().totalVideoFrames || Math.floor(video.currentTime * 10),
        })),
    );
  }

  /** What arrives and leaves, over all connections: frames decoded, energy heard, packets sent. */
  numbers() {
    return this.page.evaluate(async () => {
      const sum = { framesDecoded: 0, energy: 0, audioPackets: 0, videoSent: 0, audioSent: 0, freezes: 0, concealed: 0, states: [] };
      for (const connection of window.__connections) {
        sum.states.push(connection.connectionState);
        for (const row of (await connection.getStats()).values()) {
          if (row.type === "inbound-rtp" && row.kind === "video") {
            sum.framesDecoded += row.framesDecoded ?? 0;
            sum.freezes += row.freezeCount ?? 0;
          }
          if (row.type === "inbound-rtp" && row.kind === "audio") {
            sum.energy += row.totalAudioEnergy ?? 0;
            sum.audioPackets += row.packetsReceived ?? 0;
            sum.concealed += row.concealedSamples ?? 0;
          }
          if (row.type === "outbound-rtp") sum[row.kind === "video" ? "videoSent" : "audioSent"] += row.packetsSent ?? 0;
        }
      }
      return sum;
    });
  }

  /** The text of the page, as a reader would find it. */
  text() {
    return this.page.evaluate(() => document.body.innerText);
  }

  /** Waits until `count` pictures of others move, each with a name on it. */
  async sees(count) {
    const first = await until(
      `${this.name} sees ${count}`,
      () => this.pictures(),
      (pictures) => pictures.filter((one) => one.width > 0 && one.frames > 5 && one.label !== "").length >= count,
    );
    return first;
  }

  /** Waits until sound arrives: energy rising. */
  async hears() {
    const before = await this.numbers();
    return until(`${this.name} hears`, () => this.numbers(), (now) => now.energy > before.energy + 1e-4);
  }

  /** Leaves; a host says that the meeting goes on without him. */
  async leave() {
    await this.page.press("Leave");
    const asked = await this.page.evaluate(() => [...document.querySelectorAll(".more-item")].some((item) => item.textContent.startsWith("Leave;")));
    if (asked) await this.page.press("Leave; the meeting goes on");
  }
}
