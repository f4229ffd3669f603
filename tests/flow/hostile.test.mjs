// What strangers, broken partners and a broken Genesys may send: case -> status -> problem
// type, what is stored, and that the next good request is fine.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { leaks } from './support/canary.mjs';
import { GENESYS_SECRET, INTEGRATION, World } from './support/world.mjs';
import { SECRET, request, sign } from './support/partner.mjs';
import { until } from './support/process.mjs';
import { sendRaw } from './support/raw.mjs';
import { CHANNEL, CONTACT, GENESYS, TEXT, data, envelope, fromGenesys, fromPartner, mac,
    message, outbound, outboundText } from './support/requests.mjs';

const OTHER_SECRET = 'whsec_' + Buffer.from('another secret of thirty-two byt').toString('base64');
const MIB = 1024 * 1024;

// libmicrohttpd answers itself what it cannot read, and says it in HTML.
const UNREAD = null;

const now = () => Math.floor(Date.now() / 1000);

// --- the partner's side -------------------------------------------------------------------

// A body with a piece of JSON that no serialiser would write.
const spoilt = (from, to) => message().replace(from, to);
const without = (headers, name) =>
    Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
const signature = (make) => (headers, body) => ({ ...headers, 'webhook-signature':
    make(headers['webhook-signature'], headers, body) });
const timestamp = (value) => ({ signing: { timestamp: value } });

const UNSIGNED = [401, 'signature'];
const INVALID = [400, 'invalid'];
const TAKEN = [202];

