// Connecting a bridge to its service, and what is wrong with one, in words.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { ACCESS_TOKEN, ACCOUNT_ID, APP_SECRET, Graph, PHONE_NUMBER_ID, VERIFY_TOKEN,
} from './support/graph.mjs';
import { ACCESS_TOKEN as LINE_TOKEN, CHANNEL_SECRET, LineApi } from './support/line.mjs';
import { Pages } from './support/pages.mjs';
import { BOT_TOKEN, SIGNING_SECRET, Slack } from './support/slack.mjs';
import { BotApi, SECRET_TOKEN, TOKEN, refusal } from './support/telegram.mjs';
import { ACCOUNT_SID, AUTH_TOKEN as TWILIO_TOKEN, NUMBER, Twilio }
    from './support/twilio.mjs';
import { AUTH_TOKEN, Viber } from './support/viber.mjs';
import { GENESYS_SECRET, World } from './support/world.mjs';

const PUBLIC = 'https://hooks.example.com';
const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a1';

// A bridge of that channel whose settings are right on both sides, unless they say otherwise.
async function open(t, { channel, settings, publicUrl = PUBLIC, webhook = PUBLIC, ...more }) {
    return World.open(t, { publicUrl, bridges: `
  - name: shop
    channel: ${channel}
    genesys: main
    integration_id: ${INTEGRATION}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    ${channel}:
${settings}
`, emulator: () => ['--integration', INTEGRATION, '--webhook-url',
        `${webhook}/webhooks/genesys/shop`, '--webhook-secret', GENESYS_SECRET], ...more });
}

// What a command says, its exit code and its rows; no secret is in it.
async function says(world, verb, name = 'shop') {
    const { code, text } = await world.omgw('bridges', verb, name, '--json');
    for (const secret of world.secrets)
        assert.ok(!text.includes(secret), `${verb} tells a secret: ${text}`);
    const page = JSON.parse(text);
    assert.equal(page.ok, code === 0, text);
    return { code, page, of: (about) => page.findings.filter((row) => row.about === about)
        .map((row) => `${row.state}: ${row.text}`).join('\n') };
}

async function openTelegram(t, more = {}) {
    const api = await new BotApi().start();
    t.after(() => api.stop());
    const world = await open(t, { channel: 'telegram', settings: `
      token: "${TOKEN}"
      secrets: [ { value: "${SECRET_TOKEN}" } ]
      api_url: "${api.url}"`, ...more });
    world.secrets.push(TOKEN, SECRET_TOKEN);
    api.target(world.base, 'shop');
    return { api, world };
}

test('connect registers a Telegram bot, and then all is well', async (t) => {
    const { api, world } = await openTelegram(t);
    const before = await says(world, 'check');
    assert.equal(before.code, 1);
    assert.match(before.of('webhook'), /none is set: "omgw bridges connect shop" sets it/);

    const { code, of } = await says(world, 'connect');
    assert.equal(code, 0, of('webhook'));
    const [call] = api.calls.filter((c) => c.path.endsWith('/setWebhook'));
    assert.deepEqual(call.json, { url: `${PUBLIC}/webhooks/channels/shop`,
        secret_token: SECRET_TOKEN, max_connections: 100,
        allowed_updates: ['message', 'edited_message', 'callback_query', 'my_chat_member'] });

    const after = await says(world, 'check');
    assert.equal(after.code, 0, JSON.stringify(after.page.findings));
    assert.equal(after.of('token'), 'ok: the token is that of @shop_bot');
    assert.equal(after.of('webhook'), `ok: set to ${PUBLIC}/webhooks/channels/shop`);
    assert.equal(after.of('public_url'), `ok: ${PUBLIC}`);
    assert.equal(after.of('gateway'), 'ok: it runs, and is ready');
    assert.equal(after.of('bridge'), 'ok: active');
    assert.equal(after.of('genesys'), 'ok: client_id and client_secret of main let us in');
    assert.equal(after.of('integration'), `ok: posts to ${PUBLIC}/webhooks/genesys/shop`);

    assert.equal((await api.says(700000001, 'hola')).status, 200);
    assert.equal((await world.untilMessages(1))[0].text, 'hola');
});

test('what is said is a line each, for people and scripts', async (t) => {
    const { world } = await openTelegram(t);
    const { code, text } = await world.omgw('bridges', 'check', 'shop');
    assert.equal(code, 1);
    const rows = text.trimEnd().split('\n').map((line) => line.split('\t'));
    assert.deepEqual(rows.slice(0, 2), [['ok', 'settings', 'all there, secrets too'],
        ['ok', 'public_url', PUBLIC]]);
    assert.ok(rows.every((row) => row.length === 3), text);
});

