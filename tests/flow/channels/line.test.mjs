// LINE: a Messaging API of our own on the other side, the whole way through the gateway.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FileHost, JPEG, PDF, PNG, download } from '../support/files.mjs';
import { until } from '../support/process.mjs';
import { ACCESS_TOKEN, CHANNEL_SECRET, LineApi, lineError } from '../support/line.mjs';
import { GENESYS_SECRET, World, textsOf } from '../support/world.mjs';

const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a4';
const ANA = 'Uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';
const BOB = 'Ubbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb';
const DEADLINE_MS = 2000; // within which LINE wants its answer

async function open(t, { bridge = '', settings = '' } = {}) {
    const api = await new LineApi().start();
    t.after(() => api.stop());
    const world = await World.open(t, {
        bridges: `
  - name: shop
    channel: line
    genesys: main
    integration_id: ${INTEGRATION}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    line:
      channel_secrets: [ { value: "${CHANNEL_SECRET}" } ]
      access_token: "${ACCESS_TOKEN}"
      api_url: "${api.url}"
      data_url: "${api.url}"
${bridge}
`,
        settings,
        emulator: (w) => ['--integration', INTEGRATION, '--webhook-url',
            `${w.base}/webhooks/genesys/shop`, '--webhook-secret', GENESYS_SECRET],
    });
    world.secrets.push(CHANNEL_SECRET, ACCESS_TOKEN);
    api.target(world.base, 'shop');
    return { api, world };
}

const agent = (world, to, text, more) =>
    world.agent(to, text, { integrationId: INTEGRATION, ...more });
const agentSays = (world, to, text) => world.agentSays(to, text, { integrationId: INTEGRATION });
const quickReplies = (...labels) => labels.map((text) => ({ contentType: 'QuickReply',
    quickReply: { text, payload: `p-${text}`, action: 'Message' } }));
const isPush = (call) => call.path.endsWith('/message/push');

test('LINE checks the address with a signed call of no events', async (t) => {
    const { api, world } = await open(t);
    assert.equal((await api.post([])).status, 200);
    assert.equal((await api.post([], { secret: 'another secret' })).status, 401);
    assert.deepEqual(await world.messages(), []);
});

test('a line goes both ways, and the agent sees that it arrived', async (t) => {
    const { api, world } = await open(t);
    assert.equal((await api.says(ANA, 'こんにちは 👋')).status, 200);
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'こんにちは 👋');
    assert.equal(row.channel.from.id, ANA);
    const { id } = await agent(world, ANA, 'いらっしゃいませ 🌸');
    const [receipt] = await world.untilReceipts(1);
    assert.deepEqual([receipt.id, receipt.status], [id, 'Delivered']);
    assert.deepEqual(api.shown(ANA), ['いらっしゃいませ 🌸']);
    const sent = api.sent(ANA)[0].answer.json.sentMessages[0].id;
    assert.ok(JSON.stringify(await world.trace(sent)).includes(id));
});

test('a call carries events of several people; the odd one harms nobody', async (t) => {
    const { api, world } = await open(t);
    const line = (user, text) => api.message(user, { type: 'text', text });
    const odd = api.event('message', ANA, { message: { type: 'text', text: 'no id' } });
    const answer = await api.post([line(ANA, 'one'), line(BOB, 'hi'), odd, line(ANA, 'two')]);
    assert.equal(answer.status, 200);
    const rows = await world.untilMessages(3);
    assert.deepEqual(textsOf(rows, ANA), ['one', 'two']);
    assert.deepEqual(textsOf(rows, BOB), ['hi']);
    assert.deepEqual(world.deadLetters().map((dead) => dead.reason), ['unreadable']);
});

