/**
 * What a person does with the stage and the keyboard, on the SDK's double: pin, fill the screen, turn
 * pages, choose the layout, use the shortcuts, hold a key to talk, and be told of talking while muted.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { enter, useHarness } from "./support.mjs";

describe("the stage and the keyboard", { concurrency: 1 }, () => {
  const app = useHarness();

  /** Stands in a meeting with `count` people. */
  const on = (count, work, options = {}) =>
    app.on(options, async (page) => {
      await enter(page, app.origin);
      await page.evaluate((many) => window.harness.people(many), count);
      await work(page);
    });
  const button = (page, name) => page.getByRole("button", { name, exact: true });
  const shown = (page) => page.locator(".stage-rest figure").evaluateAll((all) => all.map((one) => one.dataset.participant ?? "me"));
  const main = (page, participant) => page.locator(`.stage-main [data-participant="${participant}"]`);
  const pressed = (page, name, value) => page.getByRole("button", { name, exact: true, pressed: value }).waitFor();
  const lastView = (page) => page.evaluate(() => window.harness.meeting.calls.findLast(([name]) => name === "setView")[1]);

  it("keeps a pinned picture large, whoever speaks, and asks the server for it first", async () => {
    await on(5, async (page) => {
      await page.locator('[data-participant="p_2"]').hover();
      await button(page, "Keep Jürgen Weiß large").click();
      await main(page, "p_2").waitFor();
      await page.evaluate(() => window.harness.meeting.changePerson("p_1", { speaking: true }));
      await page.evaluate(() => window.harness.screen("p_3"));
      await page.locator(".filmstrip .tile-screen").waitFor();
      assert.equal(await main(page, "p_2").count(), 1);
      const [first, ...rest] = await lastView(page);
      assert.equal(first.participant, "p_2");
      assert.ok(rest.every((view) => view.height < first.height / 2));
      await button(page, "No longer keep Jürgen Weiß large").click();
      await page.locator(".stage-main .tile-screen").waitFor();
    });
  });

  it("is pinned by keyboard, with the focus in sight", async () => {
    await on(3, async (page) => {
      const pin = button(page, "Keep Anna Smit large");
      for (let step = 0; step < 20 && !(await pin.evaluate((element) => element === document.activeElement)); step += 1) await page.keyboard.press("Tab");
      assert.equal(await pin.evaluate((element) => getComputedStyle(element.parentElement).opacity), "1");
      await page.keyboard.press("Enter");
      await main(page, "p_1").waitFor();
    }, { motion: "reduce" });
  });

  it("turns pages by button and by key, shows everybody once, and asks only for those in sight", async () => {
    await on(20, async (page) => {
      await page.getByText("Page 1 of 3").waitFor();
      const seen = new Set(await shown(page));
      await button(page, "Next page").click();
      await page.getByText("Page 2 of 3").waitFor();
      for (const id of await shown(page)) seen.add(id);
      await page.locator(".stage-area").focus();
      await page.keyboard.press("PageDown");
      await page.getByText("Page 3 of 3").waitFor();
      await page.keyboard.press("PageDown");
      const last = await shown(page);
      for (const id of last) seen.add(id);
      assert.equal(seen.size, 20);
      assert.deepEqual((await lastView(page)).map((view) => view.participant), last.filter((id) => id !== "me"));
      // Pressing on at the end did not count.
      await page.keyboard.press("PageUp");
      await page.getByText("Page 2 of 3").waitFor();
      await page.evaluate(() => window.harness.people(4));
      await page.getByText("Page 2 of 3").waitFor({ state: "detached" });
      assert.equal((await shown(page)).length, 4);
    });
  });

  it("shows who speaks in large when that was chosen, and remembers the choice", async () => {
    await on(4, async (page) => {
      await button(page, "More").click();
      await button(page, "Whoever speaks in large").click();
      await page.evaluate(() => window.harness.meeting.changePerson("p_3", { speaking: true }));
      await main(page, "p_3").waitFor();
      await page.evaluate(() => (window.harness.meeting.changePerson("p_3", { speaking: false }), window.harness.meeting.changePerson("p_1", { signing: true })));
      await main(page, "p_1").waitFor();
      assert.equal(await page.evaluate(() => JSON.parse(localStorage.getItem("entente.settings")).layout), "speaker");
    });
  });

  it("fills the screen with the page and with one picture", async () => {
    await on(3, async (page) => {
      await button(page, "More").click();
      await button(page, "Full screen").click();
      await page.waitForFunction(() => document.fullscreenElement === document.documentElement);
      await button(page, "More").click();
      await page.getByRole("button", { name: "Full screen", pressed: true }).click();
      await page.waitForFunction(() => document.fullscreenElement === null);
      await page.evaluate(() => window.harness.screen("p_1"));
      await button(page, "Anna Smit’s screen in full screen").click();
      await page.locator(".stage-filled .stage-main .tile-screen").waitFor();
      const [picture, stage] = await Promise.all([".tile-screen", ".stage-area"].map((one) => page.locator(one).boundingBox()));
      assert.deepEqual(picture, stage, "the picture has the whole stage");
      assert.equal(await page.locator("nav.bar, .stage-rest").filter({ visible: true }).count(), 0);
      await button(page, "Leave full screen").click();
      await page.waitForFunction(() => document.fullscreenElement === null);
      await page.locator(".stage-rest").waitFor();
    });
  });

  it("shows every warning beside a picture in full screen, and keeps it there when somebody else speaks", async () => {
    await on(3, async (page) => {
      await button(page, "More").click();
      await button(page, "Whoever speaks in large").click();
      const speak = (who) => page.evaluate((id) => window.harness.people(3) ?? window.harness.meeting.changePerson(id, { speaking: true }), who);
      await speak("p_1");
      await button(page, "Anna Smit in full screen").click();
      await main(page, "p_1").and(page.locator(".stage-filled *")).waitFor();
      await speak("p_2");
      await main(page, "p_2").waitFor();
      assert.equal(await page.locator(".stage-filled").count(), 1);
      await page.evaluate(() => {
        const { encryption } = window.harness.meeting.getSnapshot();
        window.harness.show({ state: "reconnecting", encryption: { ...encryption, alarms: [{ code: "fork", people: [], time: 1 }] } });
      });
      await page.keyboard.press("Control+/");
      await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
      // What the browser shows in full screen is inside of the element that fills it.
      const inside = (selector) => page.locator(selector).first().evaluate((element) => document.fullscreenElement?.contains(element) && element.checkVisibility());
      for (const selector of [".notice-danger", ".notice-warn", ".development", ".announcer", "[role=dialog]"]) {
        assert.equal(await inside(selector), true, `${selector} is not in sight`);
      }
    });
  });

  it("opens More with the keyboard, and Escape gives the focus back", async () => {
    await on(3, async (page) => {
      await button(page, "More").focus();
      await page.keyboard.press("Enter");
      assert.equal(await button(page, "More").getAttribute("aria-expanded"), "true");
      await page.waitForFunction(() => document.activeElement?.textContent === "Everyone the same size");
      await page.keyboard.press("Escape");
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "More");
      assert.equal(await page.locator(".more-list").count(), 0);
    });
  });

  it("obeys the keys of other products, also while somebody writes", async () => {
    await on(3, async (page) => {
      await page.keyboard.press("Control+d");
      await pressed(page, "Microphone", false);
      await page.keyboard.press("Control+e");
      await pressed(page, "Camera", false);
      await page.keyboard.press("Control+Alt+c");
      const field = page.getByRole("textbox", { name: "Message to everyone" });
      await field.fill("un");
      await field.press("Control+d");
      await pressed(page, "Microphone", true);
      assert.equal(await field.inputValue(), "un");
      await page.keyboard.press("Control+Alt+h");
      await pressed(page, "Raise hand", true);
      await page.keyboard.press("Control+/");
      await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    });
  });

  it("obeys a key that is held once, and keeps its repeats from the browser, which would open a dialog of its own", async () => {
    await on(3, async (page) => {
      await page.keyboard.down("Control");
      for (let press = 0; press < 4; press += 1) await page.keyboard.down("d");
      await page.keyboard.up("d");
      await page.keyboard.up("Control");
      await pressed(page, "Microphone", false);
      assert.deepEqual(await page.evaluate(() => window.strokes.map((event) => [event.repeat, event.defaultPrevented])), [
        [false, true],
        [true, true],
        [true, true],
        [true, true],
      ]);
    }, {
      prepare: () => {
        window.strokes = [];
        addEventListener("keydown", (event) => event.key === "d" && window.strokes.push(event), true);
      },
    });
  });

  it("leaves Page down to whatever else scrolls", async () => {
    await on(20, async (page) => {
      await page.getByText("Page 1 of").waitFor();
      await button(page, "People").click();
      await page.getByRole("heading", { name: "People" }).waitFor();
      await page.locator(".panel-scroll").focus();
      await page.keyboard.press("PageDown");
      await page.waitForFunction(() => document.querySelector(".panel-scroll").scrollTop > 0);
      assert.equal(await page.getByText("Page 1 of").count(), 1);
    }, { height: 500 });
  });

  it("opens the microphone while space is held, but not for those who write or press a button", async () => {
    await on(3, async (page) => {
      await button(page, "Microphone").click();
      await pressed(page, "Microphone", false);
      await page.keyboard.down("Space");
      await pressed(page, "Microphone", true);
      await page.keyboard.up("Space");
      await pressed(page, "Microphone", false);
      await button(page, "Chat").click();
      const field = page.getByRole("textbox", { name: "Message to everyone" });
      await field.pressSequentially("a b");
      assert.equal(await field.inputValue(), "a b");
      await pressed(page, "Microphone", false);
      // By keyboard, space is the button's.
      await page.keyboard.press("Tab");
      for (let step = 0; step < 30 && !(await button(page, "Camera").evaluate((element) => element === document.activeElement)); step += 1) await page.keyboard.press("Tab");
      await page.keyboard.press("Space");
      await pressed(page, "Camera", false);
      await pressed(page, "Microphone", false);
    });
  });

  /** A microphone in which somebody talks without pause. */
  const talker = () => {
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (constraints) => {
      const stream = await real(constraints);
      if (!constraints.audio) return stream;
      const context = new AudioContext();
      const tone = context.createOscillator();
      const out = context.createMediaStreamDestination();
      tone.connect(out);
      tone.start();
      return new MediaStream([...stream.getVideoTracks(), ...out.stream.getAudioTracks()]);
    };
  };

  it("tells people who talk while their microphone is off, and lets them switch it on there", async () => {
    await on(3, async (page) => {
      assert.equal(await page.getByText("Nobody can hear you").count(), 0);
      await button(page, "Microphone").click();
      await page.getByText("Nobody can hear you: your microphone is off.").waitFor();
      assert.equal((await page.evaluate(() => window.harness.meeting.calls.findLast(([name]) => name === "setMicrophone")))[1], false, "nothing is sent");
      await button(page, "Switch it on").click();
      await pressed(page, "Microphone", true);
      await page.getByText("Nobody can hear you").waitFor({ state: "detached" });
    }, { prepare: talker });
  });

  it("says that I am signing, and shows who does", async () => {
    await on(3, async (page) => {
      await button(page, "More").click();
      await button(page, "I am signing").click();
      assert.ok((await page.evaluate(() => window.harness.meeting.calls)).some(([name, value]) => name === "setSigning" && value === true));
      await page.locator('[data-self="true"]').getByText("Signing").waitFor();
    });
  });

  it("plays to the loudspeaker that was chosen, and makes a sound to try it", async () => {
    await on(3, async (page) => {
      await button(page, "More").click();
      await button(page, "Settings").click();
      const choice = page.getByRole("combobox", { name: "Heard through" });
      const last = await choice.locator("option").last().getAttribute("value");
      await choice.selectOption(last);
      assert.ok((await page.evaluate(() => window.harness.meeting.calls)).some(([name, id]) => name === "setSpeaker" && id === last));
      await button(page, "Play a test sound").click();
      await page.waitForFunction(() => window.played === 1);
    }, {
      prepare: () => {
        window.played = 0;
        const play = HTMLAudioElement.prototype.play;
        HTMLAudioElement.prototype.play = function () {
          this.addEventListener("ended", () => (window.played += 1));
          return play.call(this);
        };
      },
    });
  });

  it("keeps the devices folded away on a phone until one is in trouble, so that Join is in sight", async () => {
    for (const denied of [false, true]) {
      const page = await app.open({ width: 390, height: 844 });
      if (denied) {
        await page.addInitScript(() => {
          navigator.mediaDevices.getUserMedia = async () => {
            throw new DOMException("", "NotAllowedError");
          };
        });
      }
      await page.goto(`${app.origin}/m/budget-2027#s`);
      await button(page, "Devices").waitFor();
      await page.getByRole("combobox", { name: "Picture from" }).waitFor({ state: denied ? "visible" : "hidden" });
      await page.context().close();
    }
  });
});
