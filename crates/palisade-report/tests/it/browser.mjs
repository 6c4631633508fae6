// Opens pages in Chromium and says what is wrong with them: node browser.mjs CHROMIUM NODE_MODULES PAGE…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [executablePath, modules, ...pages] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const browser = await require("playwright-core").chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

for (const path of pages) {
  for (const [colorScheme, width] of [["light", 1280], ["dark", 390]]) {
    const said = (what) => console.log(`${path} ${colorScheme} ${width}: ${what}`);
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    page.on("console", (message) => said(message.text()));
    page.on("pageerror", (error) => said(error));
    page.on("request", (request) => /^(file|data):/.test(request.url()) || said(`it asks for ${request.url()}`));
    await page.goto(pathToFileURL(path).href);

    // Each fails when it waits in vain.
    const left = (pattern) =>
      page.waitForFunction((text) => new RegExp(text).test(document.getElementById("left").textContent), pattern, { timeout: 10000 });
    if (await page.locator(".place").count()) {
      await page.keyboard.press("/");
      await page.keyboard.type("no such word");
      await left("^0 of ");
      await page.keyboard.press("Escape");
      await page.keyboard.press("x");
      await left("^[1-9][0-9]* [a-z]+$");
      await page.keyboard.press("j");
      if (!(await page.evaluate(() => document.activeElement.matches(".place")))) said("`j` goes nowhere");
    }

    await page.evaluate(() => document.querySelectorAll("details").forEach((group) => { group.open = true; }));
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) said("it is wider than the window");
    // By the debugger, for the page's own policy lets nothing in.
    const debug = await page.context().newCDPSession(page);
    const expression = `${axe};axe.run().then((found) => JSON.stringify(found.violations.map((one) => [one.id, one.nodes[0].html])))`;
    const { result } = await debug.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (result.value !== "[]") said(result.value ?? "axe did not run");
    await page.close();
  }
}
await browser.close();