test('an event delivered again, also at once, has one effect', async (t) => {
    const { api, world } = await open(t);
    const event = api.message(ANA, { type: 'text', text: 'once' });
    const again = { ...event, deliveryContext: { isRedelivery: true } };
    const answers = await Promise.all([event, again, again, event].map((e) => api.post([e])));
    assert.ok(answers.every((answer) => answer.status === 200));
    await api.post([again, api.message(ANA, { type: 'text', text: 'the next' })]);
    assert.deepEqual(textsOf(await world.untilMessages(2), ANA), ['once', 'the next']);
});

test('every call is answered within the two seconds that LINE waits', async (t) => {
    const { api, world } = await open(t);
    const rounds = [];
    while (rounds.length < 5 && !(Math.min(...rounds) < DEADLINE_MS)) { // others may hold the machine
        const answers = await Promise.all(Array.from({ length: 100 }, (_, i) =>
            api.says(`${ANA}${i}`, `line ${i}`)));
        assert.ok(answers.every((answer) => answer.status === 200));
        rounds.push(Math.max(...answers.map((answer) => answer.tookMs)));
    }
    t.diagnostic(`the slowest of 100 at once took ${rounds.map(Math.round)} ms`);
    assert.ok(Math.min(...rounds) < DEADLINE_MS, `took ${rounds} ms`);
    await world.untilMessages(100);
});

test('while another module answers, and in groups, nobody is heard', async (t) => {
    const { api, world } = await open(t);
    const standby = { ...api.message(ANA, { type: 'text', text: 'for a bot' }),
        mode: 'standby' };
    const group = { ...api.message(ANA, { type: 'text', text: 'to all' }),
        source: { type: 'group', groupId: 'Ca1', userId: ANA } };
    await api.post([standby, group, api.event('follow', ANA, { follow: {} })]);
    await api.says(ANA, 'to the shop');
    assert.deepEqual(textsOf(await world.untilMessages(1), ANA), ['to the shop']);
});

test('quick replies hold tokens, and answer with their payload', async (t) => {
    const { api, world } = await open(t);
    const { id } = await agent(world, ANA, 'Sure?', { content: quickReplies('Yes', 'No') });
    await until('the question', () => api.sent(ANA).length === 1);
    const { items } = api.sent(ANA)[0].json.messages[0].quickReply;
    const no = items.find((item) => item.action.label === 'No').action;
    await api.post([api.event('postback', ANA, { postback: { data: no.data } })]);
    const [row] = await world.untilMessages(1);
    assert.equal(row.buttonResponse.payload, 'p-No');
    assert.equal(row.buttonResponse.text, 'No');
    assert.equal(row.originatingMessageId, id);
});

test('a carousel is one, and its buttons answer', async (t) => {
    const { api, world } = await open(t);
    const card = (title) => ({ title, description: 'nice', actions: [{ type: 'Postback',
        text: `Buy ${title}`, payload: `buy-${title}` }] });
    await agent(world, ANA, 'Choose', { content: [{ contentType: 'Carousel',
        carousel: { cards: [card('Blue'), card('Red')] } }] });
    await until('the carousel', () => api.sent(ANA).length === 1);
    const [text, carousel] = api.sent(ANA)[0].json.messages;
    assert.equal(text.text, 'Choose');
    assert.equal(carousel.template.type, 'carousel');
    const { data } = carousel.template.columns[1].actions[0];
    await api.post([api.event('postback', ANA, { postback: { data } })]);
    const [row] = await world.untilMessages(1);
    assert.equal(row.buttonResponse.payload, 'buy-Red');
});

test('options past what LINE shows are numbers, which answer as well', async (t) => {
    const { api, world } = await open(t);
    const labels = Array.from({ length: 14 }, (_, i) => `r${i + 1}`);
    await agent(world, ANA, 'Which?', { content: quickReplies(...labels) });
    await until('the question', () => api.shown(ANA).length === 1);
    assert.match(api.shown(ANA)[0], /^Which\?\n1\. r1\n.*\n14\. r14$/s);
    await api.says(ANA, '14');
    const [row] = await world.untilMessages(1);
    assert.equal(row.buttonResponse.payload, 'p-r14');
});

