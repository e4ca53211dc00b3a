// check.mjs FILE...: holds pages against axe's rules, but for those that need a layout (look.mjs has these, too).
// Prints what breaks one, and ends with 1 then. That rules were asked is part of the answer.
import { readFileSync } from "node:fs";
import axe from "axe-core";
import { JSDOM } from "jsdom";

const needsLayout = ["color-contrast", "target-size", "scrollable-region-focusable"];
let broken = 0;
for (const file of process.argv.slice(2)) {
  const { window } = new JSDOM(readFileSync(file, "utf8"), { runScripts: "outside-only" });
  window.eval(axe.source);
  const rules = Object.fromEntries(needsLayout.map((rule) => [rule, { enabled: false }]));
  const found = await window.axe.run(window.document, { rules });
  for (const { id, help, nodes } of found.violations) {
    broken += 1;
    console.log(`${file}: ${id}: ${help}`);
    nodes.forEach((node) => console.log(`  ${node.html}`));
  }
  console.log(`${file}: ${found.passes.length} rules kept, ${found.violations.length} broken`);
  if (found.passes.length < 10) broken += 1;
}
process.exit(broken ? 1 : 0);
