/**
 * The door and the rules of a room, on the SDK's double: what a guest meets before a meeting, what hosts see and command, what
 * others may not do and why. By keyboard alone where it is a path, and as a screen reader is told it.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { enter, tabTo, useHarness } from "./support.mjs";

describe("the door and the rules of a room", { concurrency: 1 }, () => {
  const app = useHarness();
  const button = (page, name) => page.getByRole("button", { name, exact: true });
  const made = (page, ...names) => page.evaluate((wanted) => window.harness.meeting.calls.filter(([name]) => wanted.includes(name)), names);
  const on = (work, options = {}) => app.on(options, work);
  /** In a meeting of four, as its host, with the list of people open. */
  const host = (work) =>
    on(async (page) => {
      await enter(page, app.origin);
      await page.evaluate(() => window.harness.people(4));
      await button(page, "People").click();
      await page.getByRole("heading", { name: "People" }).waitFor();
      await work(page);
    });
  /** Stands as a guest before a room with a PIN and a lobby. */
  const before = (work) =>
    on(async (page) => {
      await page.goto(`${app.origin}/m/closed-door#s`);
      await page.getByRole("heading", { name: "Budget 2027" }).waitFor();
      await page.evaluate(() => (window.harness.wait = true));
      await work(page);
    });

  it("lets a guest knock, wait and come in by keyboard alone", async () => {
    await before(async (page) => {
      await tabTo(page, "I work for a ministry");
      await page.keyboard.press("ArrowRight");
      await tabTo(page, "Your name");
      await page.keyboard.type("Paul Verne");
      await page.keyboard.press("Enter");
      await page.getByText("Please type the PIN of your invitation.").waitFor();
      await tabTo(page, "PIN");
      await page.keyboard.type("4711");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Waiting for a host to let you in" }).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Waiting for a host to let you in", "the focus is where reading begins");
      assert.equal(await page.getByRole("status").filter({ hasText: "The hosts have been told" }).count(), 1);
      await tabTo(page, "Stop waiting");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Budget 2027" }).waitFor();
      await page.getByRole("radio", { name: "I am a guest" }).check();
      await page.getByRole("textbox", { name: "PIN" }).fill("4711");
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "Waiting for a host to let you in" }).waitFor();
      await page.evaluate(() => window.harness.admit());
      await page.locator(".meeting").waitFor();
    });
  });

  for (const [code, title, text, again] of [
    ["lobby_refused", "You were not let in", "A host decided not to let you in", true],
    ["lobby_timeout", "Nobody let you in", "Nobody answered within ten minutes", true],
    ["room_locked", "The meeting is locked", "A host has locked it", true],
    ["excluded", "You cannot come back to this meeting", "You were removed from this meeting", false],
    ["meeting_ended", "The meeting has ended", "There is nothing to join any more", true],
  ]) {
    it(`says in plain words why somebody is not in: ${code}`, async () => {
      await before(async (page) => {
        await page.evaluate((why) => ((window.harness.refuse = why), (window.harness.wait = false)), code);
        await page.getByRole("radio", { name: "I am a guest" }).check();
        await page.getByRole("textbox", { name: "Your name" }).fill("Paul Verne");
        await page.getByRole("textbox", { name: "PIN" }).fill("4711");
        await button(page, "Join").click();
        await page.getByRole("heading", { name: title }).waitFor();
        await page.getByText(text).waitFor();
        assert.equal(await button(page, "Join again").count(), again ? 1 : 0);
      });
    });
  }

  it("keeps a wrong PIN at its field", async () => {
    await before(async (page) => {
      await page.evaluate(() => ((window.harness.refuse = "pin_wrong"), (window.harness.wait = false)));
      await page.getByRole("radio", { name: "I am a guest" }).check();
      await page.getByRole("textbox", { name: "Your name" }).fill("Paul Verne");
      await page.getByRole("textbox", { name: "PIN" }).fill("1");
      await button(page, "Join").click();
      await page.getByRole("textbox", { name: "PIN", description: "This PIN is not right. Check your invitation." }).waitFor();
    });
  });

  it("tells hosts once that somebody waits, and lets them in with one press", async () => {
    await on(async (page) => {
      await page.addInitScript(() => {
        window.rung = 0;
        HTMLMediaElement.prototype.play = new Proxy(HTMLMediaElement.prototype.play, {
          apply(play, element, values) {
            if (element instanceof HTMLAudioElement) window.rung += 1;
            return Reflect.apply(play, element, values);
          },
        });
      });
      await enter(page, app.origin);
      await page.evaluate(() => window.harness.lobby(1));
      const notice = page.getByRole("region", { name: "Waiting at the door" });
      await notice.getByText("Paul Verne is waiting to come in.").waitFor();
      assert.match(await notice.innerText(), /Guest[\s\S]*Name not checked/);
      await page.getByRole("log").getByText("Paul Verne is waiting to be let in").waitFor();
      await notice.getByRole("button", { name: "Let in Paul Verne" }).click();
      assert.deepEqual(await made(page, "admit"), [["admit", "k_a"]]);
      await page.evaluate(() => window.harness.lobby(4));
      await notice.getByText("4 people are waiting to come in").waitFor();
      await notice.getByRole("button", { name: "Let everyone in" }).click();
      assert.deepEqual(await made(page, "admitAll"), [["admitAll"]]);
      assert.equal(await page.evaluate(() => window.rung), 1, "a crowd rings once");
      await page.evaluate(() => window.harness.lobby(0));
      await notice.waitFor({ state: "detached" });
    });
  });

  it("shows the lobby above the people, each control with its name", async () => {
    await host(async (page) => {
      await page.evaluate(() => window.harness.lobby(2));
      const waiting = page.getByRole("region", { name: "2 people are waiting" });
      assert.equal(
        await waiting.ariaSnapshot(),
        [
          '- region "2 people are waiting":',
          '  - heading "2 people are waiting" [level=3]',
          '  - button "Let everyone in"',
          "  - list:",
          "    - listitem:",
          "      - text: Paul Verne Guest Name not checked",
          '      - button "Let in Paul Verne": Let in',
          '      - button "Refuse Paul Verne": Refuse',
          "    - listitem:",
          "      - text: Anna Smit Ministère des Finances",
          '      - button "Let in Anna Smit": Let in',
          '      - button "Refuse Anna Smit": Refuse',
        ].join("\n"),
      );
      await tabTo(page, "Let in Anna Smit");
      await page.keyboard.press("Enter");
      await tabTo(page, "Refuse Anna Smit");
      await page.keyboard.press("Enter");
      assert.deepEqual(await made(page, "admit", "refuse"), [["admit", "k_b"], ["refuse", "k_b"]]);
      await page.evaluate(() => window.harness.lobby(0));
      await waiting.waitFor({ state: "detached" });
    });
  });

  it("tells a screen reader who is who, and what a host can do with each", async () => {
    await host(async (page) => {
      await page.evaluate(() => window.harness.meeting.changePerson("p_3", { hand: true, screen: "live", microphone: "muted", roomRole: "audience" }));
      const list = page.getByRole("list", { name: "In the meeting" });
      assert.equal(
        await list.ariaSnapshot(),
        [
          '- list "In the meeting":',
          "  - listitem: Claire Fontaine You Host Ministère de l’Intérieur Microphone on",
          "  - listitem:",
          "    - text: Anna Smit Ministère des Finances",
          '    - button "Mute Anna Smit"',
          '    - button "Actions for Anna Smit"',
          "  - listitem:",
          "    - text: Jürgen Weiß Ministère de l’Intérieur",
          '    - button "Mute Jürgen Weiß"',
          '    - button "Actions for Jürgen Weiß"',
          "  - listitem:",
          "    - text: Łucja Nowak Watching Guest Ministère des Finances Name not checked Hand raised Microphone off",
          '    - button "Actions for Łucja Nowak"',
        ].join("\n"),
      );
      const actions = button(page, "Actions for Łucja Nowak");
      assert.equal(await actions.getAttribute("aria-haspopup"), "true");
      await actions.click();
      assert.equal(
        await page.getByRole("menu").ariaSnapshot(),
        [
          '- menu "Actions for Łucja Nowak":',
          ...["Stop the camera", "Stop the sharing", "Lower the hand", "Change the name", "Make co-host", "Make participant", "Remove from the meeting"].map(
            (name) => `  - menuitem "${name}"`,
          ),
        ].join("\n"),
      );
    });
  });

  it("does everything with a person by keyboard", async () => {
    await host(async (page) => {
      await page.evaluate(() => window.harness.meeting.changePerson("p_3", { hand: true, screen: "live" }));
      const choose = async (steps) => {
        await tabTo(page, "Actions for Łucja Nowak");
        await page.keyboard.press("Enter");
        await page.getByRole("menu").waitFor();
        for (let step = 0; step < steps; step += 1) await page.keyboard.press("ArrowDown");
        await page.keyboard.press("Enter");
        await page.getByRole("menu").waitFor({ state: "detached" });
      };
      for (const steps of [0, 1, 2, 4, 5]) await choose(steps);
      await choose(3);
      const name = page.getByRole("textbox", { name: "New name" });
      await name.waitFor();
      await name.fill("Lucja N.");
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await choose(6);
      await page.getByRole("dialog", { name: "Remove Łucja Nowak from the meeting?" }).getByText("cannot come back to this meeting").waitFor();
      await page.getByText("every new guest has to be let in by a host").waitFor();
      assert.deepEqual(await made(page, "remove"), [], "not before it was asked");
      await tabTo(page, "Remove now");
      await page.keyboard.press("Enter");
      assert.deepEqual(await made(page, "mute", "lowerHands", "promote", "rename", "remove"), [
        ["mute", "p_3", "camera"], ["mute", "p_3", "screen"], ["lowerHands", "p_3"], ["promote", "p_3", "cohost"], ["promote", "p_3", "audience"],
        ["rename", "p_3", "Lucja N."], ["remove", "p_3"],
      ]);
    });
  });

  it("offers nothing that cannot be done to an owner, nor a name's change of somebody with a login", async () => {
    await host(async (page) => {
      await page.evaluate(() => window.harness.meeting.changePerson("p_1", { roomRole: "owner" }));
      await button(page, "Actions for Anna Smit").click();
      assert.deepEqual(await page.getByRole("menuitem").allTextContents(), ["Stop the camera"]);
      await page.keyboard.press("Escape");
      await button(page, "Actions for Jürgen Weiß").click();
      assert.equal(await page.getByRole("menuitem", { name: "Change the name" }).count(), 0);
    });
  });

  it("sets the rules of the room by keyboard, each at once", async () => {
    await host(async (page) => {
      await tabTo(page, "Rules of the room");
      await page.keyboard.press("Enter");
      const sheet = page.getByRole("dialog", { name: "Rules of the room" });
      await sheet.waitFor();
      await tabTo(page, "Mute everyone");
      await page.keyboard.press("Enter");
      await tabTo(page, "Lower all hands");
      await page.keyboard.press("Enter");
      for (const name of ["Lock the meeting", "Everyone may switch", "Everyone may share", "Everyone may write", "New people come in"]) {
        await tabTo(page, name);
        await page.keyboard.press("Space");
      }
      await tabTo(page, "People with a login");
      await page.keyboard.press("ArrowDown");
      assert.deepEqual(await made(page, "muteAll", "lowerHands", "setRules"), [
        ["muteAll"], ["lowerHands", null], ["setRules", { locked: true }], ["setRules", { unmute: "hosts" }], ["setRules", { share: "hosts" }],
        ["setRules", { chat: "hosts" }], ["setRules", { audience: true }], ["setRules", { access: "restricted" }],
      ]);
      // What is shown is what the node says, not what was pressed.
      const lock = sheet.getByRole("switch", { name: "Lock the meeting" });
      assert.equal(await lock.isChecked(), false);
      await page.evaluate(() => window.harness.show({ rules: { ...window.harness.meeting.getSnapshot().rules, locked: true } }));
      await page.getByRole("switch", { name: "Lock the meeting", checked: true }).waitFor();
      await page.evaluate(() => window.harness.bar({}));
      await sheet.waitFor({ state: "detached" });
    });
  });

  it("asks a host whether to leave or to end it for everyone", async () => {
    await on(async (page) => {
      await enter(page, app.origin);
      await button(page, "Leave").click();
      await button(page, "End for everyone").click();
      assert.deepEqual(await made(page, "endForAll", "leave"), [["endForAll"]]);
      await page.evaluate(() => window.harness.bar({}));
      await button(page, "Leave").click();
      await page.getByRole("heading", { name: "You left the meeting" }).waitFor();
    });
  });

  it("says what went wrong with a command", async () => {
    await host(async (page) => {
      await page.evaluate(() => ((window.harness.meeting.refuses = "knock_unknown"), window.harness.lobby(1)));
      await button(page, "Let in Paul Verne").click();
      await page.getByRole("alert").filter({ hasText: "This person is no longer waiting." }).waitFor();
    });
  });

  it("keeps what a rule forbids in reach, disabled, with the reason in words", async () => {
    await on(async (page) => {
      await enter(page, app.origin);
      await button(page, "Microphone").click();
      await page.evaluate(() => window.harness.bar({ share: "rule", unmute: "held" }));
      const barred = (name, why) => page.getByRole("button", { name, exact: true, disabled: true, description: why });
      await barred("Microphone", "A host has muted you. Ask to speak by raising your hand.").waitFor();
      await barred("Share screen", "In this meeting only hosts share a screen.").waitFor();
      await page.evaluate(() => document.querySelector("main").focus());
      await tabTo(page, "Microphone");
      await page.keyboard.press("Enter");
      await page.getByRole("alert").filter({ hasText: "Ask to speak by raising your hand." }).waitFor();
      await button(page, "Close this note").click();
      await page.keyboard.press("Control+d");
      await page.getByRole("alert").filter({ hasText: "Ask to speak by raising your hand." }).waitFor();
      await page.locator("main").focus();
      await page.keyboard.down("Space");
      await page.keyboard.up("Space");
      assert.deepEqual(await page.evaluate(() => window.harness.meeting.calls.filter(([name]) => name === "setMicrophone").at(-1)), ["setMicrophone", false]);
      assert.equal(await button(page, "Raise hand").isEnabled(), true);
      await page.evaluate(() => window.harness.bar({}));
      await page.getByRole("button", { name: "Microphone", exact: true, disabled: false }).waitFor();
    });
  });

  it("lets the audience watch, and says so", async () => {
    await on(async (page) => {
      await enter(page, app.origin);
      await page.evaluate(() => {
        const off = { on: false, why: "barred" };
        window.harness.bar({ share: "audience", unmute: "audience", camera: "audience" });
        window.harness.show({ own: { microphone: off, camera: off, screen: off, screen_sound: off } });
      });
      await page.getByRole("status").filter({ hasText: "You are watching" }).waitFor();
      for (const name of ["Microphone", "Camera", "Share screen"]) await page.getByRole("button", { name, exact: true, disabled: true }).waitFor();
      await page.getByRole("log").getByText("You are watching now").waitFor();
      assert.equal(await page.locator("video.mirrored").count(), 0, "the own camera is let go");
    });
  });

  it("leaves the chat to be read where only hosts write", async () => {
    await on(async (page) => {
      await enter(page, app.origin);
      await page.evaluate(() => window.harness.bar({ chat: "rule" }));
      await button(page, "Chat").click();
      const box = page.getByRole("textbox", { name: "Message to everyone", description: "In this meeting only hosts write in the chat." });
      await box.waitFor();
      assert.equal(await box.getAttribute("readonly"), "");
      await box.press("Enter");
      assert.deepEqual(await made(page, "sendChat"), []);
    });
  });

  it("shows who vouches for a name wherever it stands: tile, list, chat, notice", async () => {
    await on(async (page) => {
      await enter(page, app.origin);
      await page.evaluate(() => {
        window.harness.people(4);
        const [, anna, , guest] = window.harness.meeting.getSnapshot().people;
        const said = (who, id) => ({ id, participant: who.participant, name: who.name, from: who, text: "Bonjour", time: Date.now(), own: false });
        window.harness.show({ messages: [said(anna, "a"), said(guest, "g")] });
      });
      const caption = (id) => page.locator(`[data-participant="${id}"] figcaption`).innerText();
      assert.match(await caption("p_1"), /Anna Smit\s+Finances/);
      assert.match(await caption("p_3"), /Łucja Nowak\s+Guest\s+Finances/);
      await page.getByRole("log").getByText("Łucja Nowak (Guest, Finances): Bonjour").waitFor();
      await button(page, "Chat").click();
      const lines = await page.locator(".chat-who").allInnerTexts();
      assert.match(lines[0], /Anna Smit\s+Finances/);
      assert.match(lines[1], /Łucja Nowak\s+Guest\s+Finances/);
    });
  });

  it("makes a room with who comes in without asking, and lists those that are mine", async () => {
    await on(async (page) => {
      const posted = [];
      page.on("request", (request) => request.method() === "POST" && posted.push([new URL(request.url()).pathname, request.postDataJSON()]));
      await page.goto(app.origin);
      await page.getByRole("button", { name: /Claire/ }).click();
      const rooms = page.getByRole("region", { name: "Your rooms" });
      await rooms.getByRole("button", { name: "Jour fixe" }).waitFor();
      await page.getByRole("textbox", { name: "What is it about?" }).fill("Cabinet");
      await page.getByRole("radio", { name: "Only invited people come straight in" }).check();
      await button(page, "Open the room").click();
      await page.getByRole("heading", { name: "Budget 2027" }).waitFor();
      assert.deepEqual(posted.at(-1), ["/api/rooms", { title: "Cabinet", access: "restricted" }]);
    });
  });
});
