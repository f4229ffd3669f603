// Telegram: a bot of our own on the other side, the whole way through the gateway.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FileHost, PDF, PNG, download } from '../support/files.mjs';
import { until } from '../support/process.mjs';
import { BotApi, SECRET_TOKEN, TOKEN, refusal } from '../support/telegram.mjs';
import { GENESYS_SECRET, World, textsOf } from '../support/world.mjs';

const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a1';
const ANA = 700000001;
const BOB = 700000002;

async function open(t, settings = '') {
    const api = await new BotApi().start();
    t.after(() => api.stop());
    const world = await World.open(t, {
        bridges: `
  - name: shop
    channel: telegram
    genesys: main
    integration_id: ${INTEGRATION}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    telegram:
      token: "${TOKEN}"
      secrets: [ { value: "${SECRET_TOKEN}" } ]
      api_url: "${api.url}"
`,
        settings,
        emulator: (w) => ['--integration', INTEGRATION, '--webhook-url',
            `${w.base}/webhooks/genesys/shop`, '--webhook-secret', GENESYS_SECRET],
    });
    world.secrets.push(TOKEN, SECRET_TOKEN);
    api.target(world.base, 'shop');
    return { api, world };
}

const agent = (world, to, text, more) => world.agent(String(to), text,
    { integrationId: INTEGRATION, ...more });
const agentSays = (world, to, text) => world.agentSays(String(to), text,
    { integrationId: INTEGRATION });

test('a line goes both ways, and the agent sees that it arrived', async (t) => {
    const { api, world } = await open(t);
    assert.equal((await api.says(ANA, 'hola 👋')).status, 200);
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'hola 👋');
    assert.equal(row.channel.from.id, String(ANA));
    assert.equal(row.channel.from.firstName, 'Ana');

    const { id } = await agent(world, ANA, 'Hi <b>Ana</b>');
    await until('the answer', () => api.shown(ANA).length === 1);
    assert.deepEqual(api.shown(ANA), ['Hi <b>Ana</b>']);
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Delivered');

    for (const either of [id, `${ANA}/2`])
        assert.ok(JSON.stringify(await world.trace(either)).includes(`${ANA}/2`), either);
});

test('a stranger is not heard, a repeat has one effect', async (t) => {
    const { api, world } = await open(t);
    const stranger = await api.update({ message: { message_id: 9, date: 1,
        from: { id: ANA }, chat: BotApi.chat(ANA), text: 'x' } }, 'another-secret');
    assert.equal(stranger.status, 401);
    const update = { update_id: 5, message: { message_id: 10, date: 1700000000,
        from: { id: ANA, first_name: 'Ana' }, chat: BotApi.chat(ANA), text: 'once' } };
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.update(update)));
    assert.ok(answers.every((a) => a.status === 200));
    await api.says(ANA, 'the next');
    assert.deepEqual(textsOf(await world.untilMessages(2), String(ANA)), ['once', 'the next']);
});

test('buttons hold tokens, and answer with the payload behind them', async (t) => {
    const { api, world } = await open(t);
    const payload = 'x'.repeat(200);
    const { id } = await agent(world, ANA, 'Sure?', { content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload, action: 'Message' } },
        { contentType: 'QuickReply', quickReply: { text: 'No', payload: 'n', action: 'Message' } },
    ] });
    await until('the question', () => api.sent(ANA).length === 1);
    const answer = await api.presses(ANA, api.sent(ANA)[0].json, 'Yes');
    assert.deepEqual(answer.json,
        { method: 'answerCallbackQuery', callback_query_id: 'press-1' });
    const [row] = await world.untilMessages(1);
    assert.equal(row.buttonResponse.payload, payload);
    assert.equal(row.buttonResponse.text, 'Yes');
    assert.equal(row.originatingMessageId, id);
});

test('an agent who types is shown as typing', async (t) => {
    const { api, world } = await open(t);
    await world.control('agent', { integrationId: INTEGRATION, to: String(ANA),
        events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] });
    const [call] = await api.untilCalls('the action', (c) => c.path.endsWith('/sendChatAction'));
    assert.deepEqual(call.json, { chat_id: ANA, action: 'typing' });
});

test('a 429 holds its chat as long as it says; others go on', async (t) => {
    const { api, world } = await open(t);
    api.next((c) => c.json.chat_id === ANA, refusal(429,
        'Too Many Requests: retry after 2', { retry_after: 2 }));
    await agent(world, ANA, 'one');
    await until('the first try', () => api.sent(ANA).length === 1);
    await agent(world, ANA, 'two');
    await agent(world, BOB, 'meanwhile');
    await until('the other chat', () => api.shown(BOB).length === 1);
    await until('both', () => api.shown(ANA).length === 2);
    assert.deepEqual(api.shown(ANA), ['one', 'two']);
    const [refused, again] = api.sent(ANA);
    assert.ok(again.at - refused.at >= 1990, `came again after ${again.at - refused.at} ms`);
});

