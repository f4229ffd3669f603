// What goes to the webhook: shape, signature, retries, receipts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/process.mjs';
import { Emulated, INTEGRATION, SECRET, Webhook, signature } from './support/emulated.mjs';

const quick = ['--requests-per-minute', '0', '--retry-delay-ms', '20'];

async function start(t, args = quick) {
    const webhook = await Webhook.start(t);
    const emulated = await Emulated.start(t, { args, webhookUrl: webhook.url });
    return { webhook, emulated };
}

const attempts = async (emulated) => (await emulated.control('webhooks'))
    .map(({ attempt, status, taken, final }) => ({ attempt, status, taken, final }));

test('the published signature vector', () => {
    assert.equal(signature(SECRET, '{"type":"Text","text":"hello"}'),
        'sha256=4Im1SfsUih7DXLHP7m9LmanKLv2CnuFU03fCsdytiZE=');
});

test('an agent\'s text arrives signed over its raw bytes', async (t) => {
    const { webhook, emulated } = await start(t);
    const said = await emulated.say('ana', 'Hello');
    const text = 'Hi Ana \u2028 "ö" \\ \u0001 👋';
    const { id, conversationId } = await emulated.agent('ana', { text });
    const [event] = await webhook.until(1);
    assert.equal(event.method, 'POST');
    assert.equal(event.url, '/hook?a=1');
    assert.equal(event.headers['content-type'], 'application/json');
    assert.equal(event.headers['x-hub-signature-256'], signature(SECRET, event.raw));
    assert.equal(conversationId, said.conversationId);
    assert.match(id, /^[0-9a-f]{32}$/);
    assert.deepEqual(event.body, {
        id,
        channel: {
            id: INTEGRATION, platform: 'Open', type: 'Private', messageId: id,
            to: { id: 'ana', idType: 'Opaque' },
            from: { nickname: INTEGRATION, id: INTEGRATION, idType: 'Opaque' },
            time: event.body.channel.time,
        },
        type: 'Text', text, originatingEntity: 'Human', direction: 'Outbound', conversationId,
    });
    await emulated.untilState(id, 'sent');
    assert.deepEqual(await attempts(emulated),
        [{ attempt: 1, status: 200, taken: true, final: true }]);
});

test('attachments are Text, other content is Structured, typing is an Event', async (t) => {
    const { webhook, emulated } = await start(t);
    const attachment = {
        contentType: 'Attachment',
        attachment: { id: 'a', mediaType: 'File', mime: 'application/pdf', url: 'https://x/y' },
    };
    const quickReply = { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'y' } };
    const typing = { eventType: 'Typing', typing: { type: 'On', duration: 5000 } };
    const cases = [
        [{ content: [attachment] }, 'Text', 'Human'],
        [{ text: 'Sure?', content: [quickReply] }, 'Structured', 'Bot'],
        [{ content: [attachment, quickReply] }, 'Structured', 'Bot'],
        [{ text: 'from a bot', originatingEntity: 'Bot' }, 'Text', 'Bot'],
        [{ events: [typing] }, 'Event', 'Human'],
    ];
    for (const [what, type, entity] of cases) {
        webhook.received.length = 0;
        await emulated.agent('ana', what);
        const [{ body }] = await webhook.until(1);
        assert.equal(body.type, type);
        assert.equal(body.originatingEntity, entity);
        assert.deepEqual(body.content, what.content);
        assert.deepEqual(body.events, what.events);
        assert.equal(body.text, what.text);
    }
    const [conversation] = await emulated.control('conversations');
    assert.equal(conversation.messages, 4, 'an event is no message');
});

test('an order of the agent that makes no sense is refused', async (t) => {
    const { webhook, emulated } = await start(t);
    const cases = [
        ['nothing said', {}],
        ['events and text', { text: 'x', events: [{ eventType: 'Typing' }] }],
        ['unknown content', { content: [{ contentType: 'Hologram' }] }],
        ['content without type', { content: [{}] }],
        ['unknown entity', { text: 'x', originatingEntity: 'Cat' }],
        ['nobody', { text: 'x', to: '' }],
        ['4001 characters', { text: 'é'.repeat(4001) }],
    ];
    for (const [name, more] of cases) {
        const answer = await emulated.tryControl('agent',
            { integrationId: INTEGRATION, to: 'ana', ...more });
        assert.equal(answer.status, 400, name);
    }
    const unknown = await emulated.tryControl('agent', { integrationId: 'x', to: 'a', text: 'x' });
    assert.equal(unknown.status, 404);
    assert.equal(webhook.received.length, 0);
});

test('429 and 5xx are tried again, the same bytes, until they are taken', async (t) => {
    const { webhook, emulated } = await start(t);
    webhook.answer = (event, number) => ({ status: [429, 500, 503, 202][number - 1] });
    const { id } = await emulated.agent('ana', { text: 'x' });
    await emulated.untilState(id, 'sent');
    assert.deepEqual(await attempts(emulated), [
        { attempt: 1, status: 429, taken: false, final: false },
        { attempt: 2, status: 500, taken: false, final: false },
        { attempt: 3, status: 503, taken: false, final: false },
        { attempt: 4, status: 202, taken: true, final: true },
    ]);
    const [first, ...others] = webhook.received;
    for (const other of others) {
        assert.deepEqual(other.raw, first.raw);
        assert.equal(other.headers['x-hub-signature-256'], first.headers['x-hub-signature-256']);
        assert.ok(other.at - first.at >= 19, 'after the delay');
    }
});

