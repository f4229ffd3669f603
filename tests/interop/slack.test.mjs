// Slack's own libraries as the other side: they agree with our Slack of the flow tests, and so
// with what the gateway makes of its requests.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import bolt from '@slack/bolt';
import { WebClient } from '@slack/web-api';
import { PDF } from '../flow/support/files.mjs';
import { freePort, until } from '../flow/support/process.mjs';
import { BOT_TOKEN, SIGNING_SECRET, Slack, TEAM, refusal, slowDown }
    from '../flow/support/slack.mjs';
import { GENESYS_SECRET, World, textsOf } from '../flow/support/world.mjs';
import { fixtures, misfits } from './support/types.mjs';

const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a6';
const ANA = 'U0ANA00001';

async function openSlack(t) {
    const api = await new Slack().start();
    t.after(() => api.stop());
    return api;
}

async function open(t) {
    const api = await openSlack(t);
    const world = await World.open(t, {
        bridges: `
  - name: desk
    channel: slack
    genesys: main
    integration_id: ${INTEGRATION}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    slack:
      signing_secrets: [ { value: "${SIGNING_SECRET}" } ]
      bot_token: "${BOT_TOKEN}"
      team_id: ${TEAM}
      api_url: "${api.url}/api"
`,
        emulator: (w) => ['--integration', INTEGRATION, '--webhook-url',
            `${w.base}/webhooks/genesys/desk`, '--webhook-secret', GENESYS_SECRET],
    });
    world.secrets.push(BOT_TOKEN, SIGNING_SECRET);
    api.target(world.base, 'desk');
    return { api, world };
}

const agent = (world, text, more) =>
    world.agent(ANA, text, { integrationId: INTEGRATION, ...more });

test('a request is authentic to the gateway when it is to Bolt, but for the future',
    async (t) => {
        const { api } = await open(t);
        const now = Math.floor(Date.now() / 1000);
        const body = '{"type":"url_verification","challenge":"abc"}';
        const cases = [
            ['in good order', {}],
            ['another secret', { secret: 'another' }],
            ['ten minutes old', { at: now - 600 }],
            ['a body that was changed', { sent: body.replace('abc', 'abd') }],
            ['four minutes ahead', { at: now + 240 }],
            ['an hour ahead', { at: now + 3600 }, 401],
        ];
        for (const [name, { sent = body, ...options }, status] of cases) {
            const headers = Slack.headers(body, options);
            const isAuthentic = bolt.isValidSlackRequest({ signingSecret: SIGNING_SECRET,
                body: sent, headers: { ...headers,
                    'x-slack-request-timestamp':
                        Number(headers['x-slack-request-timestamp']) } });
            const answer = await api.send(sent, { headers });
            assert.equal(answer.status, status ?? (isAuthentic ? 200 : 401), name);
            if (status !== undefined)
                assert.ok(isAuthentic, `${name}: Bolt takes it`);
        }
    });

// An app that writes down what it is told.
async function boltApp(t, api) {
    const port = await freePort();
    const heard = [];
    const app = new bolt.App({ token: BOT_TOKEN, signingSecret: SIGNING_SECRET,
        logLevel: bolt.LogLevel.ERROR, clientOptions: { slackApiUrl: `${api.url}/api/` } });
    app.message(async ({ message }) => {
        heard.push(['message', message.user, message.text]);
    });
    app.event('reaction_added', async ({ event }) => {
        heard.push(['reaction', event.user, event.reaction]);
    });
    app.action(/.*/, async ({ ack, body, action }) => {
        await ack();
        heard.push(['press', body.user.id, action.value]);
    });
    app.command(/.*/, async ({ ack, command }) => {
        await ack();
        heard.push(['command', command.user_id, `${command.command} ${command.text}`]);
    });
    await app.start(port);
    t.after(() => app.stop());
    return { heard, url: `http://127.0.0.1:${port}/slack/events` };
}