test('a chat that blocked the bot is told to the agent as failed', async (t) => {
    const { api, world } = await open(t);
    api.next((c) => c.json.chat_id === ANA,
        refusal(403, 'Forbidden: bot was blocked by the user'));
    const { id } = await agent(world, ANA, 'are you there?');
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Failed');
    assert.equal(receipt.reasons[0].code, 'RecipientOptedOut');
    const [dead] = world.deadLetters();
    assert.match(dead.reason, /Telegram answered 403: Forbidden: bot was blocked by the user/);
    await api.update({ my_chat_member: { chat: BotApi.chat(ANA), date: 1700000000,
        from: { id: ANA, first_name: 'Ana' }, new_chat_member: { status: 'kicked' } } });
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, '[left the conversation: blocked the bot]');
});

test('a revoked token pauses the bridge, and nothing dies of it', async (t) => {
    const { api, world } = await open(t, 'retry: { probe: 500ms }');
    const rule = (c) => (c.path.endsWith('/sendMessage')
        ? refusal(401, 'Unauthorized') : undefined);
    api.answers.push(rule);
    await agent(world, ANA, 'one');
    await until('the pause', async () =>
        await world.metric('omgw_paused', 'bridge="shop"') > 0);
    const shown = await world.json('bridges', 'show', 'shop');
    assert.match(JSON.stringify(shown), /Telegram answered 401: Unauthorized/);
    api.answers.splice(0);
    await until('it', () => api.shown(ANA).length === 1);
    assert.deepEqual(world.deadLetters(), []);
});

test('SIGTERM in the middle: nothing lost, repeated or out of order', async (t) => {
    const { api, world } = await open(t);
    const said = [];
    for (let i = 1; i <= 6; i++) {
        said.push(`line ${i}`);
        await api.says(ANA, `customer ${i}`);
        await agentSays(world, ANA, `line ${i}`);
    }
    await until('some of it', () => api.shown(ANA).length >= 2);
    assert.equal(await world.stopGateway(), 0);
    await world.startGateway();
    await until('all of it', () => api.shown(ANA).length === said.length);
    assert.deepEqual(api.shown(ANA), said);
    assert.deepEqual(textsOf(await world.untilMessages(6), String(ANA)),
        said.map((_, i) => `customer ${i + 1}`));
});

test('kill -9 in the middle: at most one line comes twice', async (t) => {
    const { api, world } = await open(t);
    for (let i = 1; i <= 6; i++)
        await agentSays(world, ANA, `line ${i}`);
    await until('some of it', () => api.shown(ANA).length >= 2);
    await world.killGateway();
    await world.startGateway();
    await until('the last', () => new Set(api.shown(ANA)).size === 6);
    const shown = api.shown(ANA);
    assert.deepEqual(shown.filter((text, i) => shown.indexOf(text) === i),
        [1, 2, 3, 4, 5, 6].map((i) => `line ${i}`), 'first copies in order');
    const twice = shown.length - 6;
    assert.ok(twice <= 1, `${twice} came twice`);
});

test('files go both ways, and the token of the bot stays here', async (t) => {
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const { api, world } = await open(t, 'egress: { allow: [ "127.0.0.0/8" ] }');
    await api.shows(ANA, PNG, 'my receipt');
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'my receipt');
    const [{ attachment }] = row.content;
    assert.equal(attachment.mime, 'image/png', 'as its bytes say');
    assert.ok(!JSON.stringify(row).includes(TOKEN.split(':')[1]));
    assert.deepEqual((await download(attachment.url)).bytes, PNG);

    await agent(world, ANA, 'our terms', { content: [{ contentType: 'Attachment', attachment: {
        id: 'f-1', mediaType: 'File', mime: 'application/pdf', filename: 'terms.pdf',
        url: files.put('/terms', PDF, 'application/pdf') } }] });
    await until('the file', () => api.uploads.length === 1);
    assert.deepEqual(api.shown(ANA), ['our terms']);
    const [{ method, name, type, bytes }] = api.uploads;
    assert.deepEqual({ method, name, type }, { method: 'sendDocument', name: 'terms.pdf',
        type: 'application/pdf' });
    assert.deepEqual(bytes, PDF);
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.status, 'Delivered');
});

test('a carousel is a message a card; a picture that cannot be got does not lose it', async (t) => {
    const { api, world } = await open(t);
    await api.says(ANA, 'what do you have?');
    await world.untilMessages(1);
    api.next((call) => call.path.endsWith('/sendPhoto'),
        refusal(400, 'Bad Request: failed to get HTTP URL content'));
    const card = (title, payload) => ({ title, image: `https://shop.example/${payload}.jpg`,
        actions: [{ type: 'Postback', text: `Buy ${title}`, payload }] });
    const { id } = await agent(world, ANA, 'These two', { content: [{ contentType: 'Carousel',
        carousel: { cards: [card('Blue', 'b'), card('Red', 'r')] } }] });
    const photos = await api.untilCalls('both cards', (c) => c.path.endsWith('/sendPhoto'), 2);
    await until('the receipt', async () => (await world.receipts()).some((r) => r.id === id));
    assert.deepEqual(api.shown(ANA), ['These two', 'Blue']);
    assert.deepEqual(photos.map((call) => call.json.caption), ['Blue', 'Red']);
    await api.presses(ANA, photos[1].json, 'Buy Red');
    const [, answer] = await world.untilMessages(2);
    assert.deepEqual(answer.buttonResponse, { type: 'Button', text: 'Buy Red', payload: 'r' });
});
