/**
 * How the app behaves in a browser, on the SDK's double: the whole path by keyboard with focus in
 * sight, what is announced, languages, devices that fail, what a host may do.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { enter, tabTo, useHarness } from "./support.mjs";

describe("the app in a browser", { concurrency: 1 }, () => {
  const app = useHarness();
  const { on } = app;
  const calls = (page) => page.evaluate(() => window.harness.meeting.calls.map((call) => call.slice(0, 2)));
  const button = (page, name) => page.getByRole("button", { name, exact: true });

  it("goes the whole way by keyboard", async () => {
    await on({}, async (page) => {
      await page.goto(app.origin);
      await page.getByRole("heading", { name: "Who are you?" }).waitFor();
      await tabTo(page, "Claire Fontaine");
      await page.keyboard.press("Enter");
      await button(page, "Open the room").waitFor();
      await tabTo(page, "What is it about?");
      await page.keyboard.type("Budget");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Budget 2027" }).waitFor();
      await tabTo(page, "Camera");
      await page.keyboard.press("Space");
      await page.getByText("Your camera is off").waitFor();
      await tabTo(page, "Join");
      await page.keyboard.press("Enter");
      await page.locator(".meeting").waitFor();
      await tabTo(page, "Microphone");
      assert.equal(await button(page, "Microphone").getAttribute("aria-pressed"), "true");
      await page.keyboard.press("Space");
      assert.equal(await button(page, "Microphone").getAttribute("aria-pressed"), "false");
      await tabTo(page, "Chat");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Chat" }).waitFor();
      await tabTo(page, "Message to everyone");
      await page.keyboard.type("Bonjour");
      await page.keyboard.press("Enter");
      await page.locator(".chat-text", { hasText: "Bonjour" }).waitFor();
      await page.keyboard.press("Escape");
      assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Chat", "the focus returns to where it came from");
      await tabTo(page, "Encryption");
      await page.keyboard.press("Enter");
      await tabTo(page, "We compared the code");
      await page.keyboard.press("Enter");
      await page.getByText("Nobody has joined since.").waitFor();
      await tabTo(page, "How am I protected?");
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await tabTo(page, "Leave");
      await page.keyboard.press("Enter");
      await button(page, "Leave; the meeting goes on").waitFor();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "You left the meeting" }).waitFor();
    });
  });

  it("tells comings, goings, hands and chat in a live region", async () => {
    await on({}, async (page) => {
      await enter(page, app.origin);
      const log = page.getByRole("log");
      assert.equal(await log.getAttribute("aria-live"), "polite");
      await page.evaluate(() => window.harness.people(4));
      await log.getByText("Łucja Nowak (Guest, Finances) joined").waitFor();
      await page.evaluate(() => window.harness.meeting.changePerson("p_1", { hand: true }));
      await log.getByText("Anna Smit (Finances) raised a hand").waitFor();
      await page.evaluate(() => window.harness.show({ messages: [{ id: "m", participant: "p_1", name: "Anna Smit", from: window.harness.meeting.getSnapshot().people[1], text: "Page 4", time: Date.now(), own: false }] }));
      await log.getByText("Anna Smit (Finances): Page 4").waitFor();
      assert.equal(await button(page, "Chat").evaluate((element) => document.getElementById(element.getAttribute("aria-describedby"))?.textContent), "1 unread message");
      await page.evaluate(() => window.harness.people(2));
      await log.getByText("Jürgen Weiß (Intérieur) left").waitFor();
    });
  });

  it("speaks four languages and says so to the browser", async () => {
    await on({ language: "fr-FR" }, async (page) => {
      await page.goto(app.origin);
      await page.getByRole("heading", { name: "Qui êtes-vous ?" }).waitFor();
      for (const [id, title, label] of [["de", "Wer sind Sie?", "Langue"], ["nl", "Wie bent u?", "Sprache"], ["en", "Who are you?", "Taal"]]) {
        await page.getByRole("combobox", { name: label }).selectOption(id);
        await page.getByRole("heading", { name: title }).waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.lang), id);
      }
      await page.getByRole("combobox", { name: "Appearance" }).selectOption("dark");
      assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "dark");
      await page.reload();
      await page.getByRole("heading", { name: "Who are you?" }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
    });
  });

  it("lets people join without a camera and says why it is missing", async () => {
    await on({}, async (page) => {
      await page.addInitScript(() => {
        navigator.mediaDevices.getUserMedia = async () => {
          throw new DOMException("", "NotAllowedError");
        };
      });
      await enter(page, app.origin);
      await page.getByRole("alert").filter({ hasText: "does not allow the camera" }).waitFor();
      assert.equal(await button(page, "Camera").getAttribute("aria-pressed"), "false");
    });
  });

  it("shows a name on a moving picture only when the frame was matched (M4.5)", async () => {
    await on({}, async (page) => {
      await enter(page, app.origin);
      const tile = page.locator('[data-participant="p_1"]');
      await tile.getByText("Anna Smit").waitFor();
      await page.evaluate(() => window.harness.tile("p_1", { labelled: null }));
      await tile.locator(".tile-cover").waitFor();
      assert.equal(await tile.getByText("Anna Smit").count(), 0);
      // The server put another person's picture there: the frame decides the name, not the place.
      await page.evaluate(() => window.harness.tile("p_1", { labelled: window.harness.meeting.getSnapshot().people[2] }));
      await tile.getByText("Jürgen Weiß").waitFor();
      assert.equal(await tile.getByText("Anna Smit").count(), 0);
    });
  });

  it("takes the promise back as soon as something is wrong", async () => {
    await on({}, async (page) => {
      await enter(page, app.origin);
      await button(page, "Encryption").click();
      const lead = page.locator(".panel .lead");
      assert.equal(await lead.textContent(), "Only the 3 people listed can hear this meeting");
      await page.evaluate(() => {
        const { encryption } = window.harness.meeting.getSnapshot();
        window.harness.show({ encryption: { ...encryption, alarms: [{ code: "equivocation", people: ["Anna Smit"], time: Date.now() }] } });
      });
      await page.getByRole("alert").filter({ hasText: "different people different things" }).waitFor();
      assert.equal(await lead.textContent(), "Something is wrong with the encryption of this meeting");
      assert.equal(await page.getByText("can hear this meeting", { exact: false }).filter({ visible: true }).count(), 0);
    });
  });

  it("says that the service was restarted and what to do, until put aside; a danger cannot be put aside", async () => {
    await on({}, async (page) => {
      await enter(page, app.origin);
      const notice = (change) =>
        page.evaluate((values) => window.harness.show({ encryption: { ...window.harness.meeting.getSnapshot().encryption, ...values } }), change);
      await notice({ newGroup: { reason: "restarted" }, alarms: [{ code: "new_group", people: [], time: 5 }] });
      const told = page.getByRole("alert").filter({ hasText: "The service was restarted; the meeting goes on with new keys. Compare the code again." });
      await told.waitFor();
      assert.equal(await page.locator(".head-standing").textContent(), "Only the 3 people listed can hear this meeting");
      await told.getByRole("button", { name: "Close this note" }).click();
      await told.waitFor({ state: "detached" });
      await notice({ alarms: [{ code: "new_group", people: [], time: 5 }, { code: "fork", people: [], time: 4 }] });
      await page.getByRole("alert").filter({ hasText: "different people different things" }).waitFor();
      assert.equal(await button(page, "Close this note").count(), 0);
    });
  });

  it("shows a source as off that the seal stopped, and whose word raised hands rest on", async () => {
    await on({}, async (page) => {
      await enter(page, app.origin);
      await page.evaluate(() => {
        const quiet = { on: false, why: null };
        const own = { microphone: quiet, camera: { on: false, why: "source_stopped" }, screen: quiet, screen_sound: quiet };
        window.harness.show({ own, handsToldBy: "Anna Smit" });
      });
      await page.getByRole("alert").filter({ hasText: "Your camera was switched off" }).waitFor();
      assert.equal(await button(page, "Camera").getAttribute("aria-pressed"), "false");
      await button(page, "People").click();
      await page.getByText("as told by Anna Smit").waitFor();
      await button(page, "Camera").click();
      await page.getByText("Your camera was switched off").waitFor({ state: "detached" });
    });
  });

  it("keeps technical words under Details", async () => {
    await on({}, async (page) => {
      await enter(page, app.origin);
      await button(page, "Encryption").click();
      const text = () => page.locator(".panel").innerText();
      assert.doesNotMatch(await text(), /epoch|suite|MLS|0x004F|fingerprint/i);
      await button(page, "Details").click();
      await page.getByText("0x004F").waitFor();
      assert.match(await text(), /Epoch/);
    });
  });

  it("lets a host mute and remove, and asks before removing", async () => {
    await on({}, async (page) => {
      await enter(page, app.origin);
      await button(page, "People").click();
      await button(page, "Mute Anna Smit").click();
      await button(page, "Actions for Anna Smit").click();
      await page.getByRole("menuitem", { name: "Remove from the meeting" }).click();
      assert.deepEqual((await calls(page)).filter(([name]) => name === "remove"), []);
      await button(page, "Remove now").click();
      const made = await calls(page);
      assert.ok(made.some(([name, who]) => name === "mute" && who === "p_1"));
      assert.ok(made.some(([name, who]) => name === "remove" && who === "p_1"));
    });
  });

  it("shows no host actions to others", async () => {
    await on({}, async (page) => {
      await enter(page, app.origin);
      await page.evaluate(() => window.harness.bar({}));
      await button(page, "People").click();
      await page.getByRole("heading", { name: "People" }).waitFor();
      assert.equal(await page.getByRole("button", { name: /^(Mute|Actions for) / }).count(), 0);
    });
  });

  it("shares a screen and stops", async () => {
    await on({}, async (page) => {
      await page.addInitScript(() => {
        navigator.mediaDevices.getDisplayMedia = async () => document.createElement("canvas").captureStream(1);
      });
      await enter(page, app.origin);
      await button(page, "Share screen").click();
      await page.getByText("Everyone in the meeting sees your screen.").waitFor();
      assert.equal(await button(page, "Share screen").getAttribute("aria-pressed"), "true");
      await button(page, "Stop sharing").click();
      assert.deepEqual((await calls(page)).map(([name]) => name).filter((name) => /Screen/.test(name)), ["startScreen", "stopScreen"]);
    });
  });

  it("says why joining was refused, and lets people try again", async () => {
    await on({}, async (page) => {
      await page.goto(`${app.origin}/m/budget-2027#s`);
      await page.evaluate(() => (window.harness.refuse = "meeting_full"));
      await page.getByRole("radio", { name: "I am a guest" }).check();
      await page.getByRole("textbox", { name: "Your name" }).fill("Paul Verne");
      await button(page, "Join").click();
      await page.getByRole("alert").filter({ hasText: "The meeting is full" }).waitFor();
      await page.evaluate(() => (window.harness.refuse = null));
      await button(page, "Join").click();
      await page.locator(".meeting").waitFor();
    });
  });

  it("stands still for people who asked for less motion", async () => {
    await on({ motion: "reduce" }, async (page) => {
      await enter(page, app.origin);
      await page.evaluate(() => window.harness.show({ state: "reconnecting" }));
      const spinner = page.locator(".notice .spinner");
      await spinner.waitFor();
      assert.ok(parseFloat(await spinner.evaluate((element) => getComputedStyle(element).animationDuration)) < 0.001);
    });
  });
});
