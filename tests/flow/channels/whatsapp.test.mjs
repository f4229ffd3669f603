// WhatsApp: a Graph API of our own on the other side, the whole way through the gateway.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FileHost, JPEG, PDF, download } from '../support/files.mjs';
import { until } from '../support/process.mjs';
import { VERIFY_TOKEN, WHATSAPP_INTEGRATION as INTEGRATION, graphError, openWhatsApp as open }
    from '../support/graph.mjs';
import { textsOf } from '../support/world.mjs';

const ANA = '34600000001';
const BOB = '34600000002';

const agent = (world, to, text, more) =>
    world.agent(to, text, { integrationId: INTEGRATION, ...more });

test('Meta checks the webhook, and only with the word agreed on', async (t) => {
    const { api } = await open(t);
    const good = await api.verify(VERIFY_TOKEN);
    assert.deepEqual([good.status, good.body], [200, '123']);
    assert.equal((await api.verify('another word')).status, 403);
});

test('a line goes both ways; the agent sees Delivered when the phone has it', async (t) => {
    const { api, world } = await open(t);
    assert.equal((await api.says(ANA, 'hola')).status, 200);
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'hola');
    const { id } = await agent(world, ANA, 'Hello');
    await until('the answer', () => api.shown(ANA).length === 1);
    const wamid = api.sent(ANA)[0].answer.json.messages[0].id;
    await api.status(wamid, 'sent', ANA);
    assert.deepEqual(await world.receipts(), [], 'sent is not delivered');
    await api.status(wamid, 'delivered', ANA);
    await api.status(wamid, 'read', ANA);
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Delivered');
});

test('a failure that comes later is told with its reason', async (t) => {
    const { api, world } = await open(t);
    await api.says(ANA, 'hola');
    const { id } = await agent(world, ANA, 'Hello');
    await until('the answer', () => api.shown(ANA).length === 1);
    await api.status(api.sent(ANA)[0].answer.json.messages[0].id, 'failed', ANA,
        [{ code: 131050, title: 'opted out' }]);
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Failed');
    assert.equal(receipt.reasons[0].code, 'RecipientOptedOut');
});

test('a rate limit is obeyed as long as it says, and the order holds', async (t) => {
    const { api, world } = await open(t);
    await api.says(ANA, 'hola');
    await world.untilMessages(1);
    api.next((c) => c.json?.text?.body === 'one', { ...graphError(429, 130429),
        headers: { 'retry-after': '2' } });
    await agent(world, ANA, 'one');
    await until('the first try', () => api.sent(ANA).length === 1);
    await agent(world, ANA, 'two');
    await until('both', () => api.shown(ANA).length === 2);
    assert.deepEqual(api.shown(ANA), ['one', 'two']);
    const [refused, again] = api.sent(ANA);
    assert.ok(again.at - refused.at >= 1990, `came again after ${again.at - refused.at} ms`);
});

test('who cannot be reached is told to the agent as failed at once', async (t) => {
    const { api, world } = await open(t);
    await api.says(ANA, 'hola');
    await world.untilMessages(1);
    api.next((c) => c.json?.to === ANA, graphError(400, 131026));
    const { id } = await agent(world, ANA, 'are you there?');
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Failed');
    assert.equal(receipt.reasons[0].code, 'InvalidDestination');
    assert.equal(world.deadLetters().length, 1);
});

test('to who never wrote, or not for a day, nothing is sent: the agent hears why', async (t) => {
    const { api, world } = await open(t);
    const { id } = await agent(world, ANA, 'Hello');
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Failed');
    assert.equal(receipt.reasons[0].code, 'MessageNotAllowed');
    assert.match(receipt.reasons[0].message, /within 24 h after the customer wrote/);
    assert.deepEqual(api.sent(), []);
    assert.match(world.deadLetters()[0].reason, /whatsapp takes messages only within 24 h/);
});

test('a batch is taken apart; the odd one harms nobody', async (t) => {
    const { api, world } = await open(t);
    const line = (id, from, body) => ({ from, id, timestamp: '1700000000', type: 'text',
        text: { body } });
    const answer = await api.messages(line('wamid.1', ANA, 'one'),
        { from: BOB, type: 'text', text: { body: 'without an id' } },
        line('wamid.2', ANA, 'two'), line('wamid.1', ANA, 'one'));
    assert.equal(answer.status, 200);
    const rows = await world.untilMessages(2);
    assert.deepEqual(textsOf(rows, ANA), ['one', 'two']);
    const dead = world.deadLetters();
    assert.deepEqual(dead.map((d) => d.reason), ['unreadable']);
});

