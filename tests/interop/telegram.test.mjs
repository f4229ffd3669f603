// Telegram by other people: a whole conversation through telegram-test-api; grammY as the bot
// whose calls and answers ours are held against, and by whose eyes our own Bot API is one; the
// types of the Bot API for what is sent and read.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { Bot, GrammyError, InlineKeyboard, webhookCallback } from 'grammy';
import TestServer from 'telegram-test-api';
import { request } from '../flow/support/partner.mjs';
import { freePort, until } from '../flow/support/process.mjs';
import { formOf } from '../flow/support/service.mjs';
import { BotApi, SECRET_TOKEN, TOKEN, refusal } from '../flow/support/telegram.mjs';
import { GENESYS_SECRET, World, textsOf } from '../flow/support/world.mjs';
import { fixtures, misfits } from './support/types.mjs';

const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a1';
const ANA = 700000001;

async function open(t, apiUrl) {
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
      api_url: "${apiUrl}"
`,
        emulator: (w) => ['--integration', INTEGRATION, '--webhook-url',
            `${w.base}/webhooks/genesys/shop`, '--webhook-secret', GENESYS_SECRET],
    });
    world.secrets.push(TOKEN, SECRET_TOKEN);
    return world;
}

const agent = (world, text, more) =>
    world.agent(String(ANA), text, { integrationId: INTEGRATION, ...more });

async function serve(t, handler) {
    const server = http.createServer(handler);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
        server.closeAllConnections();
        server.close();
    });
    return `http://127.0.0.1:${server.address().port}`;
}

// ---- a whole conversation -----------------------------------------------------------------

// What telegram-test-api leaves out: the secret. `held` webhooks wait for each other first.
class Relay {
    updates = [];
    answers = [];
    held = 1;

    async start(t, webhook) {
        this.url = await serve(t, async (req, res) => {
            const chunks = await req.toArray();
            const body = Buffer.concat(chunks).toString();
            this.updates.push(JSON.parse(body));
            await until('the webhooks that go together', () =>
                this.updates.length >= this.held);
            const answer = await request(webhook, { method: 'POST', body, headers: {
                'content-type': 'application/json',
                'x-telegram-bot-api-secret-token': SECRET_TOKEN } });
            this.answers.push(answer);
            res.writeHead(answer.status).end(answer.body);
        });
        return this;
    }

    // The next action of a person, until it is answered: only then the number is counted up.
    async after(action) {
        const answered = this.answers.length + 1;
        await action();
        await until('the answer to the webhook', () => this.answers.length >= answered);
        return this.answers.at(-1);
    }
}

async function openServer(t) {
    const server = new TestServer({ port: await freePort(), host: '127.0.0.1' });
    await server.start();
    t.after(() => server.stop());
    const world = await open(t, server.config.apiURL);
    const relay = await new Relay().start(t, `${world.base}/webhooks/channels/shop`);
    await request(`${server.config.apiURL}/bot${TOKEN}/setWebhook`, { method: 'POST',
        body: JSON.stringify({ url: relay.url }),
        headers: { 'content-type': 'application/json' } });
    const person = server.getClient(TOKEN,
        { userId: ANA, chatId: ANA, firstName: 'Ana', userName: 'anar', timeout: 20000 });
    return { server, world, relay, person };
}

test('a whole conversation goes through telegram-test-api', async (t) => {
    const { world, relay, person } = await openServer(t);
    await relay.after(() => person.sendCommand(person.makeCommand('/start promo')));
    await relay.after(() => person.sendMessage(person.makeMessage('hola 👋')));
    const rows = await world.untilMessages(2);
    assert.deepEqual(textsOf(rows, String(ANA)), ['/start promo', 'hola 👋']);
    assert.equal(rows[0].channel.from.firstName, 'Ana');

    const { id } = await agent(world, 'Sure?', { content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'y', action: 'Message' } },
        { contentType: 'QuickReply', quickReply: { text: 'No', payload: 'n', action: 'Message' } },
    ] });
    const [{ message, messageId }] = (await person.getUpdates()).result;
    assert.equal(message.text, 'Sure?');
    const buttons = message.reply_markup.inline_keyboard.flat();
    assert.deepEqual(buttons.map((button) => button.text), ['Yes', 'No']);
    assert.equal((await world.untilReceipts(1))[0].status, 'Delivered');

    const press = person.makeCallbackQuery(buttons[1].callback_data, { message: {
        message_id: messageId, date: 1700000000, reply_markup: message.reply_markup } });
    const ack = await relay.after(() => person.sendCallback(press));
    assert.equal(ack.json.method, 'answerCallbackQuery');
    const answer = (await world.untilMessages(3)).at(-1);
    assert.equal(answer.buttonResponse.payload, 'n');
    assert.equal(answer.originatingMessageId, id);

    await agent(world, 'As you like.');
    assert.deepEqual((await person.getUpdates()).result.map((row) => row.message.text),
        ['As you like.']);
    assert.deepEqual(world.deadLetters(), []);
});

