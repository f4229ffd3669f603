// Twilio: an account of our own on the other side, the whole way through the gateway.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FileHost, PDF, PNG, download } from '../support/files.mjs';
import { until } from '../support/process.mjs';
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, Twilio, twilioError } from '../support/twilio.mjs';
import { GENESYS_SECRET, World, textsOf } from '../support/world.mjs';

const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a7';
const ANA = '+34600000001';
const BOB = '+34600000002';
const ANA_WHATSAPP = `whatsapp:${ANA}`;

async function open(t, { from = NUMBER, settings = '' } = {}) {
    const api = await new Twilio().start();
    t.after(() => api.stop());
    const world = await World.open(t, {
        bridges: `
  - name: sms
    channel: twilio
    genesys: main
    integration_id: ${INTEGRATION}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    twilio:
      account_sid: ${ACCOUNT_SID}
      auth_tokens: [ { value: "${AUTH_TOKEN}" } ]
      from: "${from}"
      api_url: "${api.url}"
`,
        settings,
        emulator: (w) => ['--integration', INTEGRATION, '--webhook-url',
            `${w.base}/webhooks/genesys/sms`, '--webhook-secret', GENESYS_SECRET],
    });
    world.secrets.push(AUTH_TOKEN,
        Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64'));
    api.target(world.base, 'sms');
    return { api, world };
}

const agent = (world, to, text, more) =>
    world.agent(to, text, { integrationId: INTEGRATION, ...more });
const agentSays = (world, to, text) =>
    world.agentSays(to, text, { integrationId: INTEGRATION });

test('a line goes both ways; the agent sees Delivered when the phone has it', async (t) => {
    const { api, world } = await open(t);
    assert.equal((await api.says(ANA, 'Grüße 👋 & 1+1')).status, 200);
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'Grüße 👋 & 1+1');
    assert.equal(row.channel.from.id, ANA);

    const { id } = await agent(world, ANA, 'Größe 42 + 1 & 👟');
    await until('the answer', () => api.shown(ANA).length === 1);
    assert.deepEqual(api.shown(ANA), ['Größe 42 + 1 & 👟']);
    const [sent] = api.sent(ANA);
    assert.equal((await api.status(sent, 'sent')).status, 200);
    assert.deepEqual(await world.receipts(), [], 'sent is not delivered');
    await api.status(sent, 'delivered');
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Delivered');
    for (const either of [id, sent.answer.json.sid])
        assert.ok(JSON.stringify(await world.trace(either)).includes(id), either);
});

test('statuses out of order, and twice, say what is true in the end', async (t) => {
    const { api, world } = await open(t, { from: `whatsapp:${NUMBER}` });
    await api.says(ANA_WHATSAPP, 'hola', { ProfileName: 'Ana R', WaId: ANA.slice(1) });
    const { id } = await agent(world, ANA_WHATSAPP, 'Hello');
    await until('the answer', () => api.shown(ANA_WHATSAPP).length === 1);
    const [sent] = api.sent(ANA_WHATSAPP);
    for (const status of ['read', 'queued', 'delivered', 'sent', 'delivered', 'read'])
        assert.equal((await api.status(sent, status)).status, 200);
    await agent(world, ANA_WHATSAPP, 'Bye');
    await until('the next', () => api.shown(ANA_WHATSAPP).length === 2);
    await api.status(api.sent(ANA_WHATSAPP)[1], 'failed', { ErrorCode: '63016' });
    const receipts = await world.untilReceipts(2);
    assert.deepEqual(receipts.map((r) => r.status), ['Delivered', 'Failed']);
    assert.equal(receipts[0].id, id);
    assert.equal(receipts[1].reasons[0].code, 'MessageNotAllowed');
});

test('a failure that comes later is told with its reason', async (t) => {
    const { api, world } = await open(t);
    const { id } = await agent(world, ANA, 'Hello');
    await until('the answer', () => api.shown(ANA).length === 1);
    await api.status(api.sent(ANA)[0], 'undelivered', { ErrorCode: '30005' });
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Failed');
    assert.equal(receipt.reasons[0].code, 'InvalidDestination');
    assert.match(receipt.reasons[0].message, /30005/);
});

