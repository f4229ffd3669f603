// The demo as a stranger meets it: one page, and a real gateway and emulator behind it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../flow/support/process.mjs';
import {
    NARROW, THEMES, WIDE, assertAccessible, assertFits, assertSilent, openPage, shoot,
} from './support/browser.mjs';
import { Demo } from '../flow/support/demo.mjs';

async function open(t, { args = [], ...options } = {}) {
    const demo = await Demo.start(t, args);
    const page = await openPage(t, demo.url, options);
    await page.getByText('live', { exact: true }).waitFor();
    return { demo, page, desk: page.frameLocator('#desk'), chat: page.locator('#chat'),
        journeys: page.locator('.journey') };
}

const hint = (page, text) => page.locator('#hints').getByText(text).click();
const play = (page, name) => page.locator(`[data-play="${name}"]`).click();
const marks = (desk, text) => desk.locator('#timeline .out').getByText(text, { exact: true });
// A journey whose picture came to that stop (1: webhook, 5: receipt), in that state.
const reached = (journeys, text, stop, state = 'done') => journeys.filter({ hasText: text })
    .filter({ has: journeys.page().locator(`.stops li:nth-child(${stop}).${state}`) });

async function answer(desk, text) {
    await desk.getByLabel('Reply').fill(text);
    await desk.getByRole('button', { name: 'Send' }).click();
}

test('a file of the agent reaches the customer as a link', async (t) => {
    const { page, desk, chat } = await open(t);
    await page.getByLabel('Message of the customer').fill('Send me the terms');
    await page.keyboard.press('Enter');
    await desk.locator('#timeline').getByText('Send me the terms').waitFor();
    await desk.getByRole('radio', { name: 'File' }).check();
    await desk.getByLabel('File', { exact: true }).last().setInputFiles({ name: 'terms.txt',
        mimeType: 'text/plain', buffer: Buffer.from('Bring both parts.') });
    await answer(desk, 'Here they are');
    await chat.getByText('Here they are').waitFor();
    const said = await chat.getByText(/terms\.txt: http/).textContent();
    const [link] = /http\S+/.exec(said);
    assert.equal(await (await fetch(link)).text(), 'Bring both parts.');
    assertSilent(page);
});

test('a customer\'s line appears at the agent, and the answer comes back', async (t) => {
    const { demo, page, desk, chat, journeys } = await open(t);
    await page.getByLabel('Message of the customer').fill('Is <b>anybody</b> there?');
    await page.getByRole('button', { name: 'Send as the customer' }).click();
    await desk.locator('#timeline .in').getByText('Is <b>anybody</b> there?').waitFor();
    await desk.getByRole('heading', { name: 'Ana Prieto' }).waitFor();
    await chat.getByText('With the agent').waitFor();
    await reached(journeys, 'Is <b>anybody', 5).waitFor();

    await answer(desk, 'Yes, Ana.');
    await chat.getByText('Yes, Ana.').waitFor();
    await marks(desk, 'Delivered').waitFor();
    await reached(journeys, 'Yes, Ana.', 5).waitFor();

    const inbound = journeys.filter({ hasText: 'Is <b>anybody' });
    await inbound.locator('summary').click();
    await inbound.getByText(/^omgw trace [0-9a-f]{32} --config /).waitFor();
    await inbound.getByText(/the partner signs msg_[0-9a-f]{32} and posts it/).waitFor();
    await inbound.getByText(/committed to disk \d+ ms after the first byte/).waitFor();
    await inbound.getByText(/the partner is told, and answers 200/).waitFor();
    const outbound = journeys.filter({ hasText: 'Yes, Ana.' });
    await outbound.locator('summary').click();
    await outbound.getByText('the phone says: delivered').waitFor();
    assert.equal(await page.locator('#kept-count').textContent(), '2');

    // Whoever comes later sees the same.
    await page.reload();
    await reached(journeys, 'Is <b>anybody', 5).waitFor();
    await reached(journeys, 'Yes, Ana.', 5).waitFor();
    await chat.getByText('With the agent').waitFor();
    assert.equal(await page.locator('#kept-count').textContent(), '2');
    assertSilent(page);
    await demo.stop();
});

