// A bot of Viber's own library beside omgw: the same events, the same service.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import viber from 'viber-bot';
import MessageValidator from 'viber-bot/lib/message/message-validator.js';
import noLogger from 'viber-bot/lib/noop-logger.js';
import { FileHost, PNG } from '../flow/support/files.mjs';
import { request } from '../flow/support/partner.mjs';
import { until } from '../flow/support/process.mjs';
import { AUTH_TOKEN, INTEGRATION, Viber, openViber } from '../flow/support/viber.mjs';

const ANA = 'QW5hIFJ1aXo+/wAAAAAAAA==';

// The library's bot behind its middleware; `told` are its warnings.
async function startBot(t) {
    const told = [];
    const bot = new viber.Bot({ authToken: AUTH_TOKEN, name: 'Shop',
        avatar: 'https://shop.example.com/a.png',
        logger: { ...noLogger, warn: (...words) => told.push(words) } });
    const server = http.createServer(bot.middleware());
    server.keepAliveTimeout = 60000;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
        server.close();
        server.closeAllConnections();
    });
    return { bot, told, url: `http://127.0.0.1:${server.address().port}/` };
}

test('omgw accepts what the library signs, in the header as in the query', async (t) => {
    const { api, world } = await openViber(t);
    const validator = new MessageValidator(noLogger, AUTH_TOKEN);
    const forger = new MessageValidator(noLogger, 'another token');
    const send = (text, by, spell) => {
        const body = JSON.stringify({ event: 'message', timestamp: 1700000000000,
            message_token: text.length, sender: { id: ANA, name: 'Ana' },
            message: { type: 'text', text } });
        const { query = '', headers } = spell(by._calculateHmacFromMessage(body));
        return request(`${api.webhook}${query}`, { method: 'POST', body,
            headers: { 'content-type': 'application/json', ...headers } });
    };
    const inHeader = (sig) => ({ headers: { 'X-Viber-Content-Signature': sig } });
    const inQuery = (sig) => ({ query: `?sig=${sig}` });

    assert.equal((await send('γειά 👋', validator, inHeader)).status, 200);
    assert.equal((await send('in the query', validator, inQuery)).status, 200);
    assert.equal((await send('forged', forger, inHeader)).status, 401);
    assert.equal((await send('forged in the query', forger, inQuery)).status, 401);
    const rows = await world.untilMessages(2);
    assert.deepEqual(rows.map((row) => row.text), ['γειά 👋', 'in the query']);
});

test('the library never finds its header and never answers what does not fit; omgw does both',
    async (t) => {
        const { api, world } = await openViber(t);
        const { told, url } = await startBot(t);
        const peer = new Viber();
        peer.webhook = url;
        assert.equal((await peer.says(ANA, 'both')).status, 200);
        assert.equal((await peer.says(ANA, 'query', { ways: ['query'] })).status, 200);
        assert.equal(told.length, 0);
        let answer;
        const silent = http.request(url, { method: 'POST',
            headers: { 'content-type': 'application/json' } }, (res) => (answer = res));
        silent.on('error', () => {});
        silent.end('{}');
        await until('its warning', () => told.length === 1);
        assert.equal(answer, undefined, 'and nothing follows');
        silent.destroy();

        assert.equal((await api.says(ANA, 'header', { ways: ['header'] })).status, 200);
        assert.equal((await api.says(ANA, 'none', { ways: [] })).status, 401);
        assert.equal((await world.untilMessages(1))[0].text, 'header');
    });

test('the library reads from an event what omgw tells the agent', async (t) => {
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const { api, world } = await openViber(t, '', 'egress: { allow: [ "127.0.0.0/8" ] }');
    const { bot, url } = await startBot(t);
    const heard = [];
    bot.on(viber.Events.MESSAGE_RECEIVED, (message, { userProfile }) =>
        heard.push({ message, userProfile }));
    const peer = new Viber(); // numbers its events as the first one does
    peer.webhook = url;
    const said = [{ type: 'text', text: 'hola 👋' },
        { type: 'url', media: 'https://shop.example.com/b?c=1' },
        { type: 'picture', media: files.put('/p', PNG, 'image/png'), text: 'my receipt' }];
    for (const message of said) {
        assert.equal((await peer.message(ANA, message)).status, 200);
        assert.equal((await api.message(ANA, message)).status, 200);
    }
    const rows = await world.untilMessages(said.length);
    await until('the library', () => heard.length === said.length);
    assert.deepEqual(heard.map(({ userProfile }) => userProfile.id),
        rows.map((row) => row.channel.from.id));
    assert.equal(rows[0].text, heard[0].message.text);
    assert.equal(rows[1].text, heard[1].message.url);
    assert.equal(rows[2].text, heard[2].message.text);
    assert.equal(files.asked.length, 1, 'the library leaves the file where it is');
    const tokens = world.sql('SELECT source_id FROM messages ORDER BY id')
        .map((row) => row.source_id);
    assert.deepEqual(tokens, heard.map(({ message }) => message.token), 'to the last digit');
});

test('omgw asks for what the library asks for, and reads the same answer', async (t) => {
    const { api, world } = await openViber(t);
    const { bot } = await startBot(t);
    bot._client._url = api.url; // it has no setting
    await api.says(ANA, 'hola');
    await world.untilMessages(1);
    await world.agent(ANA, 'Sure?', { integrationId: INTEGRATION, content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'p', action: 'Message' } },
    ] });
    const [ours] = await api.untilCalls('the question', (c) => c.json.keyboard !== undefined);
    const [token] = await bot.sendMessage(new viber.UserProfile(ANA, 'Ana'),
        new viber.Message.Text('Sure?', ours.json.keyboard, undefined, undefined, undefined, 7));
    const [, theirs] = api.sent(ANA);

    assert.equal(theirs.headers['x-viber-auth-token'], ours.headers['x-viber-auth-token']);
    const { auth_token: alsoInBody, tracking_data: empty, ...rest } = theirs.json;
    assert.deepEqual([alsoInBody, empty], [AUTH_TOKEN, '""'], 'which are optional');
    delete rest.sender.avatar;
    assert.deepEqual(ours.json, rest);
    assert.notEqual(String(token), api.answered.get(theirs), 'it loses the last digits');
    assert.deepEqual(await world.receipts(), []);
    await api.receipt('delivered', ours);
    assert.equal((await world.untilReceipts(1))[0].status, 'Delivered');
});

test('omgw welcomes in the form of the library\'s answers', async (t) => {
    const { api } = await openViber(t, '      welcome: Ask away.');
    const { bot, url } = await startBot(t);
    bot.onConversationStarted((user, subscribed, context, finish) =>
        finish(new viber.Message.Text('Ask away.')));
    const peer = new Viber();
    const started = { event: 'conversation_started', type: 'open', subscribed: false,
        user: { id: ANA, name: 'Ana' } };
    peer.webhook = url;
    await peer.event(started); // its answer is that to the event before
    const theirs = (await peer.event(started)).json;
    const { sender, ...ours } = (await api.event(started)).json;
    assert.deepEqual(sender, { name: 'Shop' });
    assert.deepEqual(ours, { type: theirs.type, text: theirs.text });
});
