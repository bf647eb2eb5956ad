/**
 * Two people in one browser who publish fake camera and microphone through the app, for `bench/record.py`.
 *
 *     node record.mjs chromium|firefox LINK
 *
 * Prints "publishing" when each sees the other's picture, and stays until its standard input ends.
 */

import { once } from "node:events";
import { openBrowser } from "../tests/e2e/support/browsers.mjs";
import { joinAs } from "../tests/e2e/support/person.mjs";

const [name, link] = process.argv.slice(2);
const browser = await openBrowser(name);
try {
  const people = [];
  for (const who of ["Camille Durand", "Jonas Weber"]) people.push(await joinAs(browser, link, who));
  await Promise.all(people.map((one) => one.sees(1)));
  console.log("publishing");
  await once(process.stdin.resume(), "end");
} finally {
  await browser.close();
}