test('what is said to Bolt and to the gateway is the same', async (t) => {
    const { api, world } = await open(t);
    const app = await boltApp(t, api);
    await agent(world, 'Sure?', { content: [{ contentType: 'QuickReply',
        quickReply: { text: 'Yes', payload: 'p-yes', action: 'Message' } }] });
    await until('the question', () => api.posted(ANA).length === 1);
    const line = api.message(ANA, 'hola 👋');
    const press = api.pressed(ANA, api.posted(ANA)[0], 'Yes');
    const both = async (say) => {
        for (const url of [undefined, app.url]) {
            const answer = await say({ url });
            assert.deepEqual([answer.status, answer.body], [200, '']);
        }
    };
    const challenge = '{"type":"url_verification","challenge":"abc","token":"x"}';
    const [ours, bolts] = [await api.send(challenge), await api.send(challenge, { url: app.url })];
    assert.deepEqual([ours.body, bolts.json.challenge], ['abc', 'abc']);
    await both((options) => api.event(line, { id: 'Ev1', ...options }));
    await both((options) => api.interacts(press, options));
    await both((options) => api.event({ type: 'reaction_added', user: ANA, reaction: 'tada',
        event_ts: line.ts, item_user: ANA,
        item: { type: 'message', channel: line.channel, ts: line.ts } }, { id: 'Ev2', ...options }));
    await both((options) => api.command(ANA, '/help', 'me', options));

    await until('all at Bolt', () => app.heard.length === 4);
    const { value } = press.actions[0];
    assert.deepEqual(app.heard.toSorted(), [['command', ANA, '/help me'],
        ['message', ANA, 'hola 👋'], ['press', ANA, value], ['reaction', ANA, 'tada']]);
    const rows = await world.untilMessages(4);
    assert.equal(rows.find((row) => row.buttonResponse).buttonResponse.payload, 'p-yes');
    const texts = textsOf(rows, ANA);
    assert.ok(texts.includes('hola 👋') && texts.includes('/help me'), texts.join());
    assert.ok(texts.some((text) => text?.includes(':tada:')), texts.join());
});

test('our Slack answers the Web API as its client expects', async (t) => {
    const api = await openSlack(t);
    const client = new WebClient(BOT_TOKEN, { slackApiUrl: `${api.url}/api/` });
    const stranger = new WebClient('xoxb-another', { slackApiUrl: `${api.url}/api/` });
    const hello = { channel: ANA, text: 'Hello' };

    assert.equal((await client.auth.test()).team_id, TEAM);
    const said = await client.chat.postMessage(hello);
    assert.equal(said.channel, Slack.channel(ANA));
    assert.match(said.ts, /^\d{10}\.\d{6}$/);
    await assert.rejects(stranger.chat.postMessage(hello), { data: { ok: false,
        error: 'invalid_auth', response_metadata: {} } });
    api.next(() => true, refusal('channel_not_found'));
    await assert.rejects(client.chat.postMessage(hello), { code: 'slack_webapi_platform_error' });
    api.next(() => true, slowDown(1));
    const begin = Date.now();
    await client.chat.postMessage(hello);
    assert.ok(Date.now() - begin >= 990, 'it waits as long as Retry-After says');
});

test('our Slack takes a file as its client uploads it', async (t) => {
    const api = await openSlack(t);
    const client = new WebClient(BOT_TOKEN, { slackApiUrl: `${api.url}/api/` });
    const opened = await client.conversations.open({ users: ANA });
    assert.equal(opened.channel.id, Slack.channel(ANA));
    await client.filesUploadV2({ channel_id: opened.channel.id, file: PDF,
        filename: 'terms.pdf', title: 'terms.pdf' });
    const [upload] = api.uploads.values();
    assert.deepEqual(upload.bytes, PDF);
    assert.deepEqual([upload.filename, upload.length, upload.title, upload.channel_id],
        ['terms.pdf', PDF.length, 'terms.pdf', opened.channel.id]);
    const { file } = await client.files.info({ file: 'F1' });
    assert.equal(file.url_private_download, `${api.url}/files-pri/T-F1`);
});