const fromPartnerCases = [
    // Authentic or not.
    ['a good one', TAKEN, () => ({})],
    ['forged', UNSIGNED, () => ({ signing: { secret: OTHER_SECRET } })],
    ['hex instead of base64', UNSIGNED, () => ({ headers: signature((value) =>
        'v1,' + Buffer.from(value.slice(3), 'base64').toString('hex')) })],
    ['base64 without its padding', UNSIGNED, () => ({ headers: signature((value) =>
        value.replace(/=+$/, '')) })],
    ['a version that is none', UNSIGNED, () => ({ headers: signature((value) =>
        value.replace('v1,', 'v9,')) })],
    ['signature cut', UNSIGNED, () => ({ headers: signature((value) => value.slice(0, 20)) })],
    ['signature empty', UNSIGNED, () => ({ headers: signature(() => '') })],
    ['signature of another id', UNSIGNED, () => ({ headers: signature((value, headers, body) =>
        sign(SECRET, 'another', headers['webhook-timestamp'], body)) })],
    ['re-serialised', UNSIGNED, () => {
        const body = JSON.stringify(envelope(data()), null, 2);
        return { body, sent: JSON.stringify(JSON.parse(body)) };
    }],
    ['cut behind the signature', UNSIGNED, () => {
        const body = message();
        return { body, sent: body.slice(0, -10) };
    }],
    ['signature twice', UNSIGNED, () => ({ headers: (headers) => [
        ...Object.entries(headers), ['webhook-signature', headers['webhook-signature']]] })],
    ['id twice', UNSIGNED, () => ({ headers: (headers) => [
        ...Object.entries(headers), ['webhook-id', headers['webhook-id']]] })],
    ...['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
        [`without ${name}`, UNSIGNED, () => ({ headers: (headers) => without(headers, name) })]),
    ['an old signature among a new one', TAKEN, () => ({ headers: signature((value, headers, body) =>
        `${sign(OTHER_SECRET, headers['webhook-id'], headers['webhook-timestamp'], body)} ${value}`) })],
    ['unknown bridge', UNSIGNED, () => ({ path: '/webhooks/channels/nobody' })],
    ['unknown bridge, odd name', UNSIGNED, () => ({ path: '/webhooks/channels/..%2Facme' })],

    // In time: whole seconds, 300 of them. A machine under load adds some.
    ['300 s ahead', TAKEN, () => timestamp(now() + 300)],
    ['310 s ahead', UNSIGNED, () => timestamp(now() + 310)],
    ['290 s old', TAKEN, () => timestamp(now() - 290)],
    ['301 s old', UNSIGNED, () => timestamp(now() - 301)],
    ['1700000000abc', UNSIGNED, () => timestamp(`${now()}abc`)],
    ['a time with a sign', UNSIGNED, () => timestamp(`+${now()}`)],
    ['a time in hex', UNSIGNED, () => timestamp(`0x${now().toString(16)}`)],
    ['a time with a fraction', UNSIGNED, () => timestamp(`${now()}.0`)],
    ['a time in milliseconds', UNSIGNED, () => timestamp(Date.now())],
    ['a time beyond 64 bits', UNSIGNED, () => timestamp('99999999999999999999')],

    // JSON.
    ['no JSON', INVALID, () => ({ body: TEXT })],
    ['empty', INVALID, () => ({ body: '' })],
    ['cut before the signature', INVALID, () => ({ body: message().slice(0, -10) })],
    ['no object', INVALID, () => ({ body: JSON.stringify([data()]) })],
    ['more behind the end', INVALID, () => ({ body: `${message()} {}` })],
    ['a byte order mark', INVALID, () => ({ body: `\ufeff${message()}` })],
    ['1000 deep', INVALID, () => ({ body: spoilt(`"${TEXT}"`,
        '['.repeat(1000) + ']'.repeat(1000)) })],
    ['33 deep where nobody looks', INVALID, () => ({ body: spoilt('{',
        `{"more":${'['.repeat(32)}${']'.repeat(32)},`) })],
    ['invalid UTF-8', INVALID, () => {
        const body = Buffer.from(message());
        body[body.indexOf(TEXT)] = 0xff;
        return { body };
    }],
    ['overlong UTF-8', INVALID, () => ({ body: Buffer.from(
        spoilt(TEXT, '\u00c0\u00af'), 'latin1') })],
    ['a key twice', INVALID, () => ({ body: spoilt('"text":',
        `"text":"${TEXT}, the first","text":`) })],
    ['a key twice, written otherwise', INVALID, () => ({ body: spoilt('"text":',
        `"te\\u0078t":"${TEXT}, the first","text":`) })],
    ['a control character', INVALID, () => ({ body: spoilt(TEXT, `${TEXT}\u0001`) })],

    // Shape.
    ['NUL in the contact', INVALID, () => ({ body: message({ from: { id: `${CONTACT}\0x` } }) }),
        '/data/from/id'],
    ['NUL in the id', INVALID, () => ({ body: message({ id: 'm\0x' }) }), '/data/id'],
    ['half a surrogate in the contact', INVALID, () => ({ body: spoilt(`"${CONTACT}"`,
        `"${CONTACT}\\ud800"`) }), '/data/from/id'],
    ['a control character in the id', INVALID, () => ({ body: message({ id: 'm\u0001x' }) }),
        '/data/id'],
    ['an id of 256 bytes', INVALID, () => ({ body: message({ id: 'm'.repeat(256) }) }),
        '/data/id'],
    ['an empty contact', INVALID, () => ({ body: message({ from: { id: '' } }) }),
        '/data/from/id'],
    ['no contact', INVALID, () => ({ body: message({ from: undefined }) }), '/data/from'],
    ['nothing said', INVALID, () => ({ body: message({ text: '' }) }), '/data'],
    ['text that is none', INVALID, () => ({ body: message({ text: [TEXT] }) }), '/data/text'],
    ['an attribute that is none', INVALID, () => ({ body: message({ from: {
        id: CONTACT, attributes: { mood: 1 } } }) }), '/data/from/attributes/mood'],
    ['no type', INVALID, () => ({ body: message({}, { type: undefined }) }), '/type'],
    ['no time', INVALID, () => ({ body: message({}, { timestamp: 'yesterday' }) }),
        '/timestamp'],
    ['a webhook-id with a control character', INVALID, () => ({ signing: { id: 'a\tb' } })],
    ['a webhook-id of 256 bytes', INVALID, () => ({ signing: { id: 'a'.repeat(256) } })],
    ['NUL and half a surrogate in the text', TAKEN, () => ({ body: spoilt(TEXT,
        `${TEXT} \\u0000 \\ud800`) })],
    ['an id of 255 bytes', TAKEN, () => ({ body: message({
        id: randomUUID().padEnd(255, 'm') }) })],
    ['members that nobody knows', TAKEN, () => ({ body: message({ colour: { of: 'day' } }) })],

    // Understood, and not possible.
    ['an unknown type', [422, 'unprocessable'], () => ({ body:
        message({}, { type: 'message.exploded' }) }), '/type'],
    ['20,001 characters', [422, 'unprocessable'], () => ({ body:
        message({ text: '\u{1f600}'.repeat(20001) }) }), '/data/text'],
    ['20,000 characters', TAKEN, () => ({ body:
        message({ text: '\u{1f600}'.repeat(20000) }) })],
    ['a file that is not on the web', [422, 'unprocessable'], () => ({ body: message({
        attachments: [{ url: 'file:///etc/passwd', mime: 'text/plain' }] }) }),
    '/data/attachments/0/url'],
    ['the id of another contact\'s message', [409, 'conflict'], (world) => ({ body: message({
        id: world.firstId, from: { id: `${CONTACT}-other` } }) }), '/data/id'],
    ['another content type', [415, 'content-type'], () => ({ headers: (headers) =>
        ({ ...headers, 'content-type': 'application/x-www-form-urlencoded' }) })],
    ['no content type', [415, 'content-type'], () => ({ headers: (headers) =>
        without(headers, 'content-type') })],
    ['a content type with a parameter', TAKEN, () => ({ headers: (headers) =>
        ({ ...headers, 'content-type': 'Application/JSON; charset=utf-8' }) })],
];

