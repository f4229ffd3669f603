// whatsapp-api-js beside omgw: what it takes as Meta's, omgw takes; what it sends, omgw sends.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { WhatsAppAPI } from 'whatsapp-api-js';
import { ActionButtons, ActionList, Body, Button, Interactive, ListSection, Row, Text }
    from 'whatsapp-api-js/messages';
import { ACCESS_TOKEN, APP_SECRET, PHONE_NUMBER_ID, VERIFY_TOKEN, WHATSAPP_INTEGRATION,
    openWhatsApp } from '../flow/support/graph.mjs';
import { ANA, open } from '../flow/support/pages.mjs';
import { request } from '../flow/support/partner.mjs';
import { until } from '../flow/support/process.mjs';
import { textsOf } from '../flow/support/world.mjs';

const library = () => new WhatsAppAPI({ token: ACCESS_TOKEN, appSecret: APP_SECRET,
    webhookVerifyToken: VERIFY_TOKEN, v: 'v24.0', secure: true });

const sign = (bytes) => `sha256=${createHmac('sha256', APP_SECRET).update(bytes).digest('hex')}`;

// As Meta's body mostly is on the wire.
const escaped = (text) => text.replace(/[^\0-~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const send = (api, body, signature) => request(api.webhook, { method: 'POST', body,
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature } });

for (const channel of ['messenger', 'instagram']) {
    test(`${channel}: the library and omgw take the same signatures of escaped bodies`,
        async (t) => {
            const { api, world } = await open(t, channel);
            const meta = library();
            const body = escaped(JSON.stringify({ object: api.object, entry: [{ id: api.account,
                messaging: [api.item(ANA, { message: { mid: 'm_1', text: 'Grüße 👋' } })] }] }));
            const good = sign(body);
            const forged = good.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
            assert.ok(await meta.verifyRequestSignature(body, good));
            assert.equal((await send(api, body, good)).status, 200);
            assert.ok(!await meta.verifyRequestSignature(body, forged));
            assert.equal((await send(api, body, forged)).status, 401);
            assert.deepEqual((await world.untilMessages(1)).map((row) => row.text),
                ['Grüße 👋']);
        });
}

test('a body with raw UTF-8: the library wants it escaped for the sum, omgw takes both',
    async (t) => {
        const { api } = await open(t, 'messenger');
        const meta = library();
        const body = JSON.stringify({ object: api.object, entry: [{ id: api.account,
            messaging: [api.item(ANA, { message: { mid: 'm_1', text: 'Grüße 👋' } })] }] });
        assert.ok(await meta.verifyRequestSignature(body, sign(escaped(body))));
        assert.ok(!await meta.verifyRequestSignature(body, sign(body)), 'its trap');
        assert.equal((await send(api, body, sign(escaped(body)))).status, 200);
        assert.equal((await send(api, body, sign(body))).status, 200);
    });

test('the challenge is answered as the library answers it', async (t) => {
    const { api } = await open(t, 'messenger');
    const params = (token) => ({ 'hub.mode': 'subscribe', 'hub.challenge': '<1158201444>',
        'hub.verify_token': token });
    const ask = (token) => request(`${api.webhook}?${new URLSearchParams(params(token))}`);
    const answer = await ask(VERIFY_TOKEN);
    assert.deepEqual([answer.status, answer.body], [200, library().get(params(VERIFY_TOKEN))]);
    assert.match(answer.headers['content-type'], /^text\/plain/);
    assert.throws(() => library().get(params('another')));
    assert.equal((await ask('another')).status, 403);
});

test('the library hears the first message of a batch only, omgw all of them', async (t) => {
    const { api, world } = await openWhatsApp(t);
    const meta = library();
    const heard = [];
    meta.on.message = ({ message }) => { heard.push(message.text.body); };
    const line = (id, body) => ({ from: '34600000001', id, timestamp: '1700000000',
        type: 'text', text: { body } });
    const change = (...messages) => ({ field: 'messages', value: {
        messaging_product: 'whatsapp', metadata: { phone_number_id: PHONE_NUMBER_ID },
        messages } });
    const batch = { object: 'whatsapp_business_account', entry: [
        { id: '1', changes: [change(line('wamid.1', 'one'), line('wamid.2', 'two')),
            change(line('wamid.3', 'three'))] },
        { id: '1', changes: [change(line('wamid.4', 'four'))] }] };
    const body = JSON.stringify(batch);
    await meta.post(batch, body, sign(body));
    assert.deepEqual(heard, ['one']);
    assert.equal((await send(api, body, sign(body))).status, 200);
    assert.deepEqual(textsOf(await world.untilMessages(4), '34600000001'),
        ['one', 'two', 'three', 'four']);
});

test('texts and options are sent as the library sends them', async (t) => {
    const { api, world } = await openWhatsApp(t);
    const sent = [];
    const meta = library();
    meta.fetch = async (url, { body, headers }) => {
        sent.push({ path: new URL(url).pathname, authorization: headers.Authorization,
            json: JSON.parse(body) });
        return { json: async () => ({ messages: [{ id: 'wamid.LIBRARY' }] }) };
    };
    const to = '34600000001';
    const options = (...labels) => ({ integrationId: WHATSAPP_INTEGRATION,
        content: labels.map((text) => ({ contentType: 'QuickReply', quickReply: { text,
            payload: `p-${text}`, action: 'Message' } })) });
    await api.says(to, 'hola');
    await world.agent(to, 'Hello', { integrationId: WHATSAPP_INTEGRATION });
    await world.agent(to, 'Sure?', options('Yes', 'No'));
    await world.agent(to, 'Which?', options('a', 'b', 'c', 'd'));
    await until('all', () => api.sent(to).length === 3);
    const ours = api.sent(to);
    const context = (i) => [undefined, ours[i].json.biz_opaque_callback_data];
    const { buttons } = ours[1].json.interactive.action;
    const { rows } = ours[2].json.interactive.action.sections[0];
    await meta.sendMessage(PHONE_NUMBER_ID, to, new Text('Hello', false), ...context(0));
    await meta.sendMessage(PHONE_NUMBER_ID, to, new Interactive(new ActionButtons(
        ...buttons.map(({ reply }) => new Button(reply.id, reply.title))),
    new Body('Sure?')), ...context(1));
    await meta.sendMessage(PHONE_NUMBER_ID, to, new Interactive(new ActionList('Options',
        new ListSection(undefined, ...rows.map(({ id, title }) => new Row(id, title)))),
    new Body('Which?')), ...context(2));
    for (const [i, theirs] of sent.entries()) {
        const { path, headers, json } = ours[i];
        if (json.text) // the library leaves out what is not so
            theirs.json.text = { preview_url: false, ...theirs.json.text };
        assert.deepEqual({ path, authorization: headers.authorization, json }, theirs);
    }
});