test('buttons, a card and typing go both ways', async (t) => {
    const { page, desk, chat, journeys } = await open(t);
    await play(page, 'typing');
    await chat.locator('.typing').waitFor();
    await page.getByText('typing', { exact: true }).waitFor();

    await play(page, 'quick-replies');
    await chat.getByRole('button', { name: 'Yes, please' }).click();
    await desk.locator('#timeline .in').getByText('Yes, please').waitFor();
    assert.equal(await chat.getByRole('button', { name: 'Another day' }).isDisabled(), true);
    await reached(journeys, 'Yes, please', 5).waitFor();

    await play(page, 'card');
    await chat.getByText('Your parcel, order 4711').waitFor();
    await until('the picture', () => chat.locator('img').evaluate((img) => img.naturalWidth > 0));
    await desk.locator('#timeline .card').getByText('Your parcel, order 4711').waitFor();
    await chat.getByRole('button', { name: 'Leave at door' }).click();
    await desk.locator('#timeline .in').getByText('Leave at door').waitFor();

    await page.getByLabel('Message of the customer').pressSequentially('Hm');
    await desk.getByText('The customer is typing').waitFor();
    assertSilent(page);
});

test('a refused message is marked Failed, and Delivered after a replay', async (t) => {
    const { page, desk, chat, journeys } = await open(t);
    const text = 'May we call you about it?';
    await play(page, 'failure');
    await chat.getByText('Ana has blocked this number').waitFor();
    await marks(desk, 'Failed').waitFor();
    await reached(journeys, text, 4, 'bad').waitFor();
    await reached(journeys, text, 5, 'bad').waitFor();

    await page.getByRole('button', { name: 'Replay it' }).click();
    await chat.getByText(text).waitFor();
    await marks(desk, 'Delivered').waitFor();
    await reached(journeys, text, 5).waitFor();
    assertSilent(page);
});

test('what is said while Genesys is unplugged arrives afterwards, in order', async (t) => {
    const { page, desk, chat, journeys } = await open(t, { args: ['--unplug', '3s'] });
    const lines = ['Hello, where is my order?', 'The number is 4711.', 'Thank you!'];
    await page.getByRole('button', { name: 'Unplug Genesys for 3 s' }).click();
    await page.getByText('Genesys is unplugged').waitFor();
    await page.locator('#note').getByText(/ [123] s$/).waitFor();
    await desk.getByText('Ordered to fail: all requests are dropped').waitFor();
    for (const line of lines)
        await hint(page, line);
    await page.getByText('3 waiting').waitFor();
    await reached(journeys, lines[0], 3, 'waits').waitFor();
    await reached(journeys, lines[2], 3, 'waits').waitFor();

    await page.getByText('Plugged in again').waitFor();
    await desk.locator('#timeline .in').getByText(lines[2]).waitFor();
    const bubbles = await desk.locator('#timeline .in .bubble').allTextContents();
    assert.deepEqual(bubbles, lines);
    for (const line of lines)
        await reached(journeys, line, 5).waitFor();
    assert.equal(await chat.getByText('With the agent').count(), 3);
    assert.equal(await page.getByText(/\d waiting/).count(), 0);

    // A person may plug it in before the time.
    await play(page, 'unplug');
    await page.getByRole('button', { name: 'Plug it in now' }).click();
    await page.getByText('Plugged in again').waitFor();
    assertSilent(page);
});

for (const theme of THEMES) {
    test(`the page is good to look at, ${theme}`, async (t) => {
        const { page, desk, chat, journeys } = await open(t, {
            theme, scale: 2, args: ['--unplug', '60s'] });
        await shoot(page, `demo-${theme}-empty`);
        await assertAccessible(page);
        await hint(page, 'Hello');
        await desk.locator('#timeline .in').waitFor();
        await answer(desk, 'Hello Ana! Let me look for it.');
        await chat.getByText('Let me look').waitFor();
        await play(page, 'quick-replies');
        await chat.getByRole('button', { name: 'Yes, please' }).click();
        await reached(journeys, 'Yes, please', 5).waitFor();
        await play(page, 'failure');
        await reached(journeys, 'May we call you', 5, 'bad').waitFor();
        await play(page, 'card');
        await reached(journeys, 'Your parcel', 5).waitFor();
        await shoot(page, `demo-${theme}-wide`);
        await assertAccessible(page);
        await assertFits(page);

        await play(page, 'unplug');
        await hint(page, '4711');
        await hint(page, 'Thank');
        await reached(journeys, 'Thank you', 3, 'waits').waitFor();
        await shoot(page, `demo-${theme}-unplugged`);
        await assertAccessible(page);
        await page.setViewportSize(NARROW);
        await assertFits(page);
        await shoot(page, `demo-${theme}-narrow`);
        await journeys.first().scrollIntoViewIfNeeded();
        await shoot(page, `demo-${theme}-narrow-way`);
        await page.locator('#agent').scrollIntoViewIfNeeded();
        await shoot(page, `demo-${theme}-narrow-agent`);
        await assertAccessible(page);
        await page.setViewportSize({ width: 900, height: 1000 });
        await assertFits(page);
        await page.setViewportSize(WIDE);
        assertSilent(page);
    });
}