// --- what is the same on both sides ---------------------------------------------------------

const anywhere = (path) => [
    ['2 MiB', [413, 'too-large'], () => ({ body: 'x'.repeat(2 * MIB) })],
    ['one byte above 1 MiB', [413, 'too-large'], () => ({ body: 'x'.repeat(MIB + 1) })],
    ['a method that is not served', [405, 'method'], () => ({ method: 'PUT' })],
    ['a method that is none', [405, 'method'], () => ({ method: 'BREW' })],
    ['a path that is none', [404, 'not-found'], () => ({ path: '/webhooks/nothing/acme' })],
    ['a path with a blank segment', [404, 'not-found'], () => ({ path: `${path}/` })],
    ['a path with dots', [404, 'not-found'], () => ({ path: `/x/..${path}` })],
    ['a path with a bad escape', INVALID, () => ({ path: `${path}%zz` })],
    ['a path with an escaped NUL', INVALID, () => ({ path: `${path}%00` })],
    ['a path of 64 KiB', [414, UNREAD], () => ({ path: path + 'x'.repeat(65536) })],
    ['a header of 64 KiB', [431, UNREAD], () => ({ headers: (headers) =>
        ({ ...headers, 'x-long': 'x'.repeat(65536) }) })],
    ['2000 headers', [431, UNREAD], () => ({ headers: (headers) => [
        ...Object.entries(headers), ...Array.from({ length: 2000 }, (_, i) => [`x-${i}`, 'y'])] })],
    ['a control character in a header', INVALID, () => ({ headers: (headers) =>
        ({ ...headers, 'x-odd': 'a\u0001b' }) })],
    ['a blank in a header\'s name', INVALID, () => ({ headers: (headers) =>
        ({ ...headers, 'x odd': 'a' }) })],
    ['two lengths', INVALID, () => ({ headers: (headers) => [
        ...Object.entries(headers), ['content-length', '5']] })],
    ['a length and chunks', INVALID, () => ({ headers: (headers) =>
        ({ ...headers, 'transfer-encoding': 'chunked' }) })],
    ['a negative length', [400, UNREAD], () => ({ headers: (headers) =>
        ({ ...headers, 'content-length': '-1' }) })],
    ['no HTTP at all', [undefined, UNREAD], () => ({ bytes: '\x16\x03\x01\x02\r\n\r\n' })],
];