test('the gateway posts what the client would post', async (t) => {
    const { api, world } = await open(t);
    const text = 'Hi & welcome <Ana> 👋';
    await agent(world, text);
    await until('the line', () => api.posted(ANA).length === 1);
    const [ours] = api.posted(ANA);
    const client = new WebClient(BOT_TOKEN, { slackApiUrl: `${api.url}/api/` });
    await client.chat.postMessage({ channel: ANA, mrkdwn: false, unfurl_links: false,
        text: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;') });
    const [, theirs] = api.posted(ANA);
    assert.equal(ours.method, theirs.method);
    assert.equal(ours.path, theirs.path);
    assert.equal(ours.headers.authorization, theirs.headers.authorization);
    const asTexts = (call) => Object.fromEntries(Object.entries(Slack.arguments(call))
        .map(([name, value]) => [name, String(value)]));
    assert.deepEqual(asTexts(ours), asTexts(theirs));
});

// ---- types

// What has no subtype says so by leaving it out.
const TYPES = `import type { ChatPostMessageArguments, ConversationsOpenArguments } from ` +
    `'@slack/web-api'; import type * as events from '@slack/types'; ` +
    `import type { BlockAction } from '@slack/bolt'; ` +
    `type Said = Omit<events.GenericMessageEvent, 'subtype'>; ` +
    `type About<E> = Omit<E, 'message' | 'previous_message'> & ` +
    `{ message?: Said; previous_message: Said };`;

const CALLS = { 'chat.postMessage': 'ChatPostMessageArguments',
    'conversations.open': 'ConversationsOpenArguments' };

test('every call of the fixtures is one by the types of the Web API', () => {
    const calls = fixtures('slack/outbound').map(({ name, exchange }) => (
        { name, type: CALLS[exchange.url.split('/').at(-1)], json: exchange.body }));
    assert.ok(calls.filter(({ type }) => type).length >= 20);
    assert.deepEqual(misfits(TYPES, calls.filter(({ type }) => type)), []);
    const wrong = { name: 'wrong', type: 'ChatPostMessageArguments', json: { channel: ANA,
        text: 'x', blocks: [{ type: 'actions', elements: [{ type: 'button', text: 'Yes' }] }] } };
    assert.match(misfits(TYPES, [wrong]).join(), /^wrong: /);
});

test('what the flows say is what Slack says by its types', async (t) => {
    const api = await openSlack(t);
    const line = api.message(ANA, 'hola');
    const button = { type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text',
        text: 'Yes' }, action_id: '2s-0', value: '2s-0' }] };
    const press = api.pressed(ANA, { json: { text: 'Sure?', blocks: [button] },
        answer: { json: { channel: line.channel, ts: line.ts } } }, 'Yes');
    const change = { type: 'message', hidden: true, channel: line.channel, channel_type: 'im',
        ts: line.ts, event_ts: line.ts };
    const item = { type: 'message', channel: line.channel, ts: line.ts };
    assert.deepEqual(misfits(TYPES, [
        { name: 'a line', type: 'Said', json: line },
        { name: 'an edit', type: 'About<events.MessageChangedEvent>', json: { ...change,
            subtype: 'message_changed',
            message: { ...line, edited: { user: ANA, ts: line.ts } }, previous_message: line } },
        { name: 'a deletion', type: 'About<events.MessageDeletedEvent>', json: { ...change,
            subtype: 'message_deleted', deleted_ts: line.ts, previous_message: line } },
        { name: 'a reaction', type: 'events.ReactionAddedEvent', json: { type: 'reaction_added',
            user: ANA, reaction: 'tada', item_user: ANA, item, event_ts: line.ts } },
        { name: 'a press', type: 'BlockAction', json: press },
    ]), []);
});