test('after five retries the message is marked failed', async (t) => {
    const { webhook, emulated } = await start(t);
    webhook.answer = () => ({ status: 503 });
    const { id } = await emulated.agent('ana', { text: 'x' });
    await emulated.untilState(id, 'failed');
    assert.equal(webhook.received.length, 6);
    assert.deepEqual((await attempts(emulated)).at(-1),
        { attempt: 6, status: 503, taken: false, final: true });
});

test('another 4xx, and a redirect, are final at once', async (t) => {
    const { webhook, emulated } = await start(t);
    for (const status of [400, 401, 404, 410, 302]) {
        webhook.received.length = 0;
        webhook.answer = () => ({ status });
        const { id } = await emulated.agent('ana', { text: 'x' });
        await emulated.untilState(id, 'failed');
        assert.equal(webhook.received.length, 1, `${status}`);
    }
});

test('an answer that does not come in time, or no listener, is tried again', async (t) => {
    const { webhook, emulated } = await start(t, [...quick, '--webhook-timeout-ms', '150']);
    webhook.answer = (event, number) => (number === 1 ? { hang: true } : { status: 200 });
    const { id } = await emulated.agent('ana', { text: 'x' });
    await emulated.untilState(id, 'sent');
    assert.deepEqual((await attempts(emulated)).map((row) => row.status), [0, 200]);

    const nobody = await Emulated.start(t, { args: quick });
    const lost = await nobody.agent('ana', { text: 'x' });
    await nobody.untilState(lost.id, 'failed');
    const rows = await nobody.control('webhooks');
    assert.equal(rows.length, 6);
    assert.ok(rows[0].why.length > 0);
    assert.equal(rows[0].id, lost.id);
    assert.equal(rows[0].integrationId, INTEGRATION);
});

test('messages start in order and do not wait for one another', async (t) => {
    const { webhook, emulated } = await start(t, [...quick, '--webhook-connections', '1']);
    const count = 50;
    for (let i = 0; i < count; i++)
        await emulated.agent('ana', { text: `${i}` });
    await webhook.until(count);
    assert.deepEqual(webhook.received.map((event) => event.body.text),
        Array.from({ length: count }, (_, i) => `${i}`));

    const wide = await start(t);
    wide.webhook.answer = (event, number) => (number === 1 ? { hang: true } : { status: 200 });
    await wide.emulated.agent('ana', { text: 'stuck' });
    await wide.webhook.until(1);
    const { id } = await wide.emulated.agent('ana', { text: 'passes' });
    await wide.emulated.untilState(id, 'sent');
});

test('a webhook is repeated on order, byte for byte', async (t) => {
    const { webhook, emulated } = await start(t);
    const { id } = await emulated.agent('ana', { text: 'x' });
    await webhook.until(1);
    await emulated.control('resend', { id });
    await webhook.until(2);
    assert.deepEqual(webhook.received[1].raw, webhook.received[0].raw);
    assert.equal((await emulated.control('outbound')).length, 1);
    assert.equal((await emulated.tryControl('resend', { id: 'x' })).status, 404);
    const said = await emulated.say('ana', 'x');
    assert.equal((await emulated.tryControl('resend', { id: said.id })).status, 404);
});

test('receipts for inbound messages come on order, or always if started so', async (t) => {
    const { webhook, emulated } = await start(t);
    const said = await emulated.say('ana', 'x');
    const reasons = [{ code: 'GeneralError', message: 'no flow' }];
    await emulated.control('receipt', { id: said.id, status: 'Failed', reasons });
    const [{ body }] = await webhook.until(1);
    assert.equal(body.id, said.id);
    assert.equal(body.type, 'Receipt');
    assert.equal(body.status, 'Failed');
    assert.equal(body.direction, 'Inbound');
    assert.equal(body.channel.messageId, 'm-1');
    assert.deepEqual(body.reasons, reasons);
    assert.equal((await emulated.tryControl('receipt', { id: 'x', status: 'Failed' })).status, 404);
    assert.equal((await emulated.tryControl('receipt', { id: said.id, status: 'Eaten' })).status,
        400);

    const always = await start(t, [...quick, '--inbound-receipts']);
    const { id } = await always.emulated.say('ana', 'x');
    const [event] = await always.webhook.until(1);
    assert.equal(event.body.id, id);
    assert.equal(event.body.status, 'Published');
    assert.equal(event.headers['x-hub-signature-256'], signature(SECRET, event.raw));
});

test('a reset forgets webhooks that are still to be tried', async (t) => {
    const { webhook, emulated } = await start(t, ['--retry-delay-ms', '100']);
    const seen = [];
    webhook.answer = ({ body }) => {
        seen.push(body.text);
        return { status: seen.filter((text) => text === 'after').length < 2 ? 503 : 200 };
    };
    await emulated.agent('ana', { text: 'before' });
    await until('the first attempt', async () => (await emulated.control('webhooks')).length);
    await emulated.control('reset', {});
    const { id } = await emulated.agent('ana', { text: 'after' });
    await emulated.untilState(id, 'sent'); // by a retry that is due after the forgotten one
    assert.deepEqual(seen, ['before', 'after', 'after']);
    assert.equal((await emulated.control('webhooks')).length, 2);
});