// --- Genesys' side --------------------------------------------------------------------------

const hub = (make) => (headers, body) => ({ ...headers, 'x-hub-signature-256':
    make(headers['x-hub-signature-256'], body) });

const UNREADABLE = [200];
const OTHER_INTEGRATION = '5a1d3a52-0000-4000-8000-00000000000f';

const strangerCases = [
    ['forged', UNSIGNED, () => ({ secret: 'another-signing-secret' })],
    ['hex instead of base64', UNSIGNED, () => ({ headers: hub((_, body) =>
        `sha256=${mac(body).toString('hex')}`) })],
    ['SHA-1', UNSIGNED, () => ({ headers: hub((_, body) =>
        `sha1=${createHmac('sha1', GENESYS_SECRET).update(body).digest('base64')}`) })],
    ['signature without its name', UNSIGNED, () => ({ headers: hub((value) =>
        value.replace('sha256=', '')) })],
    ['signature cut', UNSIGNED, () => ({ headers: hub((value) => value.slice(0, 20)) })],
    ['signature empty', UNSIGNED, () => ({ headers: hub(() => '') })],
    ['signature twice', UNSIGNED, () => ({ headers: (headers) => [
        ...Object.entries(headers), ['X-Hub-Signature-256', headers['x-hub-signature-256']]] })],
    ['no signature', UNSIGNED, () => ({ headers: (headers) =>
        without(headers, 'x-hub-signature-256') })],
    ['re-serialised', UNSIGNED, () => {
        const body = JSON.stringify(outbound(), null, 2);
        return { body, sent: JSON.stringify(JSON.parse(body)) };
    }],
    ['cut behind the signature', UNSIGNED, () => {
        const body = outboundText();
        return { body, sent: body.slice(0, -10) };
    }],
    ['unknown bridge', UNSIGNED, () => ({ path: '/webhooks/genesys/nobody' })],
    ['another integration\'s', [403, 'forbidden'], () => ({ body:
        outboundText({}, { id: OTHER_INTEGRATION }) })],
];

const unreadableCases = [
    ['no JSON', () => TEXT],
    ['empty', () => ''],
    ['cut before the signature', () => outboundText().slice(0, -10)],
    ['no object', () => JSON.stringify([outbound()])],
    ['1000 deep', () => outboundText().replace(`"${TEXT}"`,
        '['.repeat(1000) + ']'.repeat(1000))],
    ['invalid UTF-8', () => {
        const body = Buffer.from(outboundText());
        body[body.indexOf(TEXT)] = 0xff;
        return body;
    }],
    ['a key twice', () => outboundText().replace('"text":', `"text":"${TEXT}","text":`)],
    ['no integration', () => outboundText({}, { id: undefined })],
    ['an integration that is no text', () => outboundText({}, { id: 5 })],
    ['NUL in the id', () => outboundText({ id: `${randomUUID()}\0` })],
    ['NUL in the contact', () => outboundText({}, { to: { id: `${CONTACT}\0` } })],
    ['NUL in the integration', () => outboundText({}, { id: `${INTEGRATION}\0` })],
    ['an id of 256 bytes', () => outboundText({ id: randomUUID().padEnd(256, 'x') })],
    ['no contact', () => outboundText({}, { to: undefined })],
    ['no type', () => outboundText({ type: undefined })],
    ['an unknown type', () => outboundText({ type: 'Fax' })],
    ['nothing said', () => outboundText({ text: undefined })],
    ['a receipt of no known status', () => outboundText({ type: 'Receipt', status: 'Lost' })],
    ['half a megabyte', () => TEXT.padEnd(500000, '.')],
];

// --- the tables run ---------------------------------------------------------------------------