test('a wrong token, a webhook set to somewhere else, a failing one are told', async (t) => {
    const { api, world } = await openTelegram(t);
    api.next((c) => c.path.endsWith('/getMe'), refusal(401, 'Unauthorized'));
    const revoked = await says(world, 'connect');
    assert.equal(revoked.code, 78);
    assert.match(revoked.of('token'), /^misconfigured: Telegram knows no bot with telegram.token/);
    assert.equal(revoked.of('webhook'), '');

    api.info = { url: `https://old.example.com/${TOKEN}`, pending_update_count: 0 };
    const elsewhere = await says(world, 'check');
    assert.equal(elsewhere.code, 1);
    assert.match(elsewhere.of('webhook'),
        /^wrong: set to another address, https:\/\/old.example.com\/\.\.\.:/);

    api.info = { url: `${PUBLIC}/webhooks/channels/shop`, pending_update_count: 2,
        last_error_date: 1770110100,
        last_error_message: 'Wrong response from the webhook: 502 Bad Gateway' };
    const failing = await says(world, 'check');
    assert.equal(failing.code, 1);
    assert.match(failing.of('webhook'), /502 Bad Gateway; the proxy does not reach the gateway/);

    await api.stop();
    const away = await says(world, 'check');
    assert.equal(away.code, 69);
    assert.equal(away.of('token'), 'unreachable: Telegram was not reached: no connection');
});

test('a secret that others may read is a note', async (t) => {
    const { world } = await openTelegram(t);
    const file = path.join(world.dir, 'token');
    writeFileSync(file, `${TOKEN}\n`, { mode: 0o644 });
    world.writeConfig({ ...world.options, bridges: world.options.bridges
        .replace(`token: "${TOKEN}"`, `token_file: "${file}"`) });
    const { code, of } = await says(world, 'connect');
    assert.equal(code, 0);
    assert.match(of('settings'), /^note: .*omgw.yaml:\d+:\d+: .*token/);
});

