// The administration calls: open integrations, recipients, the threading timeline.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emulated, INTEGRATION, OPEN, SECRET, Webhook, message, signature }
    from './support/emulated.mjs';

const ALL = '/api/v2/conversations/messaging/integrations';
const RECIPIENTS = '/api/v2/routing/message/recipients';
const TIMELINE = '/api/v2/conversations/messaging/threadingtimeline';
const free = { args: ['--requests-per-minute', '0'] };

const integration = (more) => ({
    name: 'Telegram EU',
    outboundNotificationWebhookUrl: 'https://gw.example.net/in',
    outboundNotificationWebhookSignatureSecretToken: 'at-least-sixteen',
    ...more,
});

test('an integration is created, completes when looked at, changes and goes', async (t) => {
    const emulated = await Emulated.start(t, free);
    const created = await emulated.call('POST', OPEN, integration({
        webhookHeaders: { 'X-Tenant': 'acme' }, supportedContent: { id: 'profile-1' },
    }));
    assert.equal(created.status, 200);
    const { id } = created.json;
    assert.match(id, /^[0-9a-f-]{36}$/);
    assert.equal(created.json.createStatus, 'Initiated');
    assert.equal(created.json.name, 'Telegram EU');
    assert.deepEqual(created.json.webhookHeaders, { 'X-Tenant': 'acme' });
    assert.deepEqual(created.json.supportedContent, { id: 'profile-1' });
    assert.doesNotMatch(created.body, /at-least-sixteen/);

    const read = await emulated.call('GET', `${OPEN}/${id}`);
    assert.equal(read.json.createStatus, 'Completed');
    assert.equal(read.json.status, 'Active');
    assert.equal((await emulated.inbound('message', message(), { integration: id })).status, 200);

    const changed = await emulated.call('PATCH', `${OPEN}/${id}`, { name: 'Telegram' });
    assert.equal(changed.json.name, 'Telegram');
    assert.equal(changed.json.outboundNotificationWebhookUrl, 'https://gw.example.net/in');

    assert.equal((await emulated.call('DELETE', `${OPEN}/${id}`)).status, 204);
    for (const method of ['GET', 'DELETE'])
        assert.equal((await emulated.call(method, `${OPEN}/${id}`)).status, 404, method);
    assert.equal((await emulated.inbound('message', message(), { integration: id })).status, 404);
    assert.equal((await emulated.control('messages')).length, 1);
});

test('what an integration lacks or cannot be is refused', async (t) => {
    const emulated = await Emulated.start(t, free);
    const secret = 'outboundNotificationWebhookSignatureSecretToken';
    const url = 'outboundNotificationWebhookUrl';
    const many = Object.fromEntries(Array.from({ length: 23 }, (_, i) => [`X-${i}`, '']));
    const cases = [
        ['no name', { name: undefined }, 'bad.request'],
        ['no url', { [url]: undefined }, 'bad.request'],
        ['no secret', { [secret]: undefined }, 'bad.request'],
        ['a secret of 15 characters', { [secret]: 'x'.repeat(15) }, 'invalid.value'],
        ['another scheme', { [url]: 'ftp://x/' }, 'invalid.value'],
        ['headers that are no map', { webhookHeaders: ['a'] }, 'bad.request'],
        ['a nested header', { webhookHeaders: { a: {} } }, 'bad.request'],
        ['a header name with a space', { webhookHeaders: { 'a b': 'c' } }, 'invalid.value'],
        ['a header with a line end', { webhookHeaders: { a: 'b\r\nc: d' } }, 'invalid.value'],
        ['too many headers', { webhookHeaders: many }, 'invalid.value'],
        ['a profile without id', { supportedContent: {} }, 'bad.request'],
    ];
    for (const [name, more, code] of cases) {
        const answer = await emulated.call('POST', OPEN, integration(more));
        assert.equal(answer.status, 400, name);
        assert.equal(answer.json.code, code, name);
    }
    const update = await emulated.call('PATCH', `${OPEN}/${INTEGRATION}`, {});
    assert.equal(update.status, 400, 'an update needs the name');
    assert.equal((await emulated.call('GET', OPEN)).json.total, 1);
});