function counts(world) {
    const names = ['contacts', 'conversations', 'messages', 'deliveries', 'pending_receipts'];
    const columns = names.map((name) => `(SELECT count(*) FROM ${name}) AS ${name}`);
    return world.sql(`SELECT ${columns.join(', ')}, ` +
        '(SELECT count(*) FROM v_dead_letters) AS dead_letters')[0];
}

function assertProblem(name, answer, [status, type], pointer) {
    assert.equal(answer?.status, status, `${name}: ${answer?.status} ${answer?.body}`);
    if (type === UNREAD || status === undefined || status < 300)
        return;
    assert.match(answer.headers['content-type'], /^application\/problem\+json/, name);
    assert.equal(answer.json.type, `urn:omgw:problem:${type}`, name);
    assert.equal(answer.json.status, status, name);
    assert.ok(answer.json.title.length > 0 && answer.json.instance.startsWith('urn:uuid:'), name);
    assert.equal(answer.json.errors?.[0].pointer, pointer, name);
    assert.equal(answer.json.detail === undefined, status === 401, 'why is for us to know');
    if (status === 405)
        assert.match(answer.headers.allow, /POST/);
}

// A good message, and what else the store holds than `before`.
async function assertGood(world, name, before) {
    const good = await world.partner.message(CONTACT, 'the next good request');
    assert.equal(good.status, 202, `the good one after "${name}"`);
    world.good++;
    const after = counts(world);
    return Object.fromEntries(Object.entries(after).map(([key, value]) =>
        [key, value - before[key]]));
}

const GOOD = { contacts: 0, conversations: 0, messages: 1, deliveries: 1,
    pending_receipts: 0, dead_letters: 0 };
const TWO_GOOD = { ...GOOD, messages: 2, deliveries: 2 };

// Bodies and contacts of hostile requests, for the check that the log tells nothing.
async function openHostile(t) {
    const world = await World.open(t);
    world.agentSaid.push({ to: CONTACT, text: TEXT });
    world.secrets.push(OTHER_SECRET, 'another-signing-secret');
    world.good = 0;
    world.firstId = 'm-the-first-of-all';
    const first = await world.partner.message(CONTACT, 'the first good request',
        { id: world.firstId });
    assert.equal(first.status, 202);
    world.good++;
    return world;
}

const send = (world, bytes) => sendRaw(world.ports.public, bytes);

test('hostile requests to the partner\'s webhook', async (t) => {
    const world = await openHostile(t);
    for (const [name, want, make, pointer] of
        [...fromPartnerCases, ...anywhere(CHANNEL)]) {
        const before = counts(world);
        const change = make(world);
        const answer = await send(world, change.bytes ?? fromPartner(world, change));
        assertProblem(name, answer, want, pointer);
        world.good += want === TAKEN;
        assert.deepEqual(await assertGood(world, name, before),
            want === TAKEN ? TWO_GOOD : GOOD, `stored after "${name}"`);
    }
    await until('all to be delivered', async () =>
        await world.metric('omgw_deliveries_pending') === 0, 30000);
    const { messages, contacts } = await world.stored();
    assert.deepEqual({ messages, contacts }, { messages: world.good, contacts: 1 });
    assert.ok((await world.messages()).every((row) => row.channel.from.id === CONTACT));
});

test('strangers at Genesys\' webhook', async (t) => {
    const world = await openHostile(t);
    for (const [name, want, make] of [...strangerCases, ...anywhere(GENESYS)]) {
        const before = counts(world);
        const change = make(world);
        const answer = await send(world, change.bytes ?? fromGenesys(change));
        assertProblem(name, answer, want);
        assert.deepEqual(await assertGood(world, name, before), GOOD, `stored after "${name}"`);
    }
    assert.equal(world.partner.of('agent.message').length, 0);
    assert.equal(await world.metric('omgw_unreadable_total'), 0);
    assert.equal(world.gateway.events('webhook.misdirected').length, 1, 'somebody must look');
    await world.agent(CONTACT, 'and this is authentic');
    await world.partner.untilReceived('the authentic one', (e) => e.type === 'agent.message');
});