test('what telegram-test-api does not know, such as typing, stops nothing', async (t) => {
    const { world, person } = await openServer(t);
    await world.control('agent', { integrationId: INTEGRATION, to: String(ANA),
        events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] });
    await agent(world, 'I am here.');
    assert.deepEqual((await person.getUpdates()).result.map((row) => row.message.text),
        ['I am here.']);
});

test('two actions under one update_id: the first counts, the other is counted', async (t) => {
    const { world, relay, person } = await openServer(t);
    relay.held = 2;
    await Promise.all(['one', 'the other'].map((text) =>
        person.sendMessage(person.makeMessage(text))));
    await until('both answers', () => relay.answers.length === 2);
    assert.equal(new Set(relay.updates.map((update) => update.update_id)).size, 1);
    assert.deepEqual(relay.answers.map((answer) => answer.status), [200, 200]);
    await relay.after(() => person.sendMessage(person.makeMessage('the next')));
    const texts = textsOf(await world.untilMessages(2), String(ANA));
    assert.equal(texts.length, 2);
    assert.ok(['one', 'the other'].includes(texts[0]));
    assert.equal(texts[1], 'the next');
    assert.equal(await world.metric('omgw_webhook_requests_total', 'bridge="shop"',
        'result="duplicate"'), 1);
});

// ---- grammY -------------------------------------------------------------------------------

async function openApi(t) {
    const api = await new BotApi().start();
    t.after(() => api.stop());
    return { api, bot: new Bot(TOKEN, { client: { apiRoot: api.url } }) };
}

test('grammY takes our Bot API for one', async (t) => {
    const { api, bot } = await openApi(t);
    assert.equal((await bot.api.getMe()).username, 'shop_bot');
    const url = 'https://hooks.example.com/webhooks/channels/shop';
    assert.equal(await bot.api.setWebhook(url, { secret_token: SECRET_TOKEN }), true);
    assert.equal((await bot.api.getWebhookInfo()).url, url);
    const sent = await bot.api.sendMessage(ANA, 'hi');
    assert.deepEqual([sent.chat.id, sent.text], [ANA, 'hi']);
    for (const [code, words, parameters] of [[403, 'Forbidden: bot was blocked by the user'],
        [429, 'Too Many Requests: retry after 7', { retry_after: 7 }]]) {
        api.next(() => true, refusal(code, words, parameters));
        await assert.rejects(bot.api.sendMessage(ANA, 'hi'), (error) =>
            error instanceof GrammyError && error.error_code === code &&
            error.description === words &&
            error.parameters.retry_after === parameters?.retry_after);
    }
    const stranger = new Bot('1:other', { client: { apiRoot: api.url } });
    await assert.rejects(stranger.api.getMe(), (error) => error.error_code === 404);
});

test('the gateway asks Telegram for what grammY asks it for', async (t) => {
    const { api, bot } = await openApi(t);
    const world = await open(t, api.url);
    await world.control('agent', { integrationId: INTEGRATION, to: String(ANA),
        events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] });
    await agent(world, 'plain <b>text</b>');
    await agent(world, 'Sure?', { content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'y', action: 'Message' } },
        { contentType: 'QuickReply', quickReply: { text: 'No', payload: 'n', action: 'Message' } },
    ] });
    await until('all of it', () => api.calls.length >= 3);
    const asked = api.calls.map(({ method, path, json }) => ({ method, path, json }));
    const data = asked.at(-1).json.reply_markup.inline_keyboard.flat()
        .map((button) => button.callback_data);

    api.calls.splice(0);
    await bot.api.sendChatAction(ANA, 'typing');
    await bot.api.sendMessage(ANA, 'plain <b>text</b>');
    await bot.api.sendMessage(ANA, 'Sure?', { reply_markup: new InlineKeyboard()
        .text('Yes', data[0]).row().text('No', data[1]) });
    assert.deepEqual(asked, api.calls.map(({ method, path, json }) => ({ method, path, json })));
});