test('options are buttons, and answer with their payload', async (t) => {
    const { api, world } = await open(t);
    await api.says(ANA, 'hola');
    const { id } = await agent(world, ANA, 'Sure?', { content: ['Yes', 'No'].map((text) => (
        { contentType: 'QuickReply', quickReply: { text, payload: `p-${text}`,
            action: 'Message' } })) });
    await until('the question', () => api.sent(ANA).length === 1);
    const { buttons } = api.sent(ANA)[0].json.interactive.action;
    assert.deepEqual(buttons.map((b) => b.reply.title), ['Yes', 'No']);
    await api.messages({ from: ANA, id: 'wamid.B', timestamp: '1700000000', type: 'interactive',
        interactive: { type: 'button_reply', button_reply: buttons[1].reply } });
    const rows = await world.untilMessages(2);
    assert.equal(rows[1].buttonResponse.payload, 'p-No');
    assert.equal(rows[1].originatingMessageId, id);
});

test('a user id and a number are one person', async (t) => {
    const { api, world } = await open(t);
    const line = (id, who, body) => ({ ...who, id, timestamp: '1700000000', type: 'text',
        text: { body } });
    await api.messages(line('wamid.1', { from: ANA, from_user_id: 'ES.1349' }, 'both'));
    await api.messages(line('wamid.2', { from: ANA }, 'the number'));
    await api.messages(line('wamid.3', { from_user_id: 'ES.1349' }, 'the id'));
    const rows = await world.untilMessages(3);
    assert.deepEqual(textsOf(rows, 'ES.1349'), ['both', 'the number', 'the id']);
});

test('SIGTERM and kill -9 in the middle: order holds, at most one comes twice', async (t) => {
    const { api, world } = await open(t);
    await api.says(ANA, 'hola');
    const lines = Array.from({ length: 8 }, (_, i) => `line ${i + 1}`);
    api.next((c) => c.json.text?.body === 'line 2', graphError(500, 131016), 2);
    for (const line of lines)
        await world.agentSays(ANA, line, { integrationId: INTEGRATION });
    await until('the first', () => api.shown(ANA).length >= 1);
    assert.equal(await world.stopGateway(), 0);
    await world.startGateway();
    await until('some of it', () => api.shown(ANA).length >= 4);
    await world.killGateway();
    await world.startGateway();
    await until('all of it', () => new Set(api.shown(ANA)).size === lines.length);
    const shown = api.shown(ANA);
    assert.deepEqual(shown.filter((text, i) => shown.indexOf(text) === i), lines);
    assert.ok(shown.length <= lines.length + 1, `${shown.length - lines.length} came twice`);
});

test('files go both ways, and the token goes to the Graph API alone', async (t) => {
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const { api, world } = await open(t);
    await api.shows(ANA, JPEG, 'my receipt');
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'my receipt');
    const [{ attachment }] = row.content;
    assert.equal(attachment.mime, 'image/jpeg');
    assert.deepEqual((await download(attachment.url)).bytes, JPEG);

    await agent(world, ANA, 'our terms', { content: [{ contentType: 'Attachment', attachment: {
        id: 'f-1', mediaType: 'File', mime: 'application/pdf', filename: 'terms.pdf',
        url: files.put('/terms', PDF, 'application/pdf') } }] });
    await until('the file', () => api.sent(ANA).length === 2);
    const [text, file] = api.sent(ANA).map((call) => call.json);
    assert.equal(text.text.body, 'our terms');
    assert.equal(file.document.filename, 'terms.pdf');
    assert.deepEqual((await download(file.document.link)).bytes, PDF);
    assert.deepEqual(files.headersOf('/terms').map((h) => h.authorization), [undefined]);
    await api.status(api.sent(ANA)[0].answer.json.messages[0].id, 'delivered', ANA);
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.status, 'Delivered');
});

test('typing is shown under the last line, once in a while, and only if wanted', async (t) => {
    const { api, world } = await open(t, ['typing: true']);
    const types = () => world.control('agent', { integrationId: INTEGRATION, to: ANA,
        events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] });
    await types(); // nothing was heard: there is nothing to show it under
    await api.says(ANA, 'hello');
    await world.untilMessages(1);
    await types();
    const [call] = await api.untilCalls('typing', (c) => c.json?.status === 'read');
    assert.equal(call.json.message_id, 'wamid.IN1');
    assert.deepEqual(call.json.typing_indicator, { type: 'text' });
    await types();
    await agent(world, ANA, 'Hello Ana');
    await until('the answer', () => api.shown(ANA).length === 1);
    assert.equal(api.calls.filter((c) => c.json?.status === 'read').length, 1);
});