test('authentic, but unreadable: taken, and one dead letter each', async (t) => {
    const world = await openHostile(t);
    let unreadable = 0;
    for (const [name, make] of unreadableCases) {
        const bytes = fromGenesys({ body: make() });
        assertProblem(name, await send(world, bytes), UNREADABLE);
        unreadable++;
        const [dead, ...more] = world.deadLetters().slice(unreadable - 1);
        assert.equal(dead?.reason, 'unreadable', name);
        assert.equal(dead.direction, 'outbound', name);
        assert.equal(more.length, 0, name);
        assert.equal(await world.metric('omgw_unreadable_total', 'bridge="acme"'), unreadable);
        assert.equal(await world.metric('omgw_dead_letters', 'bridge="acme"'), unreadable);

        const again = await send(world, bytes);
        assert.equal(again.status, 200, `${name}, repeated`);
        assert.equal(world.deadLetters().length, unreadable, `${name}: a repeat is known`);
        await world.agent(CONTACT, `readable after "${name}"`);
        await world.partner.untilReceived(`the answer after "${name}"`, (e) =>
            e.data.text === `readable after "${name}"`);
    }
    const [longest] = world.sql('SELECT max(length(text)) AS bytes FROM v_dead_letters');
    assert.equal(longest.bytes, 65536, 'no more of it is kept');
    assert.deepEqual(await world.receipts().then((rows) => rows.filter((row) =>
        row.status === 'Failed')), []);
});

test('an unknown bridge answers like a bad signature', async (t) => {
    const world = await World.open(t);
    const known = fromPartner(world, { signing: { secret: OTHER_SECRET } });
    const unknown = fromPartner(world, { path: '/webhooks/channels/nobody' });
    const answers = [];
    for (const bytes of [known, unknown]) {
        const { status, headers, json } = await send(world, bytes);
        delete headers.date;
        delete json.instance;
        answers.push({ status, headers, json });
    }
    assert.deepEqual(answers[1], answers[0]);
});

const SECOND = '5a1d3a52-0000-4000-8000-000000000003';

test('a body for another bridge is that bridge\'s, if its secret verifies too', async (t) => {
    const bridge = (name, id, secret) => (world) => `
  - name: ${name}
    channel: partner
    genesys: main
    integration_id: ${id}
    genesys_secrets: [ { value: ${secret} } ]
    partner: { callback_url: "${world.partner.url}", secrets: [ { value: "${SECRET}" } ] }
`;
    const world = await World.open(t, { bridges: (w) =>
        bridge('second', SECOND, GENESYS_SECRET)(w) +
        bridge('third', OTHER_INTEGRATION, 'a-secret-of-its-own')(w) });
    world.secrets.push('a-secret-of-its-own');
    const taken = await send(world, fromGenesys({ body: outboundText({}, { id: SECOND }) }));
    assert.equal(taken.status, 200);
    await world.partner.untilReceived('it', (e) => e.data.text === TEXT);
    assert.deepEqual(world.sql('SELECT bridge FROM v_messages'), [{ bridge: 'second' }]);

    const refused = await send(world,
        fromGenesys({ body: outboundText({}, { id: OTHER_INTEGRATION }) }));
    assertProblem('another secret', refused, [403, 'forbidden']);
    assert.equal(counts(world).messages, 1);
});

// --- what must not be told ---------------------------------------------------------------------

