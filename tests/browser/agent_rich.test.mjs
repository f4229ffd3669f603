// Rich content and files on the emulator's page: sent from it, and shown by it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emulated, TIME, Webhook, message } from '../flow/emulator/support/emulated.mjs';
import {
    NARROW, THEMES, WIDE, assertAccessible, assertFits, assertSilent, openPage, shoot,
} from './support/browser.mjs';
import { png, wav } from './support/samples.mjs';

async function start(t, more) {
    const webhook = await Webhook.start(t);
    const emulated = await Emulated.start(t, { webhookUrl: webhook.url });
    await emulated.inbound('message', message({ from: 'ana', text: 'Hello' }));
    const page = await openPage(t, emulated.url, { size: WIDE, ...more });
    await page.getByRole('heading', { name: 'ana' }).waitFor();
    const choose = (name) => page.getByRole('radio', { name, exact: true }).check();
    const send = async () => {
        const count = webhook.received.length;
        await page.getByRole('button', { name: 'Send' }).click();
        return (await webhook.until(count + 1))[count].body;
    };
    return { webhook, emulated, page, choose, send };
}

async function upload(emulated, name, type, bytes) {
    const query = new URLSearchParams({ name, type });
    const answer = await fetch(`${emulated.url}/_emulator/files?${query}`,
        { method: 'POST', body: bytes });
    return answer.json();
}

test('a carousel is written card by card', async (t) => {
    const { page, choose, send } = await start(t);
    await choose('Carousel');
    await page.getByLabel('Title of card 1').fill('A shirt');
    await page.getByLabel('Description of card 1').fill('Blue');
    await page.getByLabel('(card 1)').fill('Buy the shirt\nLook https://shop.example/shirt');
    await page.getByLabel('Title of card 2').fill('A hat');
    await page.getByRole('button', { name: 'Add a card' }).click();
    await page.getByLabel('Title of card 3').fill('A coat');
    await page.getByLabel('(card 3)').fill('Buy the coat');
    const { type, content } = await send();
    assert.equal(type, 'Structured');
    const postback = (text) => ({ type: 'Postback', text, payload: text });
    assert.deepEqual(content, [{ contentType: 'Carousel', carousel: { cards: [
        { title: 'A shirt', description: 'Blue', actions: [postback('Buy the shirt'),
            { type: 'Link', text: 'Look', url: 'https://shop.example/shirt' }] },
        { title: 'A hat', actions: [] },
        { title: 'A coat', actions: [postback('Buy the coat')] },
    ] } }]);
    await page.locator('#timeline .carousel').getByText('A coat').waitFor();
    assert.equal(await page.locator('#more').isVisible(), false, 'and then it is text again');
    assertSilent(page);
});

test('a list is written item by item', async (t) => {
    const { page, choose, send } = await start(t);
    await choose('List');
    await page.getByLabel('Title of the list').fill('Which colour?');
    await page.getByLabel('Title of the section').fill('Colours');
    await page.getByLabel('Items').fill('Blue: as the sea\n\nRed');
    await page.getByLabel('Several may be chosen').check();
    const { content } = await send();
    assert.deepEqual(content, [{ contentType: 'ListPicker', listPicker: {
        receivedMessage: { title: 'Which colour?' },
        sections: [{ title: 'Colours', multipleSelection: true, items: [
            { id: '1', title: 'Blue', subtitle: 'as the sea' }, { id: '2', title: 'Red' }] }],
    } }]);
    await page.locator('#timeline .picker').getByText('as the sea').waitFor();
    assertSilent(page);
});

test('dates are offered with their lengths', async (t) => {
    const { page, choose, send } = await start(t);
    await choose('Dates');
    await page.getByLabel('Title of the choice').fill('When?');
    await page.getByLabel('Time 1', { exact: true }).fill('2026-03-02T09:00');
    await page.getByRole('button', { name: 'Add a time' }).click();
    await page.getByLabel('Time 2', { exact: true }).fill('2026-03-03T10:30');
    await page.getByLabel('Length of time 2').selectOption('60 minutes');
    const { content } = await send();
    assert.deepEqual(content, [{ contentType: 'DatePicker', datePicker: { title: 'When?',
        availableTimes: [
            { dateTime: new Date('2026-03-02T09:00').toISOString(), duration: 900 },
            { dateTime: new Date('2026-03-03T10:30').toISOString(), duration: 3600 },
        ] } }]);
    await page.locator('#timeline .picker').getByText('60 minutes').waitFor();
    assertSilent(page);
});

