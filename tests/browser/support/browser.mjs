// A real browser with a new, empty profile for each file of tests; pages that may not
// complain; screenshots and a look for barriers in both themes.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = path.dirname(fileURLToPath(import.meta.url));
const SHOTS = path.resolve(here, '../../../build/browser');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const THEMES = ['light', 'dark'];
export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 390, height: 844 };

let browser = null;
after(() => browser?.close());

// A page whose console must stay silent until the test ends.
export async function openPage(t, url, { theme = 'light', size = WIDE, scale = 1 } = {}) {
    browser ??= await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS,
    });
    const context = await browser.newContext({
        colorScheme: theme, viewport: size, deviceScaleFactor: scale,
    });
    t.after(() => context.close());
    const page = await context.newPage();
    page.complaints = [];
    page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type()))
            page.complaints.push(`${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => page.complaints.push(`error: ${error.message}`));
    page.setDefaultTimeout(20000);
    await page.goto(url);
    return page;
}

// No error, no warning and so no violation of the policy on what may be loaded.
export function assertSilent(page) {
    assert.deepEqual(page.complaints, []);
}

// What is animated has come to rest, so that pictures of one state are the same.
async function atRest(page) {
    await page.evaluate(() => Promise.allSettled(document.getAnimations()
        .filter(({ effect }) => Number.isFinite(effect.getComputedTiming().endTime))
        .map((animation) => animation.finished)));
}

export async function shoot(page, name) {
    mkdirSync(SHOTS, { recursive: true });
    await atRest(page);
    await page.screenshot({ path: path.join(SHOTS, `${name}.png`) });
}

// Nothing that axe knows of keeps anybody out.
export async function assertAccessible(page) {
    await atRest(page);
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
        iframes: false, resultTypes: ['violations'] }));
    assert.deepEqual(violations.map(({ id, nodes }) => (
        [id, ...nodes.map(({ html, failureSummary }) => [html, failureSummary])])), []);
}

// The page scrolls down at most, never to the side.
export async function assertFits(page) {
    const { wide, room } = await page.evaluate(() => ({
        wide: document.documentElement.scrollWidth, room: innerWidth }));
    assert.ok(wide <= room, `${wide} wide in ${room}`);
}
