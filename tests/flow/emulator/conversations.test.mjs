// Threading from disconnect, the clock, message details, agentless messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emulated, INTEGRATION, OPEN, Webhook, message } from './support/emulated.mjs';

const free = { args: ['--requests-per-minute', '0', '--token-lifetime', '172800'] };
const MINUTE = 60000;

const timeline = (emulated, minutes) =>
    emulated.call('PUT', '/api/v2/conversations/messaging/threadingtimeline',
        { settings: [{ messengerType: 'open', timeoutInMinutes: minutes }] });

test('a conversation is per integration and customer', async (t) => {
    const emulated = await Emulated.start(t, {
        args: [...free.args, '--integration', 'second', '--webhook-url', 'http://127.0.0.1:9/',
            '--webhook-secret', 'x'.repeat(16)],
    });
    const ana = await emulated.say('ana', '1');
    assert.equal((await emulated.say('ana', '2')).conversationId, ana.conversationId);
    const others = [
        await emulated.say('bob', '1'),
        await emulated.say('ana', '1', { integration: 'second' }),
        await emulated.say('Ana', '1'),
    ].map((answer) => answer.conversationId);
    assert.equal(new Set([ana.conversationId, ...others]).size, 4);
    const rows = await emulated.control('conversations');
    assert.deepEqual(rows.map((row) => [row.contact, row.integrationId, row.messages]), [
        ['ana', INTEGRATION, 2], ['bob', INTEGRATION, 1], ['ana', 'second', 1],
        ['Ana', INTEGRATION, 1],
    ]);
});

test('while connected any gap joins; the window runs from the disconnect', async (t) => {
    const emulated = await Emulated.start(t, free);
    const wait = async (minutes) => {
        await emulated.control('clock', { advance_ms: minutes * MINUTE });
        await emulated.login();
    };
    const say = async () => (await emulated.say('ana', 'x')).conversationId;
    const disconnect = (conversationId) => emulated.control('disconnect', { conversationId });
    await timeline(emulated, 10);

    const first = await say();
    await wait(5000);
    assert.equal(await say(), first, 'connected');
    await disconnect(first);
    await wait(9);
    assert.equal(await say(), first, 'inside the window');
    await wait(60);
    assert.equal(await say(), first, 'connected again by that message');
    await disconnect(first);
    await wait(5);
    await disconnect(first); // already ended: the window does not start anew
    await wait(5);
    const second = await say();
    assert.notEqual(second, first, 'after the window');

    await timeline(emulated, 0);
    await disconnect(second);
    assert.notEqual(await say(), second, 'a window of 0 joins nothing');
    const states = (await emulated.control('conversations')).map((row) => row.state);
    assert.deepEqual(states, ['disconnected', 'disconnected', 'connected']);
});

test('a conversation is ended by the two API calls', async (t) => {
    const emulated = await Emulated.start(t, free);
    const states = async () =>
        (await emulated.control('conversations')).map((row) => row.state).join();
    const ana = (await emulated.say('ana', 'x')).conversationId;
    const bob = (await emulated.say('bob', 'x')).conversationId;
    const patch = (id, body) => emulated.call('PATCH', `/api/v2/conversations/messages/${id}`, body);
    assert.equal((await patch(ana, { state: 'disconnected' })).json.id, ana);
    assert.equal(await states(), 'disconnected,connected');
    assert.equal((await emulated.call('POST', `/api/v2/conversations/${bob}/disconnect`)).status,
        200);
    assert.equal(await states(), 'disconnected,disconnected');

    assert.equal((await patch('x', { state: 'disconnected' })).status, 404);
    assert.equal((await patch(ana, { state: 'alerting' })).status, 400);
    assert.equal((await patch(ana, {})).status, 400);
    assert.equal((await emulated.tryControl('disconnect', { conversationId: 'x' })).status, 404);
});