test('what is quoted, taken back and sent beside texts reaches the agent', async (t) => {
    const { api, world } = await open(t);
    await agent(world, ANA, 'Which one?');
    await until('the question', () => api.shown(ANA).length === 1);
    const quoted = api.sent(ANA)[0].answer.json.sentMessages[0].id;
    const line = api.message(ANA, { type: 'text', text: 'that', quotedMessageId: quoted });
    await api.post([line,
        api.message(ANA, { type: 'sticker', packageId: '1', stickerId: '2', keywords: ['ok'] }),
        api.event('unsend', ANA, { unsend: { messageId: line.message.id } }),
        api.event('unfollow', ANA, {})]);
    const texts = textsOf(await world.untilMessages(4), ANA);
    assert.deepEqual(texts.slice(0, 2), ['that', '[sticker: ok]']);
    assert.match(texts[2], /delet/i);
    assert.equal(texts[3], '[left the conversation: blocked the account]');
});

test('an agent who types is shown as loading', async (t) => {
    const { api, world } = await open(t);
    await world.control('agent', { integrationId: INTEGRATION, to: ANA,
        events: [{ eventType: 'Typing', typing: { type: 'On', duration: 7000 } }] });
    const [call] = await api.untilCalls('it', (c) => c.path === '/v2/bot/chat/loading/start');
    assert.deepEqual(call.json, { chatId: ANA, loadingSeconds: 10 });
});

test('what Genesys took is marked as read, where that is wanted', async (t) => {
    const { api, world } = await open(t, { bridge: '      mark_read: true' });
    await api.post([api.message(ANA, { type: 'text', text: 'hi', markAsReadToken: 'mr-1' }),
        api.event('postback', ANA, { postback: { data: 'no token' } })]);
    const [call] = await api.untilCalls('it', (c) => c.path === '/v2/bot/chat/markAsRead');
    assert.deepEqual(call.json, { markAsReadToken: 'mr-1' });
    await world.untilMessages(2);
    assert.deepEqual(world.deadLetters(), []);
});

test('an id of nobody is told to the agent as failed', async (t) => {
    const { api, world } = await open(t);
    api.next(isPush, lineError(400,
        "The property, 'to', in the request body is invalid (line: -, column: -)"));
    const { id } = await agent(world, 'Unobody', 'are you there?');
    const [receipt] = await world.untilReceipts(1);
    assert.deepEqual([receipt.id, receipt.status], [id, 'Failed']);
    assert.equal(receipt.reasons[0].code, 'InvalidDestination');
    assert.match(world.deadLetters()[0].reason, /LINE answered 400: The property, 'to'/);
});

test('LINE answers 200 for somebody who blocked the account: it counts as arrived', async (t) => {
    const { api, world } = await open(t);
    await api.post([api.event('unfollow', ANA, {})]);
    await agent(world, ANA, 'are you there?');
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.status, 'Delivered');
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, '[left the conversation: blocked the account]');
});

test('a 429 is obeyed: nothing comes before its time, and in order then', async (t) => {
    const { api, world } = await open(t);
    api.next(isPush, { ...lineError(429, 'The API rate limit has been exceeded. Try again later.'),
        headers: { 'retry-after': '2' } });
    await agentSays(world, ANA, 'one');
    await until('the first try', () => api.sent().length === 1);
    await agentSays(world, ANA, 'two');
    await agentSays(world, BOB, 'to Bob');
    await until('all', () => api.shown(ANA).length === 2 && api.shown(BOB).length === 1);
    assert.deepEqual(api.shown(ANA), ['one', 'two']);
    const [refused, ...later] = api.sent();
    for (const call of later)
        assert.ok(call.at - refused.at >= 1990, `came after ${call.at - refused.at} ms`);
});

