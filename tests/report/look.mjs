// look.mjs CHROMIUM FILE FOLDER: opens a page in a real browser, wide and narrow, light and dark, holds each against
// all of axe's rules, contrast among them, looks for what is wider than the window, and keeps a picture of each in
// FOLDER, and the page as it is printed. Ends with 1 where something isn't right.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import puppeteer from "puppeteer-core";

const [executablePath, file, folder] = process.argv.slice(2);
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
let wrong = 0;
const say = (line) => {
  wrong += 1;
  console.log(line);
};
for (const [size, width, height] of [["wide", 1280, 800], ["narrow", 390, 844]]) {
  for (const scheme of ["light", "dark"]) {
    const page = await browser.newPage();
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.setViewport({ width, height });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(pathToFileURL(resolve(file)).href);
    const name = `${size}-${scheme}`;
    if (asked.length !== 1) say(`${name}: it asks for ${asked.slice(1)}`);
    await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
    const room = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (room > 0) say(`${name}: ${room} pixels wider than the window`);
    await page.evaluate(axe.source);
    const found = await page.evaluate(() => axe.run());
    for (const { id, help, nodes } of found.violations) {
      say(`${name}: ${id}: ${help}`);
      nodes.forEach((node) => console.log(`  ${node.html}`));
    }
    console.log(`${name}: ${found.passes.length} rules kept, ${found.violations.length} broken`);
    if (size === "wide" && scheme === "light") await page.pdf({ path: `${folder}/printed.pdf`, format: "A4" });
    await page.close();
  }
}
await browser.close();
process.exit(wrong ? 1 : 0);