test('details tell of a message of either side', async (t) => {
    const emulated = await Emulated.start(t, free);
    const details = (id, query = '') =>
        emulated.call('GET', `/api/v2/conversations/messages/${id}/details${query}`);
    const said = await emulated.say('ana', 'Hello');
    const inbound = (await details(said.id, '?useNormalizedMessage=true')).json;
    assert.equal(inbound.conversationId, said.conversationId);
    assert.equal(inbound.status, 'received');
    assert.equal(inbound.direction, 'inbound');
    assert.equal(inbound.fromAddress, 'ana');
    assert.equal(inbound.toAddress, INTEGRATION);
    assert.deepEqual(inbound.normalizedMessage, said);
    assert.equal((await details(said.id)).json.normalizedMessage, undefined);

    const { id } = await emulated.agent('ana', { text: 'Hi' });
    await emulated.inbound('receipt', {
        id, channel: { to: { id: 'ana' }, time: message().channel.time }, status: 'Delivered',
    });
    const outbound = (await details(id, '?useNormalizedMessage=true')).json;
    assert.equal(outbound.status, 'delivery-success');
    assert.equal(outbound.normalizedMessage.text, 'Hi');
    assert.equal(outbound.normalizedReceipts[0].status, 'Delivered');
    assert.equal((await details('x')).status, 404);
    assert.equal((await details(id, '?useNormalizedMessage=1')).status, 400);
});

test('an agentless message starts a conversation that nobody is in', async (t) => {
    const webhook = await Webhook.start(t);
    const emulated = await Emulated.start(t, { ...free, webhookUrl: webhook.url });
    const agentless = (more) => emulated.call('POST',
        '/api/v2/conversations/messages/agentless?useNormalizedMessage=true', {
            fromAddress: INTEGRATION, toAddress: 'ana', toAddressMessengerType: 'open',
            textBody: 'Your order has shipped.', ...more,
        });
    const { status, json } = await agentless();
    assert.equal(status, 200);
    assert.equal(json.message.normalizedMessage.text, 'Your order has shipped.');
    const [event] = await webhook.until(1);
    assert.equal(event.body.id, json.id);
    assert.equal(event.body.type, 'Text');
    assert.equal(event.body.channel.to.id, 'ana');
    assert.equal((await emulated.control('conversations'))[0].state, 'disconnected');
    assert.equal((await agentless()).json.conversationId, json.conversationId, 'in the window');

    const reply = await emulated.say('ana', 'Thanks');
    assert.equal(reply.conversationId, json.conversationId, 'the reply joins');
    assert.equal((await agentless()).status, 400, 'a live conversation is not disturbed');
    const joined = await agentless({ useExistingActiveConversation: true });
    assert.equal(joined.json.conversationId, json.conversationId);
    assert.equal((await emulated.control('conversations'))[0].state, 'connected');

    const cases = [
        ['no fromAddress', { fromAddress: undefined }, 400],
        ['an unknown fromAddress', { fromAddress: 'x' }, 404],
        ['no toAddress', { toAddress: undefined }, 400],
        ['another messenger', { toAddressMessengerType: 'sms' }, 400],
        ['an unknown messenger', { toAddressMessengerType: 'fax' }, 400],
        ['no text', { textBody: undefined }, 400],
        ['a text of 2001 characters', { textBody: 'é'.repeat(2001) }, 400],
    ];
    for (const [name, more, expected] of cases)
        assert.equal((await agentless({ toAddress: 'bob', ...more })).status, expected, name);
    assert.equal((await agentless({ toAddress: 'bob', textBody: 'é'.repeat(2000) })).status, 200);
});

test('the clock only goes forward', async (t) => {
    const emulated = await Emulated.start(t, free);
    const { now, offset_ms: offset } = await emulated.control('clock', { advance_ms: 3600000 });
    assert.equal(offset, 3600000);
    assert.ok(Math.abs(Date.parse(now) - Date.now() - 3600000) < 60000);
    const [row] = [await emulated.say('ana', 'x')] && await emulated.control('messages');
    assert.ok(Date.parse(row.receivedAt) >= Date.parse(now));
    for (const advance of [-1, 1e18, '5', undefined])
        assert.equal((await emulated.tryControl('clock', { advance_ms: advance })).status, 400);
});

test('a deleted integration keeps its conversations listed', async (t) => {
    const emulated = await Emulated.start(t, free);
    const { conversationId } = await emulated.say('ana', 'x');
    await emulated.call('DELETE', `${OPEN}/${INTEGRATION}`);
    const [row] = await emulated.control('conversations');
    assert.equal(row.id, conversationId);
    assert.equal((await emulated.tryControl('agent',
        { integrationId: INTEGRATION, to: 'ana', text: 'x' })).status, 404);
});