test('the month used up pauses the bridge with its reason, and nothing dies of it', async (t) => {
    const { api, world } = await open(t, { settings: 'retry: { probe: 500ms }' });
    api.answers.push((call) => (isPush(call)
        ? lineError(429, 'You have reached your monthly limit.') : undefined));
    await agentSays(world, ANA, 'one');
    await until('the pause', async () => await world.metric('omgw_paused', 'bridge="shop"') > 0);
    assert.match(JSON.stringify(await world.json('bridges', 'show', 'shop')),
        /LINE answered 429: You have reached your monthly limit/);
    api.answers.splice(0);
    await until('it', () => api.shown(ANA).length === 1);
    assert.deepEqual(world.deadLetters(), []);
});

test('a lost answer is asked for again under the same key: the customer reads once', async (t) => {
    const { api, world } = await open(t, { settings: 'retry: { first: 100ms }' });
    api.loseAnswers(isPush, { times: 2 });
    const { id } = await agent(world, ANA, 'once');
    const [receipt] = await world.untilReceipts(1);
    assert.deepEqual([receipt.id, receipt.status], [id, 'Delivered']);
    assert.deepEqual(api.shown(ANA), ['once']);
    assert.ok(api.sent(ANA).length >= 2);
    const keys = new Set(api.sent(ANA).map((call) => call.headers['x-line-retry-key']));
    assert.equal(keys.size, 1);
    assert.match([...keys][0], /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const shown = api.sent(ANA)[0].answer.json.sentMessages[0].id;
    assert.ok(JSON.stringify(await world.trace(shown)).includes(id), 'the 409 told its id');
});

test('a bridge that repeats nothing repeats to LINE all the same, who knows the key', async (t) => {
    const { api, world } = await open(t, { settings: 'retry: { first: 100ms }',
        bridge: '    on_unknown: fail' });
    api.loseAnswers(isPush);
    await agent(world, ANA, 'once');
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.status, 'Delivered');
    assert.deepEqual(api.shown(ANA), ['once']);
});

test("a customer's file reaches the agent by a link of ours", async (t) => {
    const { api, world } = await open(t);
    await api.shows(ANA, { type: 'image' }, JPEG, 'image/jpeg');
    await api.shows(ANA, { type: 'file', fileName: '請求書.pdf', fileSize: PDF.length }, PDF,
        'application/pdf');
    const rows = await world.untilMessages(2);
    const [picture, bill] = rows.map((row) => row.content[0].attachment);
    assert.equal(picture.mime, 'image/jpeg');
    assert.deepEqual((await download(picture.url)).bytes, JPEG);
    assert.equal(bill.filename, '請求書.pdf');
    assert.deepEqual((await download(bill.url)).bytes, PDF);
    assert.ok(!JSON.stringify(rows).includes(api.url), 'nothing of LINE is told');
});

test('a film that LINE is still preparing is waited for', async (t) => {
    const { api, world } = await open(t);
    const film = Buffer.from('\0\0\0\x18ftypmp42 and so on', 'latin1');
    const isContent = (call) => call.path.endsWith('/content');
    api.next(isContent, { status: 202 });
    api.next((call) => call.path.endsWith('/transcoding'), { json: { status: 'succeeded' } });
    await api.shows(ANA, { type: 'video', duration: 60000 }, film, 'video/mp4');
    await api.says(ANA, 'do you see it?');
    const rows = await world.untilMessages(2);
    assert.deepEqual((await download(rows[0].content[0].attachment.url)).bytes, film);
    assert.equal(rows[1].text, 'do you see it?');
    assert.equal(api.calls.filter(isContent).length, 2);
});

test('what is gone at LINE is missed, and its message comes all the same', async (t) => {
    const { api, world } = await open(t);
    await api.post([api.message(ANA, { type: 'image', contentProvider: { type: 'line' } })]);
    const [row] = await world.untilMessages(1);
    assert.match(row.text, /^\[file .*is missing: its server answered 404\]$/);
});

