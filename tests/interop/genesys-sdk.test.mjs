// Genesys' own JavaScript SDK must be satisfied with the emulator.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import platform from 'purecloud-platform-client-v2';
import { CLIENT, CLIENT_SECRET, Emulated, INTEGRATION, TIME, Webhook, message }
    from '../flow/emulator/support/emulated.mjs';

const free = ['--requests-per-minute', '0'];

// The SDK keeps its session in one object per process: each test logs in anew.
async function login(emulated, secret = CLIENT_SECRET) {
    const client = platform.ApiClient.instance;
    const { hostname, port } = new URL(emulated.url);
    client.setGateway({ protocol: 'http', host: hostname, port });
    await client.loginClientCredentialsGrant(CLIENT, secret);
    return {
        conversations: new platform.ConversationsApi(),
        routing: new platform.RoutingApi(),
    };
}

async function start(t, args = free) {
    const webhook = await Webhook.start(t);
    const emulated = await Emulated.start(t, { args, webhookUrl: webhook.url });
    return { webhook, emulated, ...await login(emulated) };
}

const FROM = { id: 'ana', idType: 'Opaque' };

test('the SDK logs in, and reads why it may not', async (t) => {
    const emulated = await Emulated.start(t, { args: free });
    await assert.rejects(login(emulated, 'wrong'));
    await login(emulated);
    assert.deepEqual(await emulated.control('tokens'), { count: 1 });
});

test('the SDK provisions an open integration', async (t) => {
    const { conversations, routing, emulated } = await start(t);
    const created = await conversations.postConversationsMessagingIntegrationsOpen({
        name: 'Telegram EU',
        outboundNotificationWebhookUrl: 'https://gw.example.net/in',
        outboundNotificationWebhookSignatureSecretToken: 'at-least-sixteen-chars',
        webhookHeaders: { 'X-Tenant': 'acme' },
    });
    assert.equal(created.createStatus, 'Initiated');
    const list = await conversations.getConversationsMessagingIntegrationsOpen({ pageSize: 10 });
    assert.deepEqual(list.entities.map((entity) => entity.id), [INTEGRATION, created.id]);
    const read =
        await conversations.getConversationsMessagingIntegrationsOpenIntegrationId(created.id);
    assert.equal(read.createStatus, 'Completed');

    const flow = { id: 'f1d0c2ab-0000-4000-8000-000000000001' };
    await routing.putRoutingMessageRecipient(read.recipient.id, { flow });
    const recipients = await routing.getRoutingMessageRecipients({ messengerType: 'open' });
    assert.deepEqual(recipients.entities.at(-1).flow, flow);

    await conversations.patchConversationsMessagingIntegrationsOpenIntegrationId(created.id,
        { name: 'Telegram' });
    const all = await conversations.getConversationsMessagingIntegrations();
    assert.equal(all.entities.at(-1).name, 'Telegram');
    await conversations.deleteConversationsMessagingIntegrationsOpenIntegrationId(created.id);
    await assert.rejects(
        conversations.getConversationsMessagingIntegrationsOpenIntegrationId(created.id),
        { status: 404 });
    assert.equal((await emulated.control('requests')).at(-1).status, 404);
});

test('the SDK sends everything a gateway sends', async (t) => {
    const { conversations, emulated, webhook } = await start(t);
    const said = await conversations.postConversationsMessageInboundOpenMessage(INTEGRATION,
        message({ text: 'Hello' }), { prefetchConversationId: true });
    assert.equal(said.type, 'Text');
    const details = await conversations.getConversationsMessageDetails(said.id);
    assert.equal(details.conversationId, said.conversationId);
    assert.equal(details.status, 'received');

    await conversations.postConversationsMessageInboundOpenEvent(INTEGRATION, {
        channel: { from: FROM, time: TIME }, events: [{ eventType: 'Typing' }],
    });
    const quickReply = { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'y' } };
    const { id } = await emulated.agent('ana', { text: 'Sure?', content: [quickReply] });
    const [event] = await webhook.until(1);
    assert.equal(event.body.id, id);
    const receipt = await conversations.postConversationsMessageInboundOpenReceipt(INTEGRATION, {
        id, channel: { to: event.body.channel.to, time: TIME }, status: 'Delivered',
        isFinalReceipt: true,
    });
    assert.equal(receipt.status, 'Delivered');
    const answered = await conversations.postConversationsMessageInboundOpenStructuredResponse(
        INTEGRATION, {
            channel: message().channel, originatingMessageId: id,
            buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'y' },
        });
    assert.equal(answered.type, 'Structured');

    const rows = await emulated.control('messages');
    assert.deepEqual(rows.map((row) => row.text ?? row.buttonResponse.text), ['Hello', 'Yes']);
    assert.equal((await emulated.control('receipts'))[0].id, id);
    assert.equal((await emulated.control('events')).length, 1);
});

test('the SDK threads, disconnects and speaks first', async (t) => {
    const { conversations, webhook } = await start(t);
    const agentless = { fromAddress: INTEGRATION, toAddress: 'ana',
        toAddressMessengerType: 'open', textBody: 'Your order has shipped.' };
    const sent = await conversations.postConversationsMessagesAgentless(agentless,
        { useNormalizedMessage: true });
    assert.equal((await webhook.until(1))[0].body.id, sent.id);
    const reply = await conversations.postConversationsMessageInboundOpenMessage(INTEGRATION,
        message(), { prefetchConversationId: true });
    assert.equal(reply.conversationId, sent.conversationId);

    const timeline = await conversations.getConversationsMessagingThreadingtimeline();
    for (const row of timeline.settings)
        row.timeoutInMinutes = row.messengerType === 'open' ? 0 : row.timeoutInMinutes;
    await conversations.putConversationsMessagingThreadingtimeline(timeline);
    await conversations.patchConversationsMessage(reply.conversationId,
        { state: 'disconnected' });
    const later = await conversations.postConversationsMessageInboundOpenMessage(INTEGRATION,
        message(), { prefetchConversationId: true });
    assert.notEqual(later.conversationId, reply.conversationId);
});

test('the SDK understands the errors', async (t) => {
    const { conversations } = await start(t, ['--requests-per-minute', '2']);
    platform.ApiClient.instance.setReturnExtendedResponses(true);
    t.after(() => platform.ApiClient.instance.setReturnExtendedResponses(false));
    const post = (body) =>
        conversations.postConversationsMessageInboundOpenMessage(INTEGRATION, body);
    await assert.rejects(post({ text: 'x' }), (error) => {
        assert.equal(error.status, 400);
        assert.equal(error.body.code, 'bad.request');
        assert.equal(error.headers['inin-correlation-id'], error.body.contextId);
        return true;
    });
    await post(message());
    await assert.rejects(post(message()), (error) => {
        assert.equal(error.status, 429);
        assert.equal(error.body.code, 'too.many.requests.retry.after');
        assert.ok(Number(error.headers['retry-after']) > 0);
        return true;
    });
});
