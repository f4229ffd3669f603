// The emulator's own page, without a gateway.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emulated, TIME, Webhook, message } from '../flow/emulator/support/emulated.mjs';
import { request } from '../flow/support/partner.mjs';
import {
    NARROW, THEMES, WIDE, assertAccessible, assertFits, assertSilent, openPage, shoot,
} from './support/browser.mjs';

async function start(t) {
    const webhook = await Webhook.start(t);
    const emulated = await Emulated.start(t, { webhookUrl: webhook.url });
    return { webhook, emulated };
}

function said(from, nickname, text) {
    return message({ from, text, channel: {
        messageId: `m-${from}`, time: TIME, from: { id: from, idType: 'Opaque', nickname } } });
}

// Delivered, Failed and on their way; words, buttons, a card and an answer.
async function talk({ emulated, webhook }) {
    await emulated.inbound('message', said('bo', 'Bo Lindqvist', 'Do you ship to Norway?'));
    await emulated.inbound('message', said('ana', 'Ana Prieto', 'Hello, where is my order?'));
    const { id } = await emulated.agent('ana', { text: 'Let me look, Ana.' });
    await webhook.until(1);
    await emulated.inbound('receipt', { id, status: 'Delivered',
        channel: { to: { id: 'ana', idType: 'Opaque' }, time: TIME } });
    const asked = await emulated.agent('ana', { text: 'Shall we send it again?', content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'y', action: 'Message' } },
        { contentType: 'QuickReply', quickReply: { text: 'No', payload: 'n', action: 'Message' } },
    ] });
    await emulated.inbound('structured/response', {
        channel: { messageId: 'm-2', time: TIME, from: { id: 'ana', idType: 'Opaque' } },
        buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'y' },
        originatingMessageId: asked.id,
    });
    await emulated.agent('ana', { content: [{ contentType: 'Card', card: {
        title: 'Your parcel', description: 'Arrives on Friday',
        actions: [{ type: 'Postback', text: 'Change the day', payload: 'day' }] } }] });
    const failed = await emulated.agent('ana', { text: 'It is on its way.' });
    await webhook.until(4);
    await emulated.inbound('receipt', { id: failed.id, status: 'Failed',
        reasons: [{ code: 'InvalidDestination', message: 'no such number' }],
        channel: { to: { id: 'ana', idType: 'Opaque' }, time: TIME } });
}

for (const theme of THEMES) {
    test(`the agent's page shows a conversation, ${theme}`, async (t) => {
        const { emulated, webhook } = await start(t);
        await talk({ emulated, webhook });
        const page = await openPage(t, emulated.url, { theme, scale: 2 });
        await page.getByRole('heading', { name: 'Ana Prieto' }).waitFor();
        await page.locator('#timeline').getByText('Failed', { exact: true }).waitFor();
        await page.locator('#timeline').getByText('Delivered').waitFor();
        await page.locator('#timeline').getByText('Your parcel').waitFor();
        await assertAccessible(page);
        await assertFits(page);
        await shoot(page, `agent-${theme}-wide`);
        await page.setViewportSize(NARROW);
        await assertAccessible(page);
        await assertFits(page);
        await shoot(page, `agent-${theme}-narrow`);
        assertSilent(page);
    });
}

test('an agent writes, asks, shows a card and types', async (t) => {
    const { emulated, webhook } = await start(t);
    const page = await openPage(t, emulated.url, { size: WIDE });
    await page.getByText('No conversation yet').waitFor();
    await emulated.inbound('message', said('ana', 'Ana Prieto', 'Hello'));
    await page.getByLabel('Reply').fill('Hello Ana');
    await page.getByLabel('Reply').press('Enter');
    await page.locator('#timeline').getByText('Hello Ana').waitFor();

    await page.getByLabel('Reply').fill('Sure?');
    await page.getByRole('radio', { name: 'Quick replies' }).check();
    await page.getByLabel('Buttons').fill('Yes\n\n No ');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('#timeline .options').getByText('No', { exact: true }).waitFor();

    await page.getByRole('radio', { name: 'Card' }).check();
    await page.getByLabel('Title').fill('A shirt');
    await page.getByLabel('Description').fill('Blue');
    await page.getByLabel('Buttons').fill('Buy');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('#timeline .card').getByText('A shirt').waitFor();
    await page.getByRole('button', { name: 'Show typing' }).click();

    const [words, asked, card, typing] = (await webhook.until(4)).map(({ body }) => body);
    assert.equal(words.text, 'Hello Ana');
    assert.deepEqual(asked.content.map(({ quickReply }) => quickReply.payload), ['Yes', 'No']);
    assert.deepEqual(card.content, [{ contentType: 'Card', card: { title: 'A shirt',
        description: 'Blue', actions: [{ type: 'Postback', text: 'Buy', payload: 'Buy' }] } }]);
    assert.equal(typing.events[0].eventType, 'Typing');
    assert.equal(await page.locator('#timeline > li').count(), 4); // typing is no message
    assertSilent(page);
});

test('what is ordered to fail is said on the page', async (t) => {
    const { emulated } = await start(t);
    const page = await openPage(t, emulated.url);
    assert.equal(await page.locator('#faults').isVisible(), false);
    await emulated.control('faults', { route: 'message', status: 503, times: 2 });
    await page.getByText('Ordered to fail: requests of message get 503 (2 more)').waitFor();
    await emulated.control('faults', undefined, 'DELETE');
    await page.locator('#faults').waitFor({ state: 'hidden' });
    assertSilent(page);
});

test('only pages that it was started for may frame it', async (t) => {
    const policy = async (...args) => {
        const emulated = await Emulated.start(t, { args });
        return (await request(emulated.url)).headers['content-security-policy'];
    };
    assert.match(await policy(), /frame-ancestors 'none'$/);
    assert.match(await policy('--framed-by', 'http://127.0.0.1:1 http://localhost:1'),
        /frame-ancestors http:\/\/127\.0\.0\.1:1 http:\/\/localhost:1$/);
});
