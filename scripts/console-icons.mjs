// Draws the console's icon in the sizes that phones ask for. Needs Chromium: CHROMIUM=<path> names another one.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const folder = join('src', 'console', 'web', 'public');
const svg = readFileSync(join(folder, 'icon.svg'), 'utf8');
// What a launcher cuts to its own shape, it may cut everywhere but in the inner 80%: the ground has no corners.
const maskable = svg.replace(' rx="112"', '').replace('<g fill', '<g transform="translate(51 51) scale(0.8)" fill');

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const page = await browser.newPage();
for (const [name, size, drawing] of [
  ['icon-180.png', 180, maskable],
  ['icon-192.png', 192, svg],
  ['icon-512.png', 512, svg],
  ['icon-maskable-512.png', 512, maskable],
]) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>${drawing}`);
  writeFileSync(join(folder, name), await page.screenshot({ omitBackground: true }));
}
await browser.close();
