/**
 * Opens Debian's Chromium (playwright-core) and Firefox (puppeteer-core, WebDriver BiDi) with fake devices, and hands back
 * one small surface for both: a page with `goto` and `evaluate`.
 */

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import puppeteer from "puppeteer-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";

async function openChromium() {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
  return { name: "chromium", newPage: async (context = {}) => (await browser.newContext(context)).newPage(), close: () => browser.close() };
}

async function openFirefox() {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: FIREFOX,
    headless: true,
    extraPrefsFirefox: {
      "media.navigator.streams.fake": true,
      "media.navigator.permission.disabled": true,
      "media.peerconnection.ice.loopback": true,
      "media.peerconnection.ice.obfuscate_host_addresses": false,
      "media.autoplay.default": 0,
    },
  });
  return { name: "firefox", newPage: () => browser.newPage(), close: () => browser.close() };
}

/** Opens "chromium" or "firefox". */
export function openBrowser(name) {
  const [path, open] = name === "firefox" ? [FIREFOX, openFirefox] : [CHROMIUM, openChromium];
  if (!existsSync(path)) throw new Error(`${path} is missing: apt-get install chromium firefox-esr`);
  return open();
}
