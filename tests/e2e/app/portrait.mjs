/**
 * Takes the README's picture: four people in a real meeting of a real node, their cameras drawn so
 * that nobody's face is needed. `node tests/e2e/app/portrait.mjs docs/meeting.png`.
 */

import { openBrowser } from "../support/browsers.mjs";
import { startNode } from "../support/node.mjs";
import { joinAs } from "../support/person.mjs";

const out = process.argv[2] ?? "docs/meeting.png";

/** Replaces the camera by a drawing, 15 times a second; everything after the track is the product. */
function drawnCamera(seed) {
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const ROOMS = [["#c9d3dc", "#8fa1b2"], ["#d9cdbb", "#a8957c"], ["#c5d2c4", "#879c86"], ["#d3c7d6", "#968499"]];
  const SKINS = ["#e6b48f", "#8a5a3c", "#f0c7a8", "#b97f57"];
  const HAIRS = ["#3a2a20", "#15100d", "#9b7a4b", "#5b5552"];
  const COATS = ["#2b3a55", "#6b2737", "#28504a", "#3d3d46"];
  const pick = (list) => list[seed % list.length];
  const draw = (context, at) => {
    const { width, height } = context.canvas;
    const ellipse = (x, y, rx, ry, colour) => {
      context.fillStyle = colour;
      context.beginPath();
      context.ellipse(x, y, rx, ry, 0, 0, 7);
      context.fill();
    };
    const wall = context.createLinearGradient(0, 0, width, height);
    wall.addColorStop(0, pick(ROOMS)[0]);
    wall.addColorStop(1, pick(ROOMS)[1]);
    context.fillStyle = wall;
    context.fillRect(0, 0, width, height);
    context.fillStyle = "rgb(255 255 255 / 35%)";
    context.fillRect(seed % 2 ? 90 : 900, 70, 270, 330);
    context.fillStyle = "rgb(60 70 85 / 25%)";
    for (let shelf = 0; shelf < 3; shelf += 1) context.fillRect(seed % 2 ? 880 : 60, 130 + shelf * 150, 320, 12);
    const sway = Math.sin(at / 900 + seed) * 10;
    const x = 640 + sway;
    ellipse(x, 800, 380, 330, pick(COATS));
    ellipse(x, 520, 70, 110, pick(SKINS));
    ellipse(x, 320, seed % 2 ? 164 : 156, seed % 2 ? 176 : 186, pick(HAIRS));
    ellipse(x, 362, 138, 176, pick(SKINS));
    ellipse(x, 218, 140, 70, pick(HAIRS));
    for (const side of [-50, 50]) ellipse(x + side + sway / 4, 352, 9, 11, "#2b2320");
    ellipse(x, 450, 44, 9 + Math.abs(Math.sin(at / 160 + seed)) * (seed === 1 ? 12 : 1), "#9c4a43");
  };
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await real(constraints);
    if (!constraints.video) return stream;
    for (const track of stream.getVideoTracks()) {
      stream.removeTrack(track);
      track.stop();
    }
    const canvas = document.createElement("canvas");
    canvas.width = 1280;
    canvas.height = 720;
    const context = canvas.getContext("2d");
    setInterval(() => draw(context, performance.now()), 66);
    draw(context, 0);
    for (const track of canvas.captureStream(15).getVideoTracks()) stream.addTrack(track);
    return stream;
  };
}

const node = await startNode();
const browser = await openBrowser("chromium");
try {
  const drawn = { ...browser, newPage: undefined };
  const people = [];
  const login = await (await fetch(`${node.origin}/api/config`)).json();
  const names = login.login.development.people.map((person) => person.name);
  const order = [names[0], names.at(-1), names[1], names.at(-2)];
  for (const [seed, name] of order.entries()) {
    drawn.newPage = async () => {
      const page = await browser.newPage();
      await page.raw.addInitScript(drawnCamera, seed);
      return page;
    };
    people.push(await joinAs(drawn, node.link, name));
  }
  await people[0].sees(3);
  await people[1].press("Chat");
  await people[1].page.type(/message/i, "The figures for 2027 are on page 4.");
  await people[1].page.enter();
  await people[0].press("Encryption");
  await new Promise((resolve) => setTimeout(resolve, 9000));
  await people[0].page.screenshot(out);
} finally {
  await browser.close();
  await node.stop();
}