test('lists come in pages, with the way to the next', async (t) => {
    const emulated = await Emulated.start(t, free);
    for (const name of ['b', 'c', 'd'])
        await emulated.call('POST', OPEN, integration({ name }));
    const page = async (number) =>
        (await emulated.call('GET', `${OPEN}?pageSize=3&pageNumber=${number}`)).json;
    const first = await page(1);
    assert.deepEqual(first.entities.map((entity) => entity.name), [INTEGRATION, 'b', 'c']);
    assert.equal(first.total, 4);
    assert.equal(first.pageCount, 2);
    assert.equal(first.nextUri, `${OPEN}?pageSize=3&pageNumber=2`);
    assert.equal(first.previousUri, undefined);
    const second = await page(2);
    assert.deepEqual(second.entities.map((entity) => entity.name), ['d']);
    assert.equal(second.nextUri, undefined);
    assert.deepEqual((await page(3)).entities, []);
    for (const query of ['pageSize=0', 'pageSize=x', 'pageNumber=0', 'pageSize=501'])
        assert.equal((await emulated.call('GET', `${OPEN}?${query}`)).status, 400, query);

    const all = (await emulated.call('GET', ALL)).json;
    assert.equal(all.total, 4);
    assert.equal(all.entities[0].messengerType, 'open');
    assert.equal(all.entities[0].id, INTEGRATION);
});

test('an integration has a recipient that takes a flow', async (t) => {
    const emulated = await Emulated.start(t, free);
    const { recipient } = (await emulated.call('GET', `${OPEN}/${INTEGRATION}`)).json;
    assert.notEqual(recipient.id, INTEGRATION);
    const list = (await emulated.call('GET', `${RECIPIENTS}?messengerType=open`)).json;
    assert.deepEqual(list.entities.map((entity) => entity.id), [recipient.id]);
    const named = (await emulated.call('GET', `${RECIPIENTS}?name=nobody`)).json;
    assert.deepEqual(named.entities, []);

    const flow = { id: 'f1d0c2ab-0000-4000-8000-000000000001' };
    const put = await emulated.call('PUT', `${RECIPIENTS}/${recipient.id}`, { flow });
    assert.deepEqual(put.json.flow, flow);
    const read = await emulated.call('GET', `${RECIPIENTS}/${recipient.id}`);
    assert.deepEqual(read.json.flow, flow);
    assert.equal((await emulated.call('GET', `${RECIPIENTS}/x`)).status, 404);
    assert.equal((await emulated.call('GET', `${RECIPIENTS}?messengerType=fax`)).status, 400);
});

test('the timeline is replaced whole by a PUT', async (t) => {
    const emulated = await Emulated.start(t, free);
    const minutes = (body) => Object.fromEntries(
        body.settings.map((row) => [row.messengerType, row.timeoutInMinutes]));
    const before = await emulated.call('GET', TIMELINE);
    assert.equal(minutes(before.json).open, 4320);
    assert.equal(before.json.defaultTimeoutMinutes, 4320);

    const put = (settings) => emulated.call('PUT', TIMELINE, { settings });
    const row = (messengerType, timeoutInMinutes) => ({ messengerType, timeoutInMinutes });
    assert.equal((await put([row('open', 10), row('sms', 0)])).status, 200);
    assert.equal((await put([row('open', 20)])).status, 200);
    const after = minutes((await emulated.call('GET', TIMELINE)).json);
    assert.equal(after.open, 20);
    assert.equal(after.sms, 4320, 'what is left out falls back');

    for (const bad of [[row('open', -1)], [row('open', 4321)], [row('fax', 1)],
        [row('open', '5')], [row('open')], undefined])
        assert.equal((await put(bad)).status, 400, JSON.stringify(bad));
    assert.equal(minutes((await emulated.call('GET', TIMELINE)).json).open, 20);
});

test('a changed address, secret and headers count from the next webhook on', async (t) => {
    const [before, after] = [await Webhook.start(t), await Webhook.start(t)];
    const emulated = await Emulated.start(t, { ...free, webhookUrl: before.url });
    await emulated.agent('ana', { text: 'one' });
    await before.until(1);
    assert.equal(before.received[0].headers['x-hub-signature-256'],
        signature(SECRET, before.received[0].raw));

    const secret = 'another-secret-of-the-test';
    await emulated.call('PATCH', `${OPEN}/${INTEGRATION}`, {
        name: 'renamed', outboundNotificationWebhookUrl: after.url,
        outboundNotificationWebhookSignatureSecretToken: secret,
        webhookHeaders: { 'X-Tenant': 'acme' },
    });
    await emulated.agent('ana', { text: 'two' });
    const [event] = await after.until(1);
    assert.equal(event.headers['x-hub-signature-256'], signature(secret, event.raw));
    assert.equal(event.headers['x-tenant'], 'acme');
    assert.equal(event.body.channel.from.nickname, 'renamed');
    assert.equal(before.received.length, 1);
});
