// Viber: an API of our own on the other side, the whole way through the gateway.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FileHost, PDF, PNG, download } from '../support/files.mjs';
import { request } from '../support/partner.mjs';
import { until } from '../support/process.mjs';
import { INTEGRATION, OLD_TOKEN, openViber, refusal } from '../support/viber.mjs';
import { textsOf } from '../support/world.mjs';

// Base64 with all that a URL would spell otherwise.
const ANA = 'QW5hIFJ1aXo+/wAAAAAAAA==';
const BOB = 'Qm9iIEtpbmc+/wAAAAAAAA==';

const agent = (world, to, text, more) =>
    world.agent(to, text, { integrationId: INTEGRATION, ...more });
const offer = (world, to, text, labels) => agent(world, to, text, {
    content: labels.map((label) => ({ contentType: 'QuickReply', quickReply: { text: label,
        payload: `p-${label}`, action: 'Message' } })) });

test('lines go both ways in any script; the agent sees Delivered when the phone has it',
    async (t) => {
        const { api, world } = await openViber(t);
        assert.equal((await api.says(ANA, 'Γειά σου 👋🏽')).status, 200);
        const [row] = await world.untilMessages(1);
        assert.equal(row.text, 'Γειά σου 👋🏽');
        assert.equal(row.channel.from.id, ANA);
        const { id } = await agent(world, ANA, 'Привіт 🎉');
        await until('the answer', () => api.shown(ANA).length === 1);
        assert.deepEqual(api.shown(ANA), ['Привіт 🎉']);
        assert.deepEqual(await world.receipts(), [], 'taken is not delivered');
        const [call] = api.sent(ANA);
        assert.equal((await api.receipt('delivered', call)).status, 200);
        await api.receipt('seen', call);
        const [receipt] = await world.untilReceipts(1);
        assert.deepEqual([receipt.id, receipt.status], [id, 'Delivered']);
    });

test('tokens beyond 2^53 are kept to the last digit: neighbours are two messages', async (t) => {
    const { api, world } = await openViber(t);
    const line = (token, text) => api.event({ event: 'message', message_token: token,
        sender: { id: ANA, name: 'Ana' }, message: { type: 'text', text } });
    await line('5741311803571721087', 'one');
    await line('5741311803571721088', 'two'); // the same as a double
    await line('5741311803571721087', 'one again');
    const rows = await world.untilMessages(2);
    assert.deepEqual(textsOf(rows, ANA), ['one', 'two']);
    await agent(world, ANA, 'the first line');
    await agent(world, ANA, 'the second line');
    await until('both', () => api.shown(ANA).length === 2);
    const [, second] = api.sent(ANA);
    await api.receipt('failed', second, { desc: 'not on this phone' });
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.status, 'Failed');
    assert.match(receipt.reasons[0].message, /not on this phone/);
    assert.equal((await world.receipts()).length, 1, 'and of the first nobody heard');
});

test('the signature is looked for in the header, then in the query; a bad one is a 401 at once',
    async (t) => {
        const { api, world } = await openViber(t);
        assert.equal((await api.says(ANA, 'header', { ways: ['header'] })).status, 200);
        assert.equal((await api.says(ANA, 'query', { ways: ['query'] })).status, 200);
        assert.equal((await api.says(ANA, 'old', { token: OLD_TOKEN })).status, 200);
        assert.equal((await api.says(ANA, 'none', { ways: [] })).status, 401);
        assert.equal((await api.says(ANA, 'wrong', { token: 'another' })).status, 401);
        const rows = await world.untilMessages(3);
        assert.deepEqual(textsOf(rows, ANA), ['header', 'query', 'old']);
    });

test('while set_webhook waits, the sign of life is given', async (t) => {
    const { api, world } = await openViber(t);
    assert.equal((await api.event({ event: 'webhook' })).status, 200);
    assert.equal((await api.event({ event: 'webhook' }, { token: 'unknown' })).status, 401);
    assert.deepEqual(await world.messages(), []);
    assert.deepEqual(world.deadLetters(), []);
});

test('who opens the chat is welcomed by the answer itself, and nobody else sees it',
    async (t) => {
        const { api, world } = await openViber(t, '      welcome: "Γειά! Ask away."');
        const user = { id: ANA, name: 'Ana' };
        const opens = (subscribed) => api.event({ event: 'conversation_started', type: 'open',
            user, subscribed });
        const welcome = await opens(false);
        assert.deepEqual(welcome.json, { sender: { name: 'Shop' }, type: 'text',
            text: 'Γειά! Ask away.' });
        assert.deepEqual([(await opens(true)).status, (await opens(true)).body], [200, '']);
        await api.says(ANA, 'hola');
        assert.equal((await world.untilMessages(1)).length, 1);
        assert.deepEqual(api.sent(), []);
    });

