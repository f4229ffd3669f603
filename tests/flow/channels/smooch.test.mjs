// Sunshine Conversations: an API of our own on the other side, the whole way through.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FileHost, JPEG, PDF, download } from '../support/files.mjs';
import { until } from '../support/process.mjs';
import { INTEGRATION, openSmooch, refusal } from '../support/smooch.mjs';
import { textsOf } from '../support/world.mjs';

const ANA = 'c616a583e4c240a871818541';
const BOB = 'c616a583e4c240a871818542';

const agent = (world, to, text, more) =>
    world.agent(to, text, { integrationId: INTEGRATION, ...more });

test('a line goes both ways; the person has it: Delivered', async (t) => {
    const { api, world } = await openSmooch(t);
    assert.equal((await api.says(ANA, 'hola 👋')).status, 200);
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'hola 👋');
    const { id } = await agent(world, ANA, 'Grüße');
    await until('the answer', () => api.shown(ANA).length === 1);
    assert.deepEqual(api.shown(ANA), ['Grüße']);
    const provider = api.sent(ANA)[0].answer.json.messages[0].id;
    await api.delivery(ANA, 'channel', provider, { isFinalEvent: false });
    assert.deepEqual(await world.receipts(), [], 'the channel has it, nobody else');
    await api.delivery(ANA, 'user', provider);
    const [receipt] = await world.untilReceipts(1);
    assert.deepEqual([receipt.id, receipt.status], [id, 'Delivered']);
});

test('who shows no secret is not heard; both of a rotation are', async (t) => {
    const { api, world } = await openSmooch(t);
    const line = (text) => api.message(ANA, { type: 'text', text });
    assert.equal((await api.eventsBy('another', line('x'))).status, 401);
    assert.equal((await api.eventsBy('', line('x'))).status, 401);
    assert.equal((await api.eventsBy('flow-smooch-secret-0000', line('one'))).status, 200);
    assert.equal((await api.events(line('two'))).status, 200);
    assert.deepEqual(textsOf(await world.untilMessages(2), ANA), ['one', 'two']);
});

test('a batch: the odd one harms nobody, a repeat has one effect', async (t) => {
    const { api, world } = await openSmooch(t);
    const line = (id, text) => api.message(ANA, { type: 'text', text }, id);
    const batch = [line('m1', 'one'), line(null, 'no id'), line('m2', 'two')];
    assert.equal((await api.events(...batch)).status, 200);
    assert.equal((await api.events(...batch)).status, 200);
    await api.says(BOB, 'meanwhile');
    assert.deepEqual(textsOf(await world.untilMessages(3), ANA), ['one', 'two']);
    assert.deepEqual(world.deadLetters().map((d) => d.reason), ['unreadable']);
});

test('replies and the buttons of a carousel answer with their payload', async (t) => {
    const { api, world } = await openSmooch(t);
    await agent(world, ANA, 'Sure?', { content: ['Yes', 'No'].map((text) => ({
        contentType: 'QuickReply', quickReply: { text, payload: `p-${text}`, action: 'Message' } })) });
    await until('the question', () => api.sent(ANA).length === 1);
    const [, no] = api.sent(ANA)[0].json.content.actions;
    await api.events(api.message(ANA, { type: 'text', text: no.text, payload: no.payload }));
    await agent(world, ANA, '', { content: [{ contentType: 'Carousel', carousel: { cards: [
        { title: 'chair', description: 'of oak', actions: [
            { type: 'Postback', text: 'Buy', payload: 'buy-chair' }] }] } }] });
    await until('the carousel', () => api.sent(ANA).length === 2);
    const [{ actions: [buy] }] = api.sent(ANA)[1].json.content.items;
    await api.events(api.event(ANA, 'conversation:postback', { postback: buy, user: { id: 'u' } }));
    const rows = await world.untilMessages(2);
    assert.deepEqual(rows.map((r) => r.buttonResponse.payload), ['p-No', 'buy-chair']);
});

test('files go both ways', async (t) => {
    const { api, world } = await openSmooch(t);
    const files = await new FileHost().start();
    t.after(() => files.stop());
    await api.events(api.message(ANA, { type: 'image', text: 'look', mediaType: 'image/jpeg',
        mediaUrl: files.put('/photo', JPEG, 'image/jpeg') }));
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'look');
    assert.deepEqual((await download(row.content[0].attachment.url)).bytes, JPEG);
    await agent(world, ANA, 'our terms', { content: [{ contentType: 'Attachment', attachment: {
        id: 'f-1', mediaType: 'File', filename: 'terms.pdf',
        url: files.put('/terms', PDF, 'application/pdf') } }] });
    await until('both', () => api.sent(ANA).length === 2);
    const [text, file] = api.sent(ANA).map((call) => call.json.content);
    assert.deepEqual([text.text, file.type, file.altText], ['our terms', 'file', 'terms.pdf']);
    assert.deepEqual((await download(file.mediaUrl)).bytes, PDF);
});

test('an agent who types is shown as typing', async (t) => {
    const { api, world } = await openSmooch(t);
    await world.control('agent', { integrationId: INTEGRATION, to: ANA,
        events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] });
    const [call] = await api.untilCalls('it', (c) => c.path.endsWith('/activity'));
    assert.deepEqual(call.json, { type: 'typing:start', author: { type: 'business' } });
});

test('who blocked us is told as failed, at once or later; a 429 is obeyed', async (t) => {
    const { api, world } = await openSmooch(t);
    api.next((c) => c.path.includes(ANA), refusal(403, 'user_blocked'));
    const first = await agent(world, ANA, 'are you there?');
    await world.untilReceipts(1);
    api.next((c) => c.path.includes(BOB),
        refusal(429, 'too_many_requests', { 'retry-after': '2' }));
    const second = await agent(world, BOB, 'and you?');
    await until('again', () => api.shown(BOB).length === 1);
    const [refused, again] = api.sent(BOB);
    assert.ok(again.at - refused.at >= 1990, `after ${again.at - refused.at} ms`);
    await api.delivery(BOB, 'failure', again.answer.json.messages[0].id,
        { error: { code: 'outside_allowed_window' } });
    const receipts = await world.untilReceipts(2);
    assert.deepEqual(receipts.map((r) => [r.id, r.status, r.reasons[0].code]), [
        [first.id, 'Failed', 'RecipientOptedOut'], [second.id, 'Failed', 'MessageNotAllowed']]);
});

test('SIGTERM and kill -9 in the middle: order holds, at most one comes twice', async (t) => {
    const { api, world } = await openSmooch(t);
    const lines = Array.from({ length: 8 }, (_, i) => `line ${i + 1}`);
    for (const line of lines)
        await world.agentSays(ANA, line, { integrationId: INTEGRATION });
    await until('the first', () => api.shown(ANA).length >= 1);
    assert.equal(await world.stopGateway(), 0);
    await world.startGateway();
    await until('some of it', () => api.shown(ANA).length >= 3);
    await world.killGateway();
    await world.startGateway();
    await until('all of it', () => new Set(api.shown(ANA)).size === lines.length);
    const shown = api.shown(ANA);
    assert.deepEqual(shown.filter((text, i) => shown.indexOf(text) === i), lines);
    assert.ok(shown.length <= lines.length + 1, `${shown.length - lines.length} came twice`);
});