test('a template is written with its values, and shown filled in', async (t) => {
    const { page, choose, send } = await start(t);
    await choose('Template');
    await page.getByLabel('Header').fill('News');
    await page.getByLabel('Words of the template').fill('Hello {{name}}, {{ what }}');
    await page.getByLabel('Values').fill('name = Ana\n what=a = b');
    await page.getByLabel('Footer').fill('Bye');
    await page.getByLabel('Buttons').fill('Stop\nLook https://shop.example/');
    const { content } = await send();
    assert.deepEqual(content, [{ contentType: 'Notification', template: {
        language: 'en', header: { type: 'Text', text: 'News' },
        body: { text: 'Hello {{name}}, {{ what }}',
            parameters: [{ name: 'name', text: 'Ana' }, { name: 'what', text: 'a = b' }] },
        footer: { text: 'Bye' },
        buttons: [{ type: 'QuickReply', index: 0, text: 'Stop', payload: 'Stop' },
            { type: 'Url', index: 1, text: 'Look', url: 'https://shop.example/' }],
    } }]);
    await page.locator('#timeline').getByText('Hello Ana, a = b').waitFor();
    assertSilent(page);
});

test('a file is sent with words, and shown where the browser can show it', async (t) => {
    const { page, choose, send } = await start(t);
    await choose('File');
    await page.getByLabel('Reply').fill('The hill');
    const picture = png();
    await page.getByLabel('File', { exact: true }).last().setInputFiles(
        { name: 'Åsen & co.png', mimeType: 'image/png', buffer: picture });
    const { text, content } = await send();
    assert.equal(text, 'The hill');
    const [{ attachment }] = content;
    assert.deepEqual([attachment.mediaType, attachment.filename, attachment.contentSizeBytes],
        ['Image', 'Åsen & co.png', picture.length]);
    assert.deepEqual(Buffer.from(await (await fetch(attachment.url)).arrayBuffer()), picture);
    const shown = page.getByRole('img', { name: 'Åsen & co.png' });
    await shown.waitFor();
    assert.equal(await shown.evaluate(async (image) => {
        await image.decode();
        return image.naturalWidth;
    }), 320);
    assertSilent(page);
});

test('what is refused stays in the composer, and is said', async (t) => {
    const { page, choose, emulated, webhook } = await start(t);
    await choose('Card');
    await page.getByLabel('Title').fill('A shirt');
    await page.getByLabel('Buttons').fill('Buy\nBuy');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('[Buy] is there twice').waitFor();
    assert.equal(await page.getByLabel('Title').inputValue(), 'A shirt');

    await emulated.control('media-types', { outbound: ['image/*'] });
    await choose('File');
    await page.getByLabel('File', { exact: true }).last().setInputFiles(
        { name: 'a.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4') });
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('lets no such media type out').waitFor();
    assert.equal(webhook.received.length, 0);
});

test('a kind without what it needs is not sent', async (t) => {
    const { page, choose, emulated } = await start(t);
    for (const kind of ['Text', 'File', 'Quick replies', 'Card', 'Carousel', 'List', 'Dates',
        'Template']) {
        await choose(kind);
        await page.getByRole('button', { name: 'Send' }).click();
        assert.equal(await page.locator('#composer :invalid').count() > 0, true, kind);
    }
    assert.deepEqual(await emulated.control('outbound'), []);
    assertSilent(page);
});

test('a sound goes on playing while messages come and change', async (t) => {
    const { page, emulated, webhook } = await start(t);
    const { id } = await upload(emulated, 'tone.wav', 'audio/wav', wav());
    await emulated.agent('ana', { file: id });
    const audio = page.locator('#timeline audio');
    await audio.evaluate((element) => {
        element.dataset.kept = 'yes';
        element.loop = true;
        element.muted = true;
        return element.play();
    });
    await webhook.until(1);
    await page.locator('#timeline').getByText('Sent', { exact: true }).waitFor();
    await emulated.inbound('message', message({ from: 'ana', text: 'Nice' }));
    await page.locator('#timeline').getByText('Nice').waitFor();
    assert.deepEqual(await audio.evaluate(({ paused, error }) => [paused, error]), [false, null]);
    assertSilent(page);
});

test('what a customer attached is shown as it was fetched', async (t) => {
    const { page, emulated } = await start(t);
    const { path } = await upload(emulated, 'hill.png', 'image/png', png())
        .then(({ url }) => ({ path: url.replace('/api/v2/downloads/', '/_emulator/files/') }));
    const attach = (url, more) => emulated.inbound('message', message({ from: 'ana', text: null,
        content: [{ attachment: { mediaType: 'Image', mime: 'image/png', url, ...more } }] }));
    await attach(path, { filename: 'my hill.png', text: 'from the top' });
    await attach('http://127.0.0.1:9/gone', { mediaType: 'File', filename: 'gone.pdf' });
    const shown = page.getByRole('img', { name: 'my hill.png' });
    await shown.waitFor();
    assert.equal(await shown.evaluate((image) => image.decode().then(() => (
        image.naturalHeight))), 180);
    const timeline = page.locator('#timeline');
    await timeline.getByText('from the top').waitFor();
    await timeline.getByRole('link', { name: 'my hill.png' }).waitFor();
    await timeline.getByText('could not be fetched: no connection').waitFor();
    await assertAccessible(page);
    await shoot(page, 'agent-fetched');
    assertSilent(page);
});

