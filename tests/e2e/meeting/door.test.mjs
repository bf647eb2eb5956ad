/**
 * A host and a guest in two browsers at a real node: the door, and every command of a host, as both see it. What stands on
 * screen about a name is compared with the list of the encryption panel, which is the MLS tree.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openBrowser } from "../support/browsers.mjs";
import { startNode } from "../support/node.mjs";
import { until } from "../support/person.mjs";

const HANG = { timeout: 45_000 };

describe("a host and a guest", () => {
  let node, browser, host, guest, link;
  const button = (page, name) => page.getByRole("button", { name, exact: true });
  const knock = async (page, name) => {
    // The same address with the same fragment would be no navigation at all.
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByRole("radio", { name: "I am a guest" }).check(HANG);
    await page.getByRole("textbox", { name: "Your name" }).fill(name);
    await button(page, "Join").click();
  };
  const waits = (page) => page.getByRole("heading", { name: "Waiting for a host to let you in" }).waitFor(HANG);
  const choose = async (name, item) => {
    await button(host, `Actions for ${name}`).click(HANG);
    await host.getByRole("menuitem", { name: item }).click();
  };
  const barred = (page, name) => page.getByRole("button", { name, exact: true, disabled: true }).waitFor(HANG);
  const free = (page, name) => page.getByRole("button", { name, exact: true, disabled: false }).waitFor(HANG);
  const rule = async (name) => {
    await button(host, "Rules of the room").click(HANG);
    await host.getByText(name, { exact: true }).click();
    await host.keyboard.press("Escape");
  };

  before(async () => {
    node = await startNode();
    browser = await openBrowser("chromium");
    host = (await browser.newPage()).raw;
    guest = (await browser.newPage()).raw;
  });
  after(async () => {
    await browser?.close();
    await node?.stop();
  });

  test("the host makes a room in which guests wait", async () => {
    await host.goto(node.origin);
    await host.getByRole("button", { name: /Camille Durand/ }).click(HANG);
    await host.getByRole("textbox", { name: "What is it about?" }).fill("Door");
    await host.getByRole("radio", { name: "People with a login come straight in, guests wait" }).check();
    await button(host, "Open the room").click();
    await button(host, "Join").click(HANG);
    await host.locator(".stage:not(.stage-waiting)").waitFor(HANG);
    link = host.url();
  });

  test("a guest knocks, is told what happens, and is let in", async () => {
    await guest.goto(link);
    await guest.getByRole("radio", { name: "I am a guest" }).check(HANG);
    await guest.getByText("You will wait until a host lets you in.").waitFor(HANG);
    await knock(guest, "Paul Verne");
    await waits(guest);
    await host.getByText("Paul Verne is waiting to come in.").waitFor(HANG);
    await button(host, "Let in Paul Verne").click();
    await host.locator("figcaption", { hasText: "Paul Verne" }).waitFor(HANG);
    await guest.locator("figcaption", { hasText: "Camille Durand" }).waitFor(HANG);
  });

  test("what stands at a name is what the tree says", async () => {
    await button(host, "Encryption").click();
    const vouched = await host.locator(".member-row", { hasText: "Paul Verne" }).innerText();
    const [, issuer] = /Let in by (.*); nobody checked the name/.exec(vouched) ?? [];
    assert.ok(issuer, vouched);
    await button(host, "People").click();
    const row = await host.locator(".person-row", { hasText: "Paul Verne" }).innerText();
    assert.ok(row.includes(issuer) && row.includes("Guest") && row.includes("Name not checked"), row);
    assert.match(await host.locator("figcaption", { hasText: "Paul Verne" }).innerText(), /Guest/);
    assert.doesNotMatch(await guest.locator("figcaption", { hasText: "Camille Durand" }).innerText(), /Guest/);
  });

  test("muted, and free to speak again", async () => {
    await button(host, "Mute Paul Verne").click(HANG);
    await guest.getByText(/muted your microphone/).waitFor(HANG);
    await button(guest, "Microphone").click();
    await button(host, "Mute Paul Verne").waitFor(HANG);
  });

  test("held silent where only hosts unmute, until the rule is taken back", async () => {
    await rule("Everyone may switch their microphone on");
    await button(host, "Mute Paul Verne").click(HANG);
    await barred(guest, "Microphone");
    await rule("Everyone may switch their microphone on");
    await free(guest, "Microphone");
  });

  test("camera stopped, hand lowered", async () => {
    await choose("Paul Verne", "Stop the camera");
    await guest.getByRole("button", { name: "Camera", exact: true, pressed: false }).waitFor(HANG);
    await button(guest, "Raise hand").click();
    await host.locator(".person-hand").waitFor(HANG);
    await choose("Paul Verne", "Lower the hand");
    await guest.getByRole("button", { name: "Raise hand", exact: true, pressed: false }).waitFor(HANG);
    await host.locator(".person-hand").waitFor({ state: "detached", ...HANG });
  });

  test("sharing and writing left to the hosts, and given back", async () => {
    await rule("Everyone may share a screen");
    await barred(guest, "Share screen");
    await rule("Everyone may share a screen");
    await free(guest, "Share screen");
    await button(guest, "Chat").click();
    await rule("Everyone may write in the chat");
    await guest.getByText("In this meeting only hosts write in the chat.").waitFor(HANG);
    await rule("Everyone may write in the chat");
    await guest.getByText("In this meeting only hosts write in the chat.").waitFor({ state: "detached", ...HANG });
    await guest.keyboard.press("Escape");
  });

  test("audience, and participant again", async () => {
    await choose("Paul Verne", "Make watch only");
    await guest.getByText("You are watching: you see").waitFor(HANG);
    await barred(guest, "Camera");
    await choose("Paul Verne", "Make participant");
    await free(guest, "Camera");
  });

  test("co-host, who sees the lobby, and no more", async () => {
    await choose("Paul Verne", "Make co-host");
    await button(guest, "People").click();
    await button(guest, "Rules of the room").waitFor(HANG);
    await choose("Paul Verne", "Make participant");
    await button(guest, "Rules of the room").waitFor({ state: "detached", ...HANG });
  });

  test("a guest's other name comes from the tree", async () => {
    await choose("Paul Verne", "Change the name");
    await host.getByRole("textbox", { name: "New name" }).fill("Paul V.");
    await button(host, "Change the name now").click();
    await host.locator("figcaption", { hasText: "Paul V." }).waitFor(HANG);
    await guest.locator(".person-row", { hasText: "Paul V." }).waitFor(HANG);
  });

  test("removed, and the next guest has to be let in; nobody at all where the door is locked", async () => {
    await choose("Paul V.", "Remove from the meeting");
    await button(host, "Remove now").click();
    await guest.getByRole("heading", { name: "You were removed from the meeting" }).waitFor(HANG);
    await rule("Anyone with the link");
    await knock(guest, "Somebody Else");
    await waits(guest);
    await button(host, "Refuse Somebody Else").click(HANG);
    await guest.getByRole("heading", { name: "You were not let in" }).waitFor(HANG);
    await rule("Lock the meeting");
    await knock(guest, "Somebody Else");
    await guest.getByRole("heading", { name: "The meeting is locked" }).waitFor(HANG);
    await rule("Lock the meeting");
  });

  test("ended for everyone", async () => {
    await knock(guest, "Zoë Last");
    await waits(guest);
    await button(host, "Let in Zoë Last").click(HANG);
    await guest.locator("figcaption", { hasText: "Camille Durand" }).waitFor(HANG);
    await button(host, "Leave").click();
    await button(host, "End for everyone").click();
    for (const page of [guest, host]) await until("ended", () => page.getByRole("heading", { name: "The meeting has ended" }).count(), (count) => count === 1);
  });
});
