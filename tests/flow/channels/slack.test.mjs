// Slack: a workspace of our own on the other side, the whole way through the gateway.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FileHost, PDF, PNG, download } from '../support/files.mjs';
import { until } from '../support/process.mjs';
import { BOT_TOKEN, SIGNING_SECRET, Slack, TEAM, refusal, slowDown } from '../support/slack.mjs';
import { GENESYS_SECRET, World, textsOf } from '../support/world.mjs';

const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a6';
const ANA = 'U0ANA00001';
const BOB = 'U0BOB00002';

async function open(t, settings = '', own = '') {
    const api = await new Slack().start();
    t.after(() => api.stop());
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
      files_url: "${api.url}"
${own}`,
        settings,
        emulator: (w) => ['--integration', INTEGRATION, '--webhook-url',
            `${w.base}/webhooks/genesys/desk`, '--webhook-secret', GENESYS_SECRET],
    });
    world.secrets.push(BOT_TOKEN, SIGNING_SECRET);
    api.target(world.base, 'desk');
    return { api, world };
}

const agent = (world, to, text, more) =>
    world.agent(to, text, { integrationId: INTEGRATION, ...more });
const agentSays = (world, to, text) =>
    world.agentSays(to, text, { integrationId: INTEGRATION });
const quickReply = (text, payload) =>
    ({ contentType: 'QuickReply', quickReply: { text, payload, action: 'Message' } });

test('Slack checks the address, and only with the secret agreed on', async (t) => {
    const { api } = await open(t);
    const body = JSON.stringify({ token: 'of-old', challenge: 'abc123', type: 'url_verification' });
    const good = await api.send(body);
    assert.deepEqual([good.status, good.body, good.headers['content-type']],
        [200, 'abc123', 'text/plain']);
    assert.equal((await api.send(body, { secret: 'another' })).status, 401);
    const hour = Math.floor(Date.now() / 1000) + 3600;
    assert.equal((await api.send(body, { at: hour })).status, 401, 'signed for in an hour');
    const certificate = await api.send('ssl_check=1&token=x',
        { type: 'application/x-www-form-urlencoded', secret: 'another' });
    assert.deepEqual([certificate.status, certificate.body], [200, '']);
});

test('a line goes both ways, and the agent sees that it arrived', async (t) => {
    const { api, world } = await open(t);
    const answer = await api.says(ANA, 'hola 👋 &lt;3 &amp; <https://example.com/a?b=1&amp;c=2|this>');
    assert.deepEqual([answer.status, answer.body], [200, '']);
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'hola 👋 <3 & this (https://example.com/a?b=1&c=2)');
    assert.equal(row.channel.from.id, ANA);

    const { id } = await agent(world, ANA, 'Hi <b>Ana</b> & *all* 👋 <!channel>');
    await until('the answer', () => api.shown(ANA).length === 1);
    assert.deepEqual(api.shown(ANA), ['Hi <b>Ana</b> & *all* 👋 <!channel>']);
    const { json, answer: { json: said } } = api.posted(ANA)[0];
    assert.equal(json.text, 'Hi &lt;b&gt;Ana&lt;/b&gt; &amp; *all* 👋 &lt;!channel&gt;');
    assert.equal(json.mrkdwn, false);
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Delivered');
    const provider = `${said.channel}/${said.ts}`;
    for (const either of [id, provider])
        assert.ok(JSON.stringify(await world.trace(either)).includes(provider), either);
});

test('a repeat has one effect, and what is our own has none', async (t) => {
    const { api, world } = await open(t);
    const line = api.message(ANA, 'once');
    const again = { id: 'Ev0000REPEAT', headers: { 'x-slack-retry-num': '1',
        'x-slack-retry-reason': 'http_timeout' } };
    const answers = await Promise.all([api.event(line, { id: again.id }),
        ...Array.from({ length: 9 }, () => api.event(line, again))]);
    assert.ok(answers.every((a) => a.status === 200));
    await api.event(line, { id: 'Ev0000OTHER' }); // told of under another name
    await api.says(ANA, 'an echo', { bot_id: 'B0FLOW001' });
    await api.says(ANA, 'to all', { channel: 'C0GENERAL', channel_type: 'channel' });
    await api.event({ type: 'app_home_opened', user: ANA });
    await api.says(ANA, 'the next');
    assert.deepEqual(textsOf(await world.untilMessages(2), ANA), ['once', 'the next']);
    const other = await api.send(JSON.stringify({ ...Slack.callback('Ev0000T2', line),
        team_id: 'T0ELSE001', authorizations: [] }));
    assert.equal(other.status, 403);
});

test('buttons hold tokens, and answer with the payload behind them', async (t) => {
    const { api, world } = await open(t);
    const payload = 'x'.repeat(300);
    const { id } = await agent(world, ANA, 'Sure?',
        { content: [quickReply('Yes', payload), quickReply('No', 'n')] });
    await until('the question', () => api.posted(ANA).length === 1);
    const press = api.pressed(ANA, api.posted(ANA)[0], 'Yes');
    for (let i = 0; i < 3; i++) { // an impatient finger's is one press
        const answer = await api.interacts(press);
        assert.deepEqual([answer.status, answer.body], [200, '']);
    }
    const [row] = await world.untilMessages(1);
    assert.equal(row.buttonResponse.payload, payload);
    assert.equal(row.buttonResponse.text, 'Yes');
    assert.equal(row.originatingMessageId, id);
    await api.interacts({ ...press, user: { id: BOB, team_id: TEAM } });
    await api.command(ANA, '/help', 'my order');
    const rows = await world.untilMessages(3);
    assert.deepEqual(textsOf(rows, ANA).slice(1), ['/help my order']);
    assert.deepEqual(textsOf(rows, BOB), ['Yes'], "of another's question it is only a text");
});

test('cards are shown as such, and their options answer', async (t) => {
    const { api, world } = await open(t);
    await agent(world, ANA, undefined, { content: [{ contentType: 'Carousel', carousel: { cards: [
        { title: 'Blue', image: 'https://shop.example.com/b.png', actions: [
            { type: 'Postback', text: 'Take', payload: 'take-blue' },
            { type: 'Link', text: 'See', url: 'https://shop.example.com/b' }] },
        { title: 'Green', actions: [{ type: 'Postback', text: 'Take it', payload: 'take-green' }] },
    ] } }] });
    await until('the cards', () => api.posted(ANA).length === 1);
    const [posted] = api.posted(ANA);
    assert.deepEqual(posted.json.blocks.map((block) => block.type),
        ['section', 'actions', 'section', 'actions']);
    assert.equal((await api.presses(ANA, posted, 'See')).status, 200);
    await api.presses(ANA, posted, 'Take it');
    const rows = await world.untilMessages(1);
    assert.deepEqual(rows.map((row) => row.buttonResponse?.payload), ['take-green']);
});

test('a picture that Slack cannot fetch costs the cards, not the question', async (t) => {
    const { api, world } = await open(t);
    api.next((c) => c.json.blocks, refusal('invalid_blocks'));
    const { id } = await agent(world, ANA, 'Which?', { content: [{ contentType: 'Card', card: {
        title: 'Blue', image: 'https://inside.example.com/b.png',
        actions: [{ type: 'Postback', text: 'Take', payload: 'take-blue' }] } }] });
    await until('the text', () => api.shown(ANA).length === 1);
    assert.deepEqual(api.shown(ANA), ['Which?\nBlue\n1. Take']);
    await api.says(ANA, '1');
    const [row] = await world.untilMessages(1);
    assert.equal(row.buttonResponse.payload, 'take-blue');
    assert.equal(row.originatingMessageId, id);
    assert.equal((await world.untilReceipts(1))[0].status, 'Delivered');
});

test('files go both ways, and the token of the bot stays here', async (t) => {
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const { api, world } = await open(t, 'egress: { allow: [ "127.0.0.0/8" ] }');
    const photo = api.file('F1', PNG, 'image/png', 'receipt.png');
    await api.says(ANA, 'my receipt', { subtype: 'file_share', files: [photo,
        { id: 'F2', file_access: 'check_file_info' }] });
    api.file('F2', PDF, 'application/pdf', 'terms.pdf');
    const rows = await world.untilMessages(2);
    assert.deepEqual(rows.map((row) => row.text), ['my receipt', undefined]);
    const links = rows.map((row) => row.content[0].attachment.url);
    assert.deepEqual((await download(links[0])).bytes, PNG);
    assert.deepEqual((await download(links[1])).bytes, PDF);
    assert.ok(!JSON.stringify(rows).includes(api.url), 'no place of theirs is told');

    const terms = { contentType: 'Attachment', attachment: { mediaType: 'File',
        mime: 'application/pdf', filename: 'terms.pdf',
        url: files.put('/terms', PDF, 'application/pdf') } };
    await agent(world, ANA, 'our terms', { content: [terms] });
    await until('the file', () => api.uploads.get('F0FLOW0')?.channel_id);
    const upload = api.uploads.get('F0FLOW0');
    assert.deepEqual(upload.bytes, PDF);
    assert.deepEqual([upload.filename, upload.length, upload.channel_id],
        ['terms.pdf', PDF.length, Slack.channel(ANA)]);
    assert.equal(upload.headers.authorization, undefined);
    assert.deepEqual(api.shown(ANA), ['our terms']);
    assert.equal((await world.untilReceipts(1))[0].status, 'Delivered');

    api.next((c) => c.path.endsWith('/files.getUploadURLExternal'), refusal('missing_scope'));
    await agent(world, ANA, 'and again', { content: [terms] });
    await until('the link', () => api.shown(ANA).length === 3);
    const [, link] = api.shown(ANA)[2].match(/^terms\.pdf: (http\S+)$/);
    assert.deepEqual((await download(link)).bytes, PDF);
    assert.equal(await world.metric('omgw_paused', 'bridge="desk"'), 0);
});

test('a file that the app may not read is missing, its message is not', async (t) => {
    const { api, world } = await open(t);
    const photo = api.file('F1', '<!DOCTYPE html><html><title>Log in', 'text/html', 'receipt.png');
    await api.says(ANA, 'my receipt', { subtype: 'file_share',
        files: [{ ...photo, mimetype: 'image/png' }] });
    const [row] = await world.untilMessages(1);
    assert.match(row.text, /^my receipt\n\[file receipt\.png is missing: its type is not/);
});

test('edits, deletions and reactions are told in words', async (t) => {
    const { api, world } = await open(t);
    const line = api.message(ANA, 'my terms');
    await api.event(line);
    const { channel, ts } = line;
    const change = { type: 'message', hidden: true, channel, channel_type: 'im' };
    await api.event({ ...change, subtype: 'message_changed', previous_message: line,
        message: { ...line, text: 'your terms', edited: { user: ANA, ts } } });
    await api.event({ ...change, subtype: 'message_changed', previous_message: line,
        message: { ...line, attachments: [{ title: 'a preview' }] } });
    await api.event({ type: 'reaction_added', user: ANA, reaction: 'tada',
        item: { type: 'message', channel, ts } });
    await api.event({ ...change, subtype: 'message_deleted', deleted_ts: ts,
        previous_message: line });
    const texts = textsOf(await world.untilMessages(4), ANA);
    assert.equal(texts[0], 'my terms');
    assert.match(texts[1], /your terms/);
    assert.match(texts[2], /:tada:/);
    assert.equal(texts.length, 4);
});

test('in a channel a thread is the conversation of who writes in it', async (t) => {
    const { api, world } = await open(t, '', '      conversations: threads\n');
    const place = { channel: 'C0HELP', channel_type: 'channel' };
    const first = api.message(ANA, 'it is broken', place);
    await api.event(first);
    await api.says(ANA, 'said aside'); // direct messages do not count then
    await api.says(ANA, 'still broken', { ...place, thread_ts: first.ts });
    const contact = `C0HELP/${first.ts}/${ANA}`;
    assert.deepEqual(textsOf(await world.untilMessages(2), contact),
        ['it is broken', 'still broken']);
    await agent(world, contact, 'Let me see');
    await until('the answer', () => api.posted('C0HELP').length === 1);
    assert.equal(api.posted('C0HELP')[0].json.thread_ts, first.ts);
});

test('a 429 holds its conversation as long as it says; others go on', async (t) => {
    const { api, world } = await open(t);
    api.next((c) => c.json.channel === ANA, slowDown(2));
    await agent(world, ANA, 'one');
    await until('the first try', () => api.posted(ANA).length === 1);
    await agent(world, ANA, 'two');
    await agent(world, BOB, 'meanwhile');
    await until('the other', () => api.shown(BOB).length === 1);
    await until('both', () => api.shown(ANA).length === 2);
    assert.deepEqual(api.shown(ANA), ['one', 'two']);
    const [refused, again] = api.posted(ANA);
    assert.ok(again.at - refused.at >= 1990, `came again after ${again.at - refused.at} ms`);
});

test('who cannot be written to is told to the agent as failed, though Slack says 200',
    async (t) => {
        const { api, world } = await open(t);
        api.next((c) => c.json.channel === ANA, refusal('channel_not_found'));
        api.next((c) => c.json.channel === BOB, refusal('messages_tab_disabled'));
        const ana = await agent(world, ANA, 'are you there?');
        const bob = await agent(world, BOB, 'and you?');
        const receipts = await world.untilReceipts(2);
        const told = (id) => receipts.find((receipt) => receipt.id === id);
        for (const [id, code] of [[ana.id, 'InvalidDestination'], [bob.id, 'MessageNotAllowed']]) {
            assert.equal(told(id).status, 'Failed');
            assert.equal(told(id).reasons[0].code, code);
        }
        assert.deepEqual(world.deadLetters().map((dead) => dead.reason).sort(),
            ['Slack answered channel_not_found', 'Slack answered messages_tab_disabled']);
    });

test('a revoked token pauses the bridge, and nothing dies of it', async (t) => {
    const { api, world } = await open(t, 'retry: { probe: 500ms }');
    api.answers.push(() => refusal('token_revoked'));
    assert.equal((await api.event({ type: 'tokens_revoked', tokens: { bot: [ANA] } })).status, 200);
    await agent(world, ANA, 'one');
    await until('the pause', async () =>
        await world.metric('omgw_paused', 'bridge="desk"') > 0);
    const shown = await world.json('bridges', 'show', 'desk');
    assert.match(JSON.stringify(shown), /Slack answered token_revoked/);
    api.answers.splice(0);
    await until('it', () => api.shown(ANA).length === 1);
    assert.deepEqual(world.deadLetters(), []);
});

test('SIGTERM in the middle: nothing lost, repeated or out of order', async (t) => {
    const { api, world } = await open(t);
    const said = [];
    for (let i = 1; i <= 6; i++) {
        said.push(`line ${i}`);
        await api.says(ANA, `customer ${i}`);
        await agentSays(world, ANA, `line ${i}`);
    }
    await until('some of it', () => api.shown(ANA).length >= 2);
    assert.equal(await world.stopGateway(), 0);
    await world.startGateway();
    await until('all of it', () => api.shown(ANA).length === said.length);
    assert.deepEqual(api.shown(ANA), said);
    assert.deepEqual(textsOf(await world.untilMessages(6), ANA),
        said.map((_, i) => `customer ${i + 1}`));
});

test('kill -9 in the middle: at most one line comes twice', async (t) => {
    const { api, world } = await open(t);
    for (let i = 1; i <= 6; i++)
        await agentSays(world, ANA, `line ${i}`);
    await until('some of it', () => api.shown(ANA).length >= 2);
    await world.killGateway();
    await world.startGateway();
    await until('the last', () => new Set(api.shown(ANA)).size === 6);
    const shown = api.shown(ANA);
    assert.deepEqual(shown.filter((text, i) => shown.indexOf(text) === i),
        [1, 2, 3, 4, 5, 6].map((i) => `line ${i}`), 'first copies in order');
    const twice = shown.length - 6;
    assert.ok(twice <= 1, `${twice} came twice`);
});