// No message, and no field, reaches over the edge of its box.
async function assertInside(page) {
    const outside = await page.evaluate(() => ['#timeline', '#fields'].flatMap((id) => {
        const box = document.querySelector(id).getBoundingClientRect();
        return [...document.querySelectorAll(`${id} *`)].filter((item) => {
            const { left, right, width } = item.getBoundingClientRect();
            return width > 1 && (left < box.left - 1 || right > box.right + 1);
        }).map(({ outerHTML }) => outerHTML.slice(0, 200));
    }));
    assert.deepEqual(outside, []);
}

// Everything an agent can show, answered where it has buttons.
async function showAll(emulated) {
    const reply = (text) => ({ contentType: 'QuickReply', quickReply: { text, payload: text } });
    const file = async (...of) => (await upload(emulated, ...of)).id;
    await emulated.agent('ana', { content: [{ carousel: { cards: [
        { title: 'A shirt', description: 'Blue as the sea', actions: [
            { type: 'Postback', text: 'Buy', payload: 'buy-1' },
            { type: 'Link', text: 'Look', url: 'https://shop.example/1' }] },
        { title: 'A hat', description: 'For the rain', image: 'https://shop.example/hat.png',
            actions: [{ type: 'Postback', text: 'Buy', payload: 'buy-2' }] }] } }] });
    await emulated.agent('ana', { content: [{ listPicker: {
        receivedMessage: { title: 'Which colour?', subtitle: 'Two are left' },
        sections: [{ title: 'Colours', items: [{ id: '1', title: 'Blue', subtitle: 'as the sea' },
            { id: '2', title: 'Red' }] }] } }] });
    await emulated.agent('ana', { content: [{ datePicker: { title: 'When shall it come?',
        availableTimes: [{ dateTime: '2026-03-02T09:00:00Z', duration: 1800 },
            { dateTime: '2026-03-03T13:00:00Z', duration: 3600 }] } }] });
    await emulated.agent('ana', { content: [{ template: { language: 'en',
        header: { type: 'Text', text: 'Order {{number}}', parameters: [
            { name: 'number', text: '4711' }] },
        body: { text: 'Hello {{name}}, it is on its way.', parameters: [
            { name: 'name', text: 'Ana' }] },
        footer: { text: 'Your shop' },
        buttons: [{ type: 'QuickReply', index: 0, text: 'Thanks', payload: 'ok' }] } }] });
    await emulated.agent('ana', { text: 'The way to the shop',
        file: await file('the-hill.png', 'image/png', png()) });
    await emulated.agent('ana', { file: await file('tone.wav', 'audio/wav', wav()) });
    const terms = await file('terms.pdf', 'application/pdf', 'x'.repeat(9876));
    await emulated.agent('ana', { file: terms });
    await emulated.agent('ana', { content: [{ contentType: 'Push', push: {} },
        { location: { text: 'The shop', url: 'https://maps.example/shop' } }] });
    const asked = await emulated.agent('ana', { text: 'Is that all?', content: [
        reply('Yes'), reply('No')] });
    await emulated.inbound('structured/response', {
        channel: { messageId: 'm-2', time: TIME, from: { id: 'ana', idType: 'Opaque' } },
        buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'Yes' },
        originatingMessageId: asked.id,
    });
    await emulated.control('media-types', { inbound: [] });
    await emulated.inbound('message', message({ from: 'ana', text: 'My drawing', content: [
        { attachment: { mediaType: 'File', mime: 'application/zip', filename: 'drawing.zip',
            url: 'https://files.example/d.zip' } }] }));
}

for (const theme of THEMES) {
    test(`everything that an agent can show is shown, ${theme}`, async (t) => {
        const { page, emulated, choose } = await start(t, { theme, scale: 2 });
        await showAll(emulated);
        const timeline = page.locator('#timeline');
        await timeline.getByText('drawing.zip was dropped').waitFor();
        await timeline.getByText('(chosen)').waitFor({ state: 'attached' });
        for (const text of ['as the sea', '30 minutes', 'Order 4711',
            'Hello Ana, it is on its way.', '9.9 kB', 'Push', 'The shop'])
            assert.ok(await timeline.getByText(text).count() > 0, text);
        for (const size of [WIDE, NARROW]) {
            const name = `agent-rich-${theme}-${size === WIDE ? 'wide' : 'narrow'}`;
            await page.setViewportSize(size);
            await assertAccessible(page);
            await assertFits(page);
            await assertInside(page);
            await shoot(page, name);
            await timeline.evaluate((box) => {
                box.scrollTop = 0;
            });
            await shoot(page, `${name}-top`);
            await timeline.evaluate((box) => {
                box.scrollTop = 700;
            });
            await shoot(page, `${name}-middle`);
            for (const kind of ['File', 'Carousel', 'List', 'Dates', 'Template']) {
                await choose(kind);
                await assertAccessible(page);
                await assertFits(page);
                await assertInside(page);
                await shoot(page, `${name}-${kind.toLowerCase()}`);
            }
        }
        assertSilent(page);
    });
}