test("somebody else's link gets no token of ours, and none into our own network", async (t) => {
    const { api, world } = await open(t, { settings: 'egress: { allow: [ "127.0.0.0/8" ] }' });
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const external = (originalContentUrl) => api.post([api.message(ANA, { type: 'image',
        contentProvider: { type: 'external', originalContentUrl } })]);
    await external(files.put('/a.jpg', JPEG, 'image/jpeg'));
    await external('http://169.254.169.254/latest/meta-data');
    const [picture, secret] = await world.untilMessages(2);
    assert.deepEqual((await download(picture.content[0].attachment.url)).bytes, JPEG);
    assert.equal(files.headersOf('/a.jpg')[0].authorization, undefined);
    assert.match(secret.text, /is missing: its address is not allowed/);
});

test("an agent's picture is one, any other file a link", async (t) => {
    const { api, world } = await open(t, { settings: 'egress: { allow: [ "127.0.0.0/8" ] }' });
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const file = (url, mime, filename) => ({ content: [{ contentType: 'Attachment',
        attachment: { id: 'f-1', mediaType: 'File', url, mime, filename } }] });
    await agent(world, ANA, 'look', file(files.put('/a', PNG, 'image/png'), 'image/png', 'a.png'));
    await agent(world, ANA, 'our terms', file(files.put('/t', PDF, 'application/pdf'),
        'application/pdf', 'terms.pdf'));
    await until('all of it', () => api.sent(ANA).length === 4);
    const [look, picture, terms, link] = api.sent(ANA).map((call) => call.json.messages[0]);
    assert.deepEqual([look.text, picture.type, terms.text], ['look', 'image', 'our terms']);
    assert.deepEqual((await download(picture.originalContentUrl)).bytes, PNG);
    assert.deepEqual((await download(picture.previewImageUrl)).bytes, PNG);
    const [, url] = link.text.match(/^terms\.pdf: (\S+)$/);
    assert.deepEqual((await download(url)).bytes, PDF);
    assert.equal((await world.untilReceipts(2)).at(-1).status, 'Delivered');
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
    assert.deepEqual(textsOf(await world.untilMessages(6), ANA),
        said.map((_, i) => `customer ${i + 1}`));
});

test('kill -9 while LINE has it: asked again under its key, and read once', async (t) => {
    const { api, world } = await open(t);
    const first = '👋'.repeat(2500); // all that a message of LINE's holds
    const last = 'and the rest';
    api.loseAnswers((call) => isPush(call) && call.json.messages[0].text === last,
        { hang: true });
    await agentSays(world, ANA, first + last);
    await agentSays(world, ANA, 'the next');
    await until('both parts', () => api.shown(ANA).length === 2);
    await world.killGateway();
    await world.startGateway();
    await until('the next', () => api.shown(ANA).length === 3);
    assert.deepEqual(api.shown(ANA), [first, last, 'the next']);
    const keys = api.sent(ANA).map((call) => call.headers['x-line-retry-key']);
    assert.equal(keys.length, 4, 'only what hung is asked for again');
    assert.equal(keys[1], keys[2]);
    assert.equal(new Set(keys).size, 3);
    assert.equal(api.sent(ANA)[2].answer.status, 409);
});

test('kill -9 at any moment: every line is read once, and in order', async (t) => {
    const { api, world } = await open(t);
    const lines = Array.from({ length: 6 }, (_, i) => `line ${i + 1}`);
    for (const line of lines)
        await agentSays(world, ANA, line);
    await until('some of it', () => api.shown(ANA).length >= 2);
    await world.killGateway();
    await world.startGateway();
    await until('all of it', () => api.shown(ANA).length >= lines.length);
    assert.deepEqual(api.shown(ANA), lines);
    assert.ok(api.sent(ANA).length <= lines.length + 1, 'at most one is asked again');
});