test('what is wrong here and at Genesys is told', async (t) => {
    const { api, world } = await openTelegram(t, { webhook: 'https://else.example.com' });
    api.info.url = `${PUBLIC}/webhooks/channels/shop`;
    await world.omgw('bridges', 'pause', 'shop', '--reason', 'it moves');
    const paused = await says(world, 'check');
    assert.equal(paused.code, 1);
    assert.match(paused.of('bridge'),
        /^wrong: paused: bridge_to_\w+ since \S+ by [^:]+: it moves; "omgw bridges resume shop"/);
    assert.match(paused.of('integration'),
        /^wrong: posts to https:\/\/else.example.com\/\.\.\.: its outbound notification webhook URL must be /);

    await world.stopGateway();
    const stopped = await says(world, 'check');
    assert.match(stopped.of('gateway'), /^unreachable: none answers at .*start it with "omgw serve"/);
    await world.startGateway();

    world.writeConfig({ ...world.options, clientSecret: 'a-wrong-secret-of-the-test' });
    const locked = await says(world, 'check');
    assert.equal(locked.code, 78);
    assert.match(locked.of('genesys'), /^misconfigured: Genesys Cloud's login answered 40[01]/);
    assert.equal(locked.of('integration'), '');
});

test('an address that nobody outside reaches is told', async (t) => {
    const { world } = await openTelegram(t, { publicUrl: null });
    const { code, of } = await says(world, 'connect');
    assert.equal(code, 78);
    assert.match(of('public_url'), /^misconfigured: http:\/\/127.0.0.1:\d+ is not https/);
    assert.match(of('webhook'), /^wrong: Telegram answered 400: .*An HTTPS URL must be provided/);
    for (const [url, fault] of [['https://127.0.0.1', /is reached from inside only/],
        ['https://[fd00::1]/omgw', /is reached from inside only/],
        ['https://localhost', /is reached from inside only/],
        ['https://hooks.example.com:8443/x', /names a port/],
        ['https://[2a00::1]:444', /names a port/],
        ['https://hooks.example.com:443/x', /^ok/], ['https://[2a00::1]', /^ok/]]) {
        world.writeConfig({ ...world.options, publicUrl: `"${url}"` });
        assert.match((await says(world, 'connect')).of('public_url'), fault, url);
    }
});

test('without a public address, or a bridge of that name, nothing is asked', async (t) => {
    const { api, world } = await openTelegram(t);
    world.writeConfig({ ...world.options, publicUrl: '' });
    const { code, of, page } = await says(world, 'connect');
    assert.equal(code, 78);
    assert.match(of('public_url'), /is not set/);
    assert.deepEqual(page.findings.map((row) => row.about), ['settings', 'public_url']);
    assert.deepEqual(api.calls, []);
    await world.fails(1, /has no bridge "shpo"; did you mean "shop"\?/, 'bridges', 'check', 'shpo');
});

// A world with a service of ours and a bridge to it.
async function openService(t, service, options) {
    await service.start();
    t.after(() => service.stop());
    const world = await open(t, { ...options, settings: options.settings(service) });
    service.target(world.base, 'shop');
    return world;
}

const entered = (page) => Object.fromEntries(page.enter.values.map((v) => [v.label, v.value]));

test('what is entered at Meta works as it is printed; app secret and token are not', async (t) => {
    const graph = new Graph();
    const world = await openService(t, graph, { channel: 'whatsapp', settings: () => `
      phone_number_id: "${PHONE_NUMBER_ID}"
      business_account_id: "${ACCOUNT_ID}"
      access_token: "${ACCESS_TOKEN}"
      app_secrets: [ { value: "${APP_SECRET}" } ]
      verify_token: "${VERIFY_TOKEN}"
      graph_url: "${graph.url}"` });
    world.secrets.push(ACCESS_TOKEN, APP_SECRET);
    const before = await says(world, 'check');
    assert.equal(before.code, 1);
    assert.match(before.of('account'), /^wrong: no app hears of its messages/);

    const { code, page, of } = await says(world, 'connect');
    assert.equal(code, 0, JSON.stringify(page));
    assert.match(page.enter.where, /WhatsApp, Configuration, Webhook/);
    const values = entered(page);
    assert.equal(values['Callback URL'], `${PUBLIC}/webhooks/channels/shop`);
    assert.equal(values['Webhook fields'], 'messages');
    assert.equal((await graph.verify(values['Verify token'])).body, '123');
    assert.equal((await graph.verify('another')).status, 403);
    assert.match(of('number'), /^ok: access_token reaches \+1 555-010-0001, Shop/);

    const after = await says(world, 'check');
    assert.equal(after.code, 0);
    assert.ok(!JSON.stringify(after.page).includes(VERIFY_TOKEN), 'only connect prints it');
});

test('an expired token of Meta is told', async (t) => {
    const graph = new Graph();
    const world = await openService(t, graph, { channel: 'whatsapp', settings: () => `
      phone_number_id: "${PHONE_NUMBER_ID}"
      access_token: "EAAG-an-expired-token"
      app_secrets: [ { value: "${APP_SECRET}" } ]
      verify_token: "${VERIFY_TOKEN}"
      graph_url: "${graph.url}"` });
    const { code, of } = await says(world, 'check');
    assert.equal(code, 78);
    assert.match(of('number'), /^misconfigured: access_token is not valid, or not any more/);
});

test('LINE: the address is set and tried', async (t) => {
    const line = new LineApi();
    const world = await openService(t, line, { channel: 'line', settings: () => `
      channel_secrets: [ { value: "${CHANNEL_SECRET}" } ]
      access_token: "${LINE_TOKEN}"
      api_url: "${line.url}"` });
    world.secrets.push(CHANNEL_SECRET, LINE_TOKEN);
    const before = await says(world, 'check');
    assert.equal(before.code, 1);
    assert.match(before.of('webhook'), /^wrong: none is set/);
    const { code, page, of } = await says(world, 'connect');
    assert.equal(code, 0, JSON.stringify(page));
    assert.equal(line.endpoint.endpoint, `${PUBLIC}/webhooks/channels/shop`);
    assert.equal(of('test'), 'ok: LINE called it, and was answered');
    assert.deepEqual(entered(page), { 'Use webhook': 'on', 'Webhook redelivery': 'on' });
    // What LINE calls with: the gateway knows it.
    assert.equal((await line.post([])).status, 200);
    line.tested = { success: false, statusCode: 401, reason: 'ERROR_STATUS_CODE', detail: '401' };
    assert.match((await says(world, 'check')).of('test'),
        /^misconfigured: .*signature fits none of channel_secrets/);
});

for (const [channel, id] of [['messenger', 'page_id'], ['instagram', 'account_id']])
    test(`${channel}: what is entered works, a subscription that was lost is told`,
        async (t) => {
            const pages = new Pages(channel);
            const world = await openService(t, pages, { channel, settings: () => `
      ${id}: "${pages.account}"
      access_token: "${ACCESS_TOKEN}"
      app_secrets: [ { value: "${APP_SECRET}" } ]
      verify_token: "${VERIFY_TOKEN}"
      graph_url: "${pages.url}"` });
            world.secrets.push(ACCESS_TOKEN, APP_SECRET);
            const { code, page } = await says(world, 'connect');
            assert.equal(code, 0, JSON.stringify(page));
            assert.equal((await pages.verify(entered(page)['Verify token'])).body, '123');
            assert.equal((await says(world, 'check')).code, 0);
            pages.unsubscribe();
            const lost = await says(world, 'check');
            assert.equal(lost.code, 1);
            assert.match(lost.of('subscription'), /^wrong: no app hears of its messages/);
        });

test('Viber: it is registered when the gateway answers, not when it does not', async (t) => {
    const viber = new Viber();
    const world = await openService(t, viber, { channel: 'viber', settings: () => `
      auth_tokens: [ { value: "${AUTH_TOKEN}" } ]
      sender_name: Shop
      api_url: "${viber.url}"` });
    world.secrets.push(AUTH_TOKEN);
    assert.match((await says(world, 'check')).of('webhook'), /^wrong: none is set/);
    const { code, page } = await says(world, 'connect');
    assert.equal(code, 0, JSON.stringify(page));
    const after = await says(world, 'check');
    assert.equal(after.code, 0);
    assert.equal(after.of('token'), 'ok: the first of auth_tokens is that of Shop');

    // A gateway with another token than the one that is registered from here.
    world.writeConfig({ ...world.options, bridges: world.options.bridges.replace(AUTH_TOKEN,
        'a-token-that-the-bot-does-not-have') });
    const unknown = await says(world, 'connect');
    assert.equal(unknown.code, 78);
    assert.match(unknown.of('webhook'), /^misconfigured: Viber knows no bot with the first of/);
    viber.target(`${world.base}/elsewhere`, 'shop');
    world.writeConfig(world.options);
    const dead = await says(world, 'connect');
    assert.equal(dead.code, 1);
    assert.match(dead.of('webhook'), /^wrong: Viber called public_url, and was not answered/);
});

test('Slack: whose the token is, and what is entered', async (t) => {
    const slack = new Slack();
    const world = await openService(t, slack, { channel: 'slack', settings: () => `
      signing_secrets: [ { value: "${SIGNING_SECRET}" } ]
      bot_token: "${BOT_TOKEN}"
      api_url: "${slack.url}/api"` });
    world.secrets.push(BOT_TOKEN, SIGNING_SECRET);
    const { code, page, of } = await says(world, 'connect');
    assert.equal(code, 0, JSON.stringify(page));
    assert.match(of('token'), /^ok: bot_token is that of shop in Flow/);
    const url = `${PUBLIC}/webhooks/channels/shop`;
    assert.deepEqual(entered(page), { 'Events: Request URL': url,
        'Events: bot events': 'message.im, reaction_added, reaction_removed',
        'Interactivity: Request URL': url });
    slack.next((c) => c.path.endsWith('/auth.test'),
        { json: { ok: false, error: 'account_inactive' } });
    const gone = await says(world, 'check');
    assert.equal(gone.code, 78);
    assert.equal(gone.of('token'), 'misconfigured: Slack does not take bot_token: account_inactive');
});

test('a partner is pinged by a check, and given its address by connect', async (t) => {
    const world = await World.open(t, { publicUrl: PUBLIC, emulator: () => [
        '--integration', INTEGRATION, '--webhook-url', `${PUBLIC}/webhooks/genesys/x`,
        '--webhook-secret', GENESYS_SECRET] });
    const connected = await says(world, 'connect', 'acme');
    assert.equal(connected.code, 0, JSON.stringify(connected.page));
    assert.equal(entered(connected.page)['Bridge URL'], `${PUBLIC}/webhooks/channels/acme`);
    assert.deepEqual(world.partner.received, []);
    const { of } = await says(world, 'check', 'acme');
    assert.equal(of('ping'), 'ok: the partner took a signed ping at callback_url');
    assert.equal(world.partner.received[0].type, 'ping');
    assert.ok(world.partner.received[0].verified);
    world.partner.rules.push(() => ({ status: 401 }));
    assert.match((await says(world, 'check', 'acme')).of('ping'),
        /^misconfigured: the partner answered 401/);
});

test('connect tells a number at Twilio where its messages go', async (t) => {
    const api = await new Twilio().start();
    t.after(() => api.stop());
    const world = await open(t, { channel: 'twilio', settings: `
      account_sid: ${ACCOUNT_SID}
      auth_tokens: [ { value: "${TWILIO_TOKEN}" } ]
      from: "${NUMBER}"
      connection_overrides: rc=3&rp=all
      api_url: "${api.url}"` });
    world.secrets.push(TWILIO_TOKEN);
    const before = await says(world, 'check');
    assert.match(before.of('webhook'), /^wrong: set to another address, https:\/\/demo.twilio.com/);
    const { code, of } = await says(world, 'connect');
    assert.equal(code, 0, of('webhook'));
    assert.equal(of('account'), 'ok: it takes the first of auth_tokens');
    assert.equal(api.number.sms_url, `${PUBLIC}/webhooks/channels/shop#rc=3&rp=all`);
    assert.equal((await says(world, 'check')).code, 0);
});