// Between gateway and login: lets everything through and knows the tokens.
async function watchLogin(t, world) {
    const server = http.createServer((req, res) => {
        const chunks = [];
        req.on('data', (chunk) => chunks.push(chunk));
        req.on('end', async () => {
            const answer = await request(world().genesys + req.url,
                { method: req.method, headers: req.headers, body: Buffer.concat(chunks) });
            world().secrets.push(answer.json.access_token);
            res.writeHead(answer.status, { 'content-type': 'application/json' });
            res.end(answer.body);
        });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    return `http://127.0.0.1:${server.address().port}`;
}

test('the check for what was told can fail', () => {
    const events = [{ id: 'm-1', from: { id: 'contact-1', attributes: { a: 'attribute' } },
        text: 'a text', to: { id: 'short' } }];
    const secrets = ['plain-secret', `whsec_${Buffer.from('behind base64').toString('base64')}`];
    const told = (line) => leaks({ secrets, events }, ['quiet', line]).length > 0;
    for (const line of ['x contact-1 x', 'a text', 'attribute', 'plain-secret',
        'behind base64', Buffer.from('behind base64').toString('base64')])
        assert.ok(told(line), line);
    for (const line of ['m-1', 'short', '****ct-1', ''])
        assert.ok(!told(line), line);
});

test('log and metrics tell no text, token, secret or contact, whatever happens', async (t) => {
    let world;
    const loginUrl = await watchLogin(t, () => world);
    world = await World.open(t, {
        loginUrl,
        env: { OMGW_LOG__LEVEL: 'debug' },
        settings: 'retry: { first: 50ms, ceiling: 200ms, probe: 200ms, give_up_channel: 1s }',
        partner: '      receipts: true\n      headers: { x-api-key: key-of-the-partner }',
    });
    world.secrets.push('key-of-the-partner');
    const from = { id: '+441632960961', name: 'Augusta Lovelace', first_name: 'Augusta',
        last_name: 'Lovelace', attributes: { passport: 'passport-number-C01X' } };

    // In good order, and repeated with another body.
    await world.partner.send('message.created', { id: 'm-good', from, text: 'my card is 4111' });
    await world.partner.send('message.created', { id: 'm-good', from, text: 'my card is 4222' });
    await world.partner.send('message.updated', { id: 'm-good', from, text: 'my card is 5111' });
    await world.partner.send('contact.left', { from, reason: 'tired of waiting' });
    await world.partner.send('contact.changed', { from, new_id: '+441632960962' });
    await world.untilMessages(3);
    // Refused by Genesys, given up by us, refused by the partner with our words.
    await world.fault({ route: 'message', status: 400, times: 1 });
    await world.partner.send('message.created', { id: 'm-bad', from, text: 'refuse this text' });
    await world.partner.untilReceived('its failure', (e) => e.data.status === 'failed');
    world.partner.rules.push((event) => event.type === 'agent.message' && {
        status: event.data.text === 'agents refused words' ? 422 : 500,
        body: { error: event.data.text, to: event.data.to.id, key: 'key-of-the-partner' },
    });
    await world.agentSays(from.id, 'agents refused words');
    await world.agentSays(from.id, 'agents words given up');
    await world.untilReceipts(2);
    world.partner.rules.length = 0;
    // A failure in the partner's words, an unreadable body, strangers.
    const { id } = await world.agent(from.id, 'agents words that arrive');
    const [heard] = await world.partner.untilReceived('the answer',
        (e) => e.type === 'agent.message');
    await world.partner.send('receipt.updated', { id: heard.data.id, to: from.id,
        status: 'failed', error: { code: 'Blocked', message: 'Augusta blocked the agent' } });
    await until('the receipt', async () =>
        (await world.receipts()).some((row) => row.id === id));
    await send(world, fromGenesys({ body: outboundText({ type: 'Fax', text: 'faxed words' },
        { to: { id: from.id } }) }));
    await send(world, fromPartner(world, { body: message({ text: ['odd words'], from }) }));
    await send(world, fromPartner(world, { body: spoilt(TEXT, 'said once","text":"said once more') }));
    await send(world, fromPartner(world, { signing: { secret: OTHER_SECRET } }));
    world.agentSaid.push({ text: 'faxed words' }, { text: 'odd words' }, { text: 'said once' },
        { to: CONTACT, text: TEXT }, { text: OTHER_SECRET });
    await world.reload({});
    assert.ok(world.secrets.length > 4, 'the tokens are known');
    assert.ok(world.gateway.events('delivery.died').length >= 3);
    assert.ok(world.gateway.events('webhook.refused').length >= 3);
    // World.open looks at the end.
});