test('files go both ways by links, and a link of Viber\'s goes nowhere', async (t) => {
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const { api, world } = await openViber(t, '', 'egress: { allow: [ "127.0.0.0/8" ] }');
    await api.message(ANA, { type: 'picture', media: files.put('/p?signed', PNG, 'image/png'),
        text: 'my receipt' });
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'my receipt');
    const [{ attachment }] = row.content;
    assert.equal(attachment.mime, 'image/png', 'as its bytes say');
    assert.ok(!JSON.stringify(row).includes(files.url));
    assert.deepEqual((await download(attachment.url)).bytes, PNG);

    const sends = (text, path, bytes, mime, filename) => agent(world, ANA, text, { content: [
        { contentType: 'Attachment', attachment: { id: 'f-1', mediaType: 'File', mime, filename,
            url: files.put(path, bytes, mime) } }] });
    await sends('our terms', '/terms', PDF, 'application/pdf', 'terms.pdf');
    await until('the file', () => api.shown(ANA).length === 2);
    await sends('and where', '/map', PNG, 'image/png', 'map.png');
    await until('the picture', () => api.shown(ANA).length === 4);
    const [text, file, , picture] = api.sent(ANA).map((call) => call.json);
    assert.equal(text.text, 'our terms');
    assert.deepEqual([file.type, file.file_name, file.size], ['file', 'terms.pdf', PDF.length]);
    assert.deepEqual((await download(file.media)).bytes, PDF);
    assert.equal(picture.type, 'picture');
    assert.match(picture.media, /\.png$/);
    assert.deepEqual((await download(picture.media)).bytes, PNG);
    await api.receipt('delivered', api.sent(ANA)[1]);
    assert.equal((await world.untilReceipts(1))[0].status, 'Delivered');
});

test('quick replies are a keyboard, and answer with their payload', async (t) => {
    const { api, world } = await openViber(t);
    await api.says(ANA, 'hola');
    const { id } = await offer(world, ANA, 'Sure?', ['Yes & always', 'No']);
    const [call] = await api.untilCalls('the question', (c) => c.json.keyboard !== undefined);
    assert.deepEqual(call.json.keyboard.Buttons.map((b) => [b.Text, b.Silent]),
        [['Yes &amp; always', true], ['No', true]]);
    await api.presses(call, 'Yes &amp; always');
    const rows = await world.untilMessages(2);
    assert.deepEqual([rows[1].buttonResponse.text, rows[1].buttonResponse.payload],
        ['Yes & always', 'p-Yes & always']);
    assert.equal(rows[1].originatingMessageId, id);
});

test('what another was offered, or was typed, is a line and no answer', async (t) => {
    const { api, world } = await openViber(t);
    await api.says(ANA, 'hola');
    await offer(world, ANA, 'Sure?', ['Yes', 'No']);
    const [call] = await api.untilCalls('the question', (c) => c.json.keyboard !== undefined);
    const press = call.json.keyboard.Buttons[0].ActionBody;
    await api.says(BOB, press);
    await api.says(ANA, press.slice(1));
    const rows = await world.untilMessages(3);
    assert.deepEqual([textsOf(rows, BOB), textsOf(rows, ANA)[1]], [[press], press.slice(1)]);
});

test('cards are blocks side by side behind the text; their choices answer', async (t) => {
    const { api, world } = await openViber(t);
    await api.says(ANA, 'hola');
    const card = (title) => ({ title, description: `a ${title} one`, actions: [
        { type: 'Postback', text: `Buy ${title}`, payload: `b-${title}` },
        { type: 'Link', text: 'See', url: `https://shop.example.com/${title}` }] });
    const { id } = await agent(world, ANA, 'Which?', { content: [{ contentType: 'Carousel',
        carousel: { cards: [card('blue'), card('green')] } }] });
    const [call] = await api.untilCalls('the cards', (c) => c.json.type === 'rich_media');
    assert.equal(api.sent(ANA)[0].json.text, 'Which?');
    assert.equal(call.json.rich_media.ButtonsGroupRows * 2,
        call.json.rich_media.Buttons.reduce((rows, b) => rows + b.Rows, 0));
    await api.presses(call, 'Buy green');
    const rows = await world.untilMessages(2);
    assert.equal(rows[1].buttonResponse.payload, 'b-green');
    assert.equal(rows[1].originatingMessageId, id);
});

