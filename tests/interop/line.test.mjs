// LINE's official SDK as the other side: it checks what our service signs as the gateway does,
// asks for what the gateway asks for, and its types, made from LINE's OpenAPI files, are what
// requests and webhooks are held against. No package of npm carries those files themselves.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { HTTPFetchError, messagingApi, middleware, validateSignature } from '@line/bot-sdk';
import { request } from '../flow/support/partner.mjs';
import { until } from '../flow/support/process.mjs';
import { ACCESS_TOKEN, BOT, CHANNEL_SECRET, LineApi, signatureOf }
    from '../flow/support/line.mjs';
import { GENESYS_SECRET, World } from '../flow/support/world.mjs';
import { fixtures, misfits } from './support/types.mjs';

const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a4';
const ANA = 'Uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa';

async function open(t) {
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
      mark_read: true
`,
        emulator: (w) => ['--integration', INTEGRATION, '--webhook-url',
            `${w.base}/webhooks/genesys/shop`, '--webhook-secret', GENESYS_SECRET],
    });
    api.target(world.base, 'shop');
    return { api, world };
}

// ---- signatures

test('the SDK and omgw accept the same signatures; omgw only one spelling of each', async (t) => {
    const { api } = await open(t);
    const body = JSON.stringify({ destination: BOT, events: [] });
    const good = signatureOf(body);
    const cases = [ // signature, the SDK's word, the gateway's
        [good, true, 200],
        [signatureOf(body, 'another secret'), false, 401],
        [signatureOf(`${body} `), false, 401],
        [good.slice(0, -3), false, 401],
        [good.replace(/=+$/, ''), true, 401],
        [`${good}!`, true, 401],
        [good.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''), true, 401],
    ];
    for (const [signature, sdk, status] of cases) {
        assert.equal(validateSignature(body, CHANNEL_SECRET, signature), sdk, signature);
        const answer = await request(api.webhook, { method: 'POST', body, headers: {
            'content-type': 'application/json', 'x-line-signature': signature } });
        assert.equal(answer.status, status, signature);
    }
});

test("the SDK's middleware understands the webhooks that omgw understands", async (t) => {
    const { api, world } = await open(t);
    const seen = [];
    const check = middleware({ channelSecret: CHANNEL_SECRET });
    const server = http.createServer((req, res) => check(req, res, (error) => {
        seen.push(error ?? req.body);
        res.writeHead(error ? 401 : 200).end();
    }));
    t.after(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const events = [api.message(ANA, { type: 'text', text: 'こんにちは 👋' })];
    for (const webhook of [api.webhook, `http://127.0.0.1:${server.address().port}/`]) {
        api.webhook = webhook;
        assert.equal((await api.post(events)).status, 200);
        assert.equal((await api.post(events, { secret: 'another secret' })).status, 401);
    }
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, seen[0].events[0].message.text);
    assert.match(seen[1].message, /signature validation failed/);
});

// ---- requests

// What counts of a request; the SDK asks for the same under the same names.
const essence = (call) => ({ method: call.method, path: call.path, json: call.json,
    authorization: call.headers.authorization, key: call.headers['x-line-retry-key'],
    type: call.headers['content-type'].split(';')[0] });

test('the SDK asks LINE for what omgw asks it for', async (t) => {
    const { api, world } = await open(t);
    const client = new messagingApi.MessagingApiClient({
        channelAccessToken: ACCESS_TOKEN, baseURL: api.url });
    await api.post([api.message(ANA, { type: 'text', text: 'hi', markAsReadToken: 'mr-1' })]);
    await api.untilCalls('the mark', (call) => call.path.endsWith('/markAsRead'));
    await world.control('agent', { integrationId: INTEGRATION, to: ANA,
        events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] });
    await api.untilCalls('typing', (call) => call.path.endsWith('/loading/start'));
    await world.agent(ANA, 'Sure?', { integrationId: INTEGRATION, content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'y' } }] });
    await until('the push', () => api.shown(ANA).length === 1);

    const asked = api.calls.map(essence);
    const push = asked.find((call) => call.path.endsWith('/push'));
    const marked = asked.find((call) => call.path.endsWith('/markAsRead'));
    const loading = asked.find((call) => call.path.endsWith('/loading/start'));
    await client.markMessagesAsReadByToken(marked.json);
    await client.showLoadingAnimation(loading.json);
    await assert.rejects(client.pushMessage(push.json, push.key), (error) =>
        error instanceof HTTPFetchError && error.status === 409);
    assert.deepEqual(api.calls.slice(-3).map(essence), [marked, loading, push]);
});

// ---- types

const IMPORTS = "import { messagingApi, webhook } from '@line/bot-sdk';";

const requestTypes = {
    '/v2/bot/message/push': 'messagingApi.PushMessageRequest',
    '/v2/bot/chat/loading/start': 'messagingApi.ShowLoadingAnimationRequest',
    '/v2/bot/chat/markAsRead': 'messagingApi.MarkMessagesAsReadByTokenRequest',
};

test("every request and every webhook of the fixtures is one by the SDK's types", () => {
    const requests = fixtures('line/outbound').map(({ name, exchange }) => ({ name,
        json: exchange.body, type: requestTypes[new URL(exchange.url).pathname] }));
    assert.ok(requests.every((value) => value.type !== undefined));
    // What is odd on purpose, or newer than this SDK.
    const odd = /^(unreadable|others|unknown|edit|image-external-none|no-event-id|unsend-nothing|batch)/;
    const webhooks = fixtures('line/inbound').filter(({ name }) => !odd.test(name))
        .map(({ name, body }) => ({ name, type: 'webhook.CallbackRequest',
            json: typeof body === 'string' ? JSON.parse(body) : body }));
    assert.ok(webhooks.length > 25);
    assert.deepEqual(misfits(IMPORTS, [...requests, ...webhooks]), []);
    const wrong = { name: 'wrong', type: 'messagingApi.PushMessageRequest',
        json: { to: ANA, messages: [{ type: 'text', words: 'x' }] } };
    assert.match(misfits(IMPORTS, [wrong])[0], /^wrong: .*'"words"' does not exist/);
});