test('a parameter that is new tomorrow is signed as well, and harms nothing', async (t) => {
    const { api, world } = await open(t);
    const known = api.message(ANA, 'hola');
    const fields = { ...known, Zygote: 'new', AAA: '' };
    assert.equal((await api.post(fields, { signed: { fields: known } })).status, 401);
    assert.equal((await api.post(fields)).status, 200);
    assert.equal((await world.untilMessages(1))[0].text, 'hola');
});

test('the answer is TwiML, for a plain text would go to the customer', async (t) => {
    const { api, world } = await open(t);
    const fields = api.message(ANA, 'hola');
    const first = await api.post(fields);
    const again = await api.post(fields);
    const odd = await api.post({ Body: 'without an id' });
    for (const answer of [first, again, odd]) {
        assert.equal(answer.status, 200);
        assert.equal(answer.headers['content-type'], 'text/xml');
        assert.equal(answer.body, '<Response/>');
    }
    assert.deepEqual(world.deadLetters().map((d) => d.reason), ['unreadable']);
});

test('a stranger is not heard, a repeat has one effect', async (t) => {
    const { api, world } = await open(t);
    const fields = api.message(ANA, 'once');
    assert.equal((await api.post(fields, { token: 'another-token' })).status, 401);
    const elsewhere = { url: `${api.webhook}/status` };
    assert.equal((await api.post(fields, { signed: elsewhere })).status, 401);
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.post(fields)));
    assert.ok(answers.every((a) => a.status === 200));
    await api.says(ANA, 'the next');
    assert.deepEqual(textsOf(await world.untilMessages(2), ANA), ['once', 'the next']);
});

test('options are numbers, and a number answers with the payload behind it', async (t) => {
    const { api, world } = await open(t);
    await api.says(ANA, 'hola');
    const { id } = await agent(world, ANA, 'Sure?', { content: ['Yes', 'No'].map((text) => (
        { contentType: 'QuickReply', quickReply: { text, payload: `p-${text}`,
            action: 'Message' } })) });
    await until('the question', () => api.shown(ANA).length === 1);
    assert.deepEqual(api.shown(ANA), ['Sure?\n1. Yes\n2. No']);
    await api.says(ANA, ' 2 ');
    await api.says(ANA, '3');
    const rows = await world.untilMessages(3);
    assert.equal(rows[1].buttonResponse.payload, 'p-No');
    assert.equal(rows[1].originatingMessageId, id);
    assert.equal(rows[2].text, '3', 'nothing stands under 3');
});

test('a place is told in the text', async (t) => {
    const { api, world } = await open(t);
    await api.says(ANA, '', { Latitude: '40.4168', Longitude: '-3.7038', Label: 'Sol' });
    const [row] = await world.untilMessages(1);
    assert.match(row.text, /^\[location: Sol\] .*40\.4168.*-3\.7038/);
});

test('files go both ways, and the account is known to Twilio alone', async (t) => {
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const { api, world } = await open(t,
        { settings: 'egress: { allow: [ "127.0.0.0/8" ] }' });
    const where = files.put('/from-a-customer', PNG, 'image/png');
    await api.shows(ANA_WHATSAPP, where, 'my receipt');
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'my receipt');
    const [{ attachment }] = row.content;
    assert.equal(attachment.mime, 'image/png', 'as its bytes say');
    assert.ok(!JSON.stringify(row).includes(ACCOUNT_SID), 'no address of the provider');
    assert.deepEqual((await download(attachment.url)).bytes, PNG);
    assert.deepEqual(files.headersOf('/from-a-customer').map((h) => h.authorization),
        [undefined]);

    const file = { contentType: 'Attachment', attachment: { id: 'f-1', mediaType: 'File',
        mime: 'application/pdf', filename: 'terms.pdf',
        url: files.put('/terms', PDF, 'application/pdf') } };
    for (const to of [ANA_WHATSAPP, ANA])
        await agent(world, to, 'our terms', { content: [file] });
    await until('all of it', () => api.sent().length === 4);
    const [text, media] = api.sent(ANA_WHATSAPP).map(Twilio.fields);
    assert.deepEqual([text.Body, text.MediaUrl, media.Body],
        ['our terms', undefined, undefined]);
    assert.deepEqual((await download(media.MediaUrl)).bytes, PDF);
    assert.match(api.shown(ANA)[1], /^terms\.pdf: http/, 'no MMS: a link');
});