// The same update to grammY's webhook and to the gateway's.
test('what grammY hears the gateway hears, and both end a press alike', async (t) => {
    const { api } = await openApi(t);
    const world = await open(t, api.url);
    const heard = [];
    const bot = new Bot(TOKEN, { client: { apiRoot: api.url,
        canUseWebhookReply: (method) => method === 'answerCallbackQuery' } });
    bot.on('message:text', (ctx) => void heard.push(ctx.msg.text));
    bot.on('edited_message:text', (ctx) => void heard.push(`edited: ${ctx.msg.text}`));
    bot.on('callback_query:data', async (ctx) => {
        heard.push('press');
        await ctx.answerCallbackQuery();
    });
    bot.on('my_chat_member', (ctx) => void heard.push(ctx.myChatMember.new_chat_member.status));
    await bot.init();
    const grammy = await serve(t,
        webhookCallback(bot, 'http', { secretToken: SECRET_TOKEN, timeoutMilliseconds: 20000 }));

    const { id } = await agent(world, 'Sure?', { content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'y', action: 'Message' } }] });
    await until('the question', () => api.sent(ANA).length === 1);
    const chat = BotApi.chat(ANA);
    const from = { id: ANA, is_bot: false, first_name: 'Ana' };
    const both = async (members, secret) => {
        const answers = [];
        for (const webhook of [grammy, `${world.base}/webhooks/channels/shop`]) {
            api.webhook = webhook;
            answers.push(await api.update(members, secret));
        }
        return answers;
    };
    const text = { message: { message_id: 5, date: 1700000000, from, chat, text: 'hola' } };
    assert.deepEqual((await both(text, 'another-secret')).map((a) => a.status), [401, 401]);
    assert.deepEqual((await both(text)).map((a) => a.status), [200, 200]);
    await both({ edited_message: { ...text.message, edit_date: 1700000001, text: 'holas' } });
    const [theirs, ours] = await both({ callback_query: { id: 'press-9', chat_instance: '-1', from,
        data: api.sent(ANA)[0].json.reply_markup.inline_keyboard[0][0].callback_data,
        message: { message_id: 1, date: 1700000000, chat, text: 'Sure?' } } });
    assert.deepEqual(ours.json, theirs.json);
    await both({ my_chat_member: { chat, from, date: 1700000002,
        old_chat_member: { user: { id: 1, is_bot: true, first_name: 'Shop' }, status: 'member' },
        new_chat_member: { user: { id: 1, is_bot: true, first_name: 'Shop' }, status: 'kicked',
            until_date: 0 } } });
    assert.deepEqual(heard, ['hola', 'edited: holas', 'press', 'kicked']);
    const rows = await world.untilMessages(4);
    assert.deepEqual(rows.map((row) => row.buttonResponse?.payload ?? row.text),
        ['hola', '[edited] holas', 'y', '[left the conversation: blocked the bot]']);
    assert.equal(rows[2].originatingMessageId, id);
});

// ---- types --------------------------------------------------------------------------------

// Fixtures leave out what nobody reads; what they have must be there by name and type.
const TYPES = `import type { ApiMethods, Update, WebhookInfo } from '@grammyjs/types'; ` +
    'type Some<T> = T extends object ? { [K in keyof T]?: Some<T[K]> } : T; ' +
    'type Args<M extends keyof ApiMethods<string>> = Parameters<ApiMethods<string>[M]>[0];';

// The arguments of a call; of an upload the file is its name.
function argumentsOf({ headers, body, file = '', body_end: end = '' }) {
    const form = formOf({ headers: { 'content-type': headers['Content-Type'] },
        bytes: Buffer.from(`${body}${file}${end}`) });
    return form === undefined ? body : Object.fromEntries(Object.entries(form)
        .map(([name, { filename, text }]) => [name, filename ?? text]));
}

test('every call and every update of the fixtures is one by the Bot API\'s types', () => {
    const calls = [...fixtures('telegram/outbound').map(({ name, exchange }) => ({ name, exchange })),
        ...fixtures('telegram/setup').flatMap(({ name, exchanges }) => exchanges
            .filter(({ exchange }) => exchange.body !== '')
            .map(({ exchange }) => ({ name, exchange })))]
        .map(({ name, exchange }) => ({ name, json: argumentsOf(exchange),
            type: `Args<'${exchange.url.split('/').at(-1)}'>` }));
    const infos = fixtures('telegram/setup').flatMap(({ name, exchanges }) => exchanges
        .filter(({ exchange, reply }) => exchange.url.endsWith('/getWebhookInfo') && reply.body.ok)
        .map(({ reply }) => ({ name, type: 'WebhookInfo', json: reply.body.result })));
    // What is odd on purpose, or newer than any type.
    const odd = /^(unreadable|unknown|query-ignored|empty-text-damaged|id-past)/;
    const updates = fixtures('telegram/inbound').filter(({ name }) => !odd.test(name))
        .map(({ name, body }) => ({ name, type: 'Some<Update>',
            json: typeof body === 'string' ? JSON.parse(body) : body }));
    assert.ok(calls.length > 8 && infos.length > 8 && updates.length > 15);
    assert.deepEqual(misfits(TYPES, [...calls, ...infos, ...updates]), []);
    const wrong = { name: 'wrong', type: `Args<'sendMessage'>`,
        json: { chat_id: ANA, words: 'x' } };
    assert.match(misfits(TYPES, [wrong])[0], /^wrong: .*'"words"' does not exist/);
});