test('errors come with 200: who is no subscriber is told to the agent', async (t) => {
    const { api, world } = await openViber(t);
    await api.says(ANA, 'hola');
    await api.says(BOB, 'hola');
    await world.untilMessages(2);
    assert.equal((await api.event({ event: 'unsubscribed', user_id: ANA })).status, 200);
    const rows = await world.untilMessages(3);
    assert.match(rows[2].text, /unsubscribed from the bot/);
    api.next((c) => c.json.receiver === ANA, refusal(6, 'receiverNotSubscribed'));
    const { id } = await agent(world, ANA, 'Hello?');
    const [receipt] = await world.untilReceipts(1);
    assert.deepEqual([receipt.id, receipt.status, receipt.reasons[0].code],
        [id, 'Failed', 'RecipientOptedOut']);
    await agent(world, BOB, 'Hello');
    await until('the other', () => api.shown(BOB).length === 1);
    assert.match(world.deadLetters()[0].reason, /code 6: receiverNotSubscribed/);
});

test('who got too many waits, the others do not; then the order holds', async (t) => {
    const { api, world } = await openViber(t);
    await api.says(ANA, 'hola');
    await api.says(BOB, 'hola');
    await world.untilMessages(2);
    api.next((c) => c.json.receiver === ANA,
        refusal(12, 'tooManyRequests', { 'retry-after': '2' }));
    for (const line of ['one', 'two'])
        await world.agentSays(ANA, line, { integrationId: INTEGRATION });
    await api.untilCalls('the refusal', (c) => c.json.receiver === ANA);
    await agent(world, BOB, 'meanwhile');
    await until('the other', () => api.shown(BOB).length === 1);
    assert.equal(api.sent(ANA).length, 1, 'nothing was tried meanwhile');
    await until('the rest', () => api.shown(ANA).length === 2);
    assert.deepEqual(api.shown(ANA), ['one', 'two']);
    const [refused, again] = api.sent(ANA);
    assert.ok(again.at - refused.at >= 2000, `${again.at - refused.at} ms`);
});

test('a token that is refused pauses the bridge, and nothing is lost', async (t) => {
    const { api, world } = await openViber(t);
    await api.says(ANA, 'hola');
    await world.untilMessages(1);
    api.next(() => true, refusal(2, 'invalidAuthToken'));
    await agent(world, ANA, 'Hello');
    await until('the pause', () => world.gateway.events('flow.paused').length === 1);
    assert.deepEqual(world.deadLetters(), []);
    const { code } = await world.omgw('bridges', 'resume', 'bot');
    assert.equal(code, 0);
    await until('the line', () => api.shown(ANA).length === 1);
});

test('SIGTERM and start in the middle: nothing lost, repeated or out of order', async (t) => {
    const { api, world } = await openViber(t);
    await api.says(ANA, 'hola');
    const lines = Array.from({ length: 8 }, (_, i) => `line ${i + 1}`);
    api.next((c) => c.json.text === 'line 2', refusal(99, 'generalError'), 2);
    for (const line of lines)
        await world.agentSays(ANA, line, { integrationId: INTEGRATION });
    await until('the first', () => api.shown(ANA).length >= 1);
    assert.equal(await world.stopGateway(), 0);
    await world.startGateway();
    await until('all of it', () => api.shown(ANA).length >= lines.length);
    assert.deepEqual(api.shown(ANA), lines);
});

test('kill -9 in the middle: order holds, at most one comes twice', async (t) => {
    const { api, world } = await openViber(t);
    await api.says(ANA, 'hola');
    const lines = Array.from({ length: 8 }, (_, i) => `line ${i + 1}`);
    api.next((c) => c.json.text === 'line 5', refusal(99, 'generalError'), 2);
    for (const line of lines)
        await world.agentSays(ANA, line, { integrationId: INTEGRATION });
    await until('some of it', () => api.shown(ANA).length >= 3);
    await world.killGateway();
    await world.startGateway();
    await until('all of it', () => new Set(api.shown(ANA)).size === lines.length);
    const shown = api.shown(ANA);
    assert.deepEqual(shown.filter((text, i) => shown.indexOf(text) === i), lines);
    assert.ok(shown.length <= lines.length + 1, `${shown.length - lines.length} came twice`);
});

test('an answer that is lost repeats, unless the bridge says otherwise', async (t) => {
    const { api, world } = await openViber(t);
    await api.says(ANA, 'hola');
    await world.untilMessages(1);
    api.next((c) => c.json.text === 'Hello', { drop: true });
    await agent(world, ANA, 'Hello');
    await until('it again', () => api.sent(ANA).length === 2);
    await until('the count', async () =>
        await world.metric('omgw_possible_duplicates_total') >= 1);
});

test('what nobody signed is refused before anything is read', async (t) => {
    const { api, world } = await openViber(t);
    const answer = await request(`${api.webhook}?sig=${'0'.repeat(64)}`,
        { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } });
    assert.equal(answer.status, 401);
    assert.deepEqual(world.deadLetters(), []);
});