test('a 429 is obeyed as long as it says', async (t) => {
    const { api, world } = await open(t);
    api.next(() => true, twilioError(429, 20429, { 'retry-after': '2' }));
    await agent(world, ANA, 'one');
    await until('the first try', () => api.sent().length === 1);
    await agent(world, ANA, 'two');
    await agent(world, BOB, 'the account waits');
    await until('all', () => api.shown().length === 3);
    assert.deepEqual(api.shown(ANA), ['one', 'two']);
    const [refused, ...others] = api.sent();
    const early = others.filter((call) => call.at - refused.at < 1990);
    assert.deepEqual(early.map((call) => call.at - refused.at), []);
});

test('who said STOP gets nothing more, and the agent hears why', async (t) => {
    const { api, world } = await open(t);
    await api.says(ANA, 'STOP', { OptOutType: 'STOP' });
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, '[left the conversation: STOP]');
    api.next(() => true, twilioError(400, 21610));
    const { id } = await agent(world, ANA, 'are you there?');
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Failed');
    assert.equal(receipt.reasons[0].code, 'RecipientOptedOut');
    assert.match(world.deadLetters()[0].reason, /Twilio answered 400, code 21610: no/);
    await agent(world, BOB, 'others go on');
    await until('the other', () => api.shown(BOB).length === 1);
});

test('on WhatsApp nothing is sent to who never wrote, or not for a day', async (t) => {
    const { api, world } = await open(t, { from: `whatsapp:${NUMBER}` });
    const { id } = await agent(world, ANA_WHATSAPP, 'Hello');
    const [receipt] = await world.untilReceipts(1);
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Failed');
    assert.equal(receipt.reasons[0].code, 'MessageNotAllowed');
    assert.match(receipt.reasons[0].message, /within 24 h after the customer wrote/);
    assert.deepEqual(api.sent(), []);
});

test('a token that was replaced pauses the bridge, and nothing dies of it', async (t) => {
    const { api, world } = await open(t, { settings: 'retry: { probe: 500ms }' });
    api.answers.push(() => twilioError(401, 20003));
    await agent(world, ANA, 'one');
    await until('the pause', async () =>
        await world.metric('omgw_paused', 'bridge="sms"') > 0);
    const shown = await world.json('bridges', 'show', 'sms');
    assert.match(JSON.stringify(shown), /Twilio answered 401, code 20003/);
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
    await until('all of it', () => api.shown(ANA).length >= said.length);
    assert.deepEqual(api.shown(ANA), said);
    assert.deepEqual(textsOf(await world.untilMessages(6), ANA),
        said.map((_, i) => `customer ${i + 1}`));
    for (const sent of api.sent(ANA))
        await api.status(sent, 'delivered');
    const receipts = await world.untilReceipts(said.length);
    assert.ok(receipts.every((r) => r.status === 'Delivered'));
});

test('kill -9 in the middle: order holds, at most one comes twice', async (t) => {
    const { api, world } = await open(t);
    api.next((c) => Twilio.fields(c).Body === 'line 2', twilioError(500, 20500), 2);
    const lines = Array.from({ length: 8 }, (_, i) => `line ${i + 1}`);
    for (const line of lines)
        await agentSays(world, ANA, line);
    await until('some of it', () => api.shown(ANA).length >= 3);
    await world.killGateway();
    await world.startGateway();
    await until('all of it', () => new Set(api.shown(ANA)).size === lines.length);
    const shown = api.shown(ANA);
    assert.deepEqual(shown.filter((text, i) => shown.indexOf(text) === i), lines);
    assert.ok(shown.length <= lines.length + 1, `${shown.length - lines.length} came twice`);
});
