// The published document against a running gateway: every request that omgw sends to a
// partner and every answer that it gives, through all types of events and all refusals.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { request } from '../flow/support/partner.mjs';
import { until } from '../flow/support/process.mjs';
import { requestBytes, sendRaw } from '../flow/support/raw.mjs';
import { fromGenesys, outboundText } from '../flow/support/requests.mjs';
import { FileHost, PNG } from '../flow/support/files.mjs';
import { World } from '../flow/support/world.mjs';
import { ROOT, answerFaults, document, operationOf, operations, requestFaults }
    from './support/document.mjs';

const FIXTURES = path.join(ROOT, 'tests/fixtures/partner');
const read = (...names) => JSON.parse(readFileSync(path.join(FIXTURES, ...names), 'utf8'));
const CHANNEL = '/webhooks/channels/acme';
const GENESYS = '/webhooks/genesys/acme';
const FORGED = { secret: `whsec_${Buffer.alloc(32).toString('base64')}` };
const SHOWS = `      quick_replies_max: 5
      cards: true
      typing: true
      text_max: 60`;

// Every answer and every request to the partner that was looked at, by its place in the
// document.
const seen = new Set();

// The answer is one that the document has, to the letter.
function judge(method, target, answer, status) {
    const one = operationOf(method, target);
    assert.ok(one, `no operation ${method} ${target}`);
    assert.equal(answer?.status, status, `${method} ${target}: ${answer?.body}`);
    assert.deepEqual(answerFaults(one, answer), [], `${method} ${target} ${status}`);
    seen.add(`${one.method} ${one.path} ${status}`);
}

function judgeRequest({ type, timestamp, data, headers }) {
    const { post } = document.webhooks[type] ?? assert.fail(`no webhook ${type}`);
    assert.deepEqual(requestFaults(post, { headers, json: { type, timestamp, data } }), [], type);
    seen.add(`webhook ${type}`);
}

const named = { invalid: 400, unprocessable: 422 };
const onChannel = (world, answer, status) => judge('POST', CHANNEL, answer, status);

// The events of the fixtures, and what else there is to say.
async function sayAll(world) {
    for (const name of readdirSync(path.join(FIXTURES, 'inbound'))) {
        const { body } = read('inbound', name);
        const answer = await world.partner.send(body.type, body.data,
            { body: JSON.stringify(body) });
        // Fixtures share ids of messages: another contact's is a conflict.
        onChannel(world, answer, [200, 409].includes(answer.status) ? answer.status : 202);
        const isMessage = body.type === 'message.created';
        if (answer.status === 202)
            assert.equal('id' in answer.json, isMessage, name);
    }
    const twice = { id: 'msg_said-twice' };
    const data = { id: 'm-said-twice', from: { id: 'bea-of-the-journey' }, text: 'Said twice.' };
    const body = JSON.stringify({ type: 'message.created',
        timestamp: '2026-02-03T09:15:40Z', data });
    const [first, again] = [await world.partner.send('', data, { ...twice, body }),
        await world.partner.send('', data, { ...twice, body })];
    onChannel(world, first, 202);
    onChannel(world, again, 200);
    assert.deepEqual(again.json, first.json);
}

async function refuseAll(world) {
    const sayRaw = (body, more) => world.partner.send('', {}, { body, ...more });
    for (const { name, status, pointer, body } of read('refused', 'cases.json')) {
        const answer = await sayRaw(typeof body === 'string' ? body : JSON.stringify(body));
        onChannel(world, answer, named[status]);
        if (typeof body !== 'string' && pointer)
            assert.deepEqual(answer.json.errors.map((error) => error.pointer), [pointer], name);
    }
    const message = JSON.stringify({ type: 'message.created', timestamp: '2026-02-03T09:15:40Z',
        data: { id: 'm-said-twice', from: { id: 'somebody-else' }, text: 'Mine.' } });
    onChannel(world, await sayRaw(message), 409);
    onChannel(world, await sayRaw(message, FORGED), 401);
    onChannel(world, await sayRaw(message, { bridge: 'nobody' }), 401);
    onChannel(world, await sayRaw(message, { headers: { 'content-type': 'text/plain' } }), 415);
    onChannel(world, await sayRaw('x'.repeat(1100000)), 413);
    for (let i = 0; i < 60; i++)
        await world.partner.message('flooder-of-the-journey', `One of many, ${i}.`);
    onChannel(world, await world.partner.message('flooder-of-the-journey', 'Too many.'), 429);

    for (const target of [CHANNEL, `${CHANNEL}/more`])
        for (const method of ['GET', 'POST']) {
            const body = method === 'GET' ? '' : message;
            const ask = (options) => request(world.base + target,
                { method, headers: world.partner.headers(body, options), body });
            judge(method, target, await ask(FORGED), 401);
            if (method === 'GET' || target !== CHANNEL)
                judge(method, target, await ask({}), target === CHANNEL ? 405 : 404);
        }
}

// What the HTTP library answers by itself: for each of them the document has words.
async function sendNonsense(world) {
    const words = document.components.responses.Unread.description;
    for (const [bytes, status] of [
        ['NO HTTP\r\n\r\n', 400],
        [requestBytes('POST', CHANNEL, { 'content-length': 'many' }), 400],
        [requestBytes('POST', CHANNEL, { 'transfer-encoding': 'chunked' }, 'xyz\r\n'), 400],
        [requestBytes('POST', CHANNEL, { 'content-length': '9'.repeat(30) }), 413],
        [requestBytes('POST', `${CHANNEL}?${'x'.repeat(20000)}`, {}), 414],
        [requestBytes('POST', CHANNEL, { 'x-long': 'x'.repeat(20000) }), 431],
        [`POST ${CHANNEL} HTTP/2.0\r\nHost: gateway\r\n\r\n`, 505]]) {
        const answer = await sendRaw(world.ports.public, bytes);
        assert.equal(answer.status, status);
        assert.match(answer.body, /<html>/);
        assert.equal(answer.headers.connection?.toLowerCase(), 'close');
        assert.match(words, new RegExp(`\\b${status}\\b`));
    }
    for (const { path: at, method, operation } of operations)
        if (operation.responses.default)
            seen.add(`${method} ${at} default`);
}

async function sayAllAsAgent(world) {
    const contact = 'ana-of-the-journey';
    await world.agentSays(contact, 'A plain answer.');
    await world.agentSays(contact, 'A long answer, '.repeat(10));
    await world.agent(contact, 'Sure?', { content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'yes' } }] });
    await world.agent(contact, 'Which?', { content: [{ contentType: 'Card', card: {
        title: 'A card of the journey', description: 'With two buttons.',
        image: 'https://example.com/a.png', actions: [
            { type: 'Postback', text: 'Take it', payload: 'take' },
            { type: 'Link', text: 'Look at it', url: 'https://example.com/' }] } }] });
    await world.agent(contact, 'See this.', { content: [{ contentType: 'Attachment', attachment: {
        id: 'a-1', mediaType: 'Image', url: 'https://example.com/a.png', mime: 'image/png',
        filename: 'a.png' } }] });
    await world.agent(contact, undefined, { events: [
        { eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] });
    assert.equal((await world.omgw('bridges', 'test', 'acme')).code, 0);
    // A message that Genesys refuses: its sender hears so.
    await world.fault({ route: 'message', status: 400, times: 1 });
    await world.partner.message('cleo-of-the-journey', 'Not for Genesys.');
    await world.partner.untilReceived('the failure', ({ data }) => data.status === 'failed');
    await world.partner.untilReceived('the last one', ({ data }) => data.cards);
    await world.partner.untilReceived('the typing', ({ type }) => type === 'agent.typing');
}

async function beGenesys(world) {
    const send = async (change, status) =>
        judge('POST', GENESYS, await sendRaw(world.ports.public, fromGenesys(change)), status);
    await send({}, 200);
    await send({ body: outboundText({ type: 'Riddle' }) }, 200);
    await send({ secret: 'another-signing-secret' }, 401);
    await send({ body: outboundText({}, { id: '5a1d3a52-0000-4000-8000-00000000000f' }) }, 403);
    await send({ body: 'x'.repeat(1100000) }, 413);
    await send({ headers: (headers) => ({ ...headers, 'transfer-encoding': 'chunked' }) }, 400);
}

// Over the Unix socket, as omgw's own commands do.
function order(world, target, body) {
    const { control } = world.gateway.events('serve.started').at(-1);
    return new Promise((resolve, reject) => {
        const req = http.request({ socketPath: control.replace(/^unix:/, ''), path: target,
            method: 'POST' }, (res) => {
            let text = '';
            res.on('data', (chunk) => {
                text += chunk;
            });
            res.on('end', () => resolve({ status: res.statusCode, headers: res.headers,
                body: text, json: JSON.parse(text) }));
        });
        req.on('error', reject);
        req.end(JSON.stringify(body));
    });
}

async function orderAll(world) {
    const obey = async (target, body, status) =>
        judge('POST', target, await order(world, target, body), status);
    for (const verb of ['pause', 'resume']) {
        await obey(`/v1/bridges/acme/${verb}`, { reason: 'for the journey' }, 200);
        await obey(`/v1/bridges/nobody/${verb}`, {}, 404);
    }
    await obey('/v1/bridges/acme/forget', {}, 409);
    await obey('/v1/bridges/nobody/forget', {}, 200);
    for (const verb of ['replay', 'drop']) {
        await obey(`/v1/dead/${verb}`, { deliveries: [1, 99999999] }, 200);
        await obey(`/v1/dead/${verb}`, { deliveries: ['one'] }, 400);
        await obey(`/v1/dead/${verb}`, { database: 'sqlite:/elsewhere' }, 409);
    }
    for (const target of ['pause', 'resume', 'forget'].map((verb) => `/v1/bridges/acme/${verb}`)) {
        await obey(target, 7, 400);
        await obey(target, { database: 'sqlite:/elsewhere' }, 409);
    }
}

// A backup that is asked for, and how it ends: 0 for not at all.
async function backUp(world, body, started, ended) {
    judge('POST', '/v1/backup', await order(world, '/v1/backup', body), started);
    if (ended === 0)
        return;
    let answer;
    await until('the end of the backup', async () => {
        answer = await order(world, '/v1/backup/look', {});
        return answer.status !== 200 || answer.json.state === 'done';
    });
    judge('POST', '/v1/backup/look', answer, ended);
    judge('POST', '/v1/backup/cancel', await order(world, '/v1/backup/cancel', {}), ended);
}

async function backUpAll(world) {
    const file = path.join(world.dir, 'journey.db');
    await backUp(world, { file }, 200, 200);
    await backUp(world, { file }, 200, 409);
    await backUp(world, { file: path.join(world.dir, 'nowhere', 'x.db') }, 200, 404);
    await backUp(world, { file: 'journey.db' }, 400, 0);
    await backUp(world, { file, database: 'sqlite:/elsewhere' }, 409, 0);
}

const ask = async (world, page, status, headers = {}) =>
    judge('GET', page, await request(world.admin + page, { headers }), status);

test('all events, all refusals, all that omgw says itself', async (t) => {
    const world = await World.open(t, { partner: SHOWS,
        settings: 'limits: { contact_per_minute: 60 }' });
    world.agentSaid.push({ to: 'hostile-contact-0815', text: 'canary text of a hostile case' });
    for (const page of ['/livez', '/readyz', '/metrics', '/openapi.json'])
        await ask(world, page, 200);
    await sayAll(world);
    await refuseAll(world);
    await sendNonsense(world);
    await sayAllAsAgent(world);
    await beGenesys(world);
    await orderAll(world);
    await backUpAll(world);

    // No room: what waits is as much as may wait.
    await world.reload({ settings: 'limits: { max_pending: 1 }\n' +
        'timeouts: { shutdown_delay: 2s }' });
    await world.fault({ route: 'message', status: 503 });
    await until('no room', async () => {
        const answer = await world.partner.message('dora-of-the-journey', 'Is there room?');
        if (answer.status === 202)
            return false;
        onChannel(world, answer, 503);
        return true;
    });
    judge('POST', GENESYS, await sendRaw(world.ports.public, fromGenesys({})), 503);
    await world.clearFaults();

    world.partner.seen.forEach(judgeRequest);
    world.gateway.process.kill('SIGTERM');
    await until('the draining', async () =>
        (await request(`${world.admin}/readyz`)).status === 503);
    await ask(world, '/readyz', 503);
    await world.gateway.ended;
});

test('the admin pages for a viewer and for strangers', async (t) => {
    const world = await World.open(t);
    await world.stopGateway();
    const token = 'a-token-of-the-journey';
    world.secrets.push(token);
    const hash = createHash('sha256').update(token).digest('hex');
    await world.startGateway({ OMGW_ADMIN__TOKENS: `journey viewer ${hash}` });
    const viewer = { authorization: `Bearer ${token}` };
    world.adminHeaders = viewer;
    for (const page of ['/metrics', '/openapi.json']) {
        await ask(world, page, 401);
        await ask(world, page, 401, { authorization: 'Bearer wrong' });
        await ask(world, page, 200, viewer);
    }
    const { body } = await request(`${world.admin}/openapi.json`, { headers: viewer });
    assert.equal(body, readFileSync(path.join(ROOT, 'docs/openapi.json'), 'utf8'));
});

test('an attachment by its link', async (t) => {
    const files = await new FileHost().start();
    t.after(() => files.stop());
    const world = await World.open(t, { settings: 'egress: { allow: [ "127.0.0.0/8" ] }' });
    await world.partner.message('ana-of-the-files', 'Here it is.', { attachments: [
        { url: files.put('/a', PNG, 'image/png'), mime: 'image/png', name: 'a.png' }] });
    const [row] = await world.untilMessages(1);
    const target = row.content[0].attachment.url.slice(world.base.length);
    const fetched = async (status, headers = {}, at = target) => {
        const answer = await request(world.base + at, { headers });
        judge('GET', at, answer, status);
        return answer;
    };
    const { headers } = await fetched(200);
    await fetched(206, { range: 'bytes=0-3' });
    await fetched(304, { 'if-none-match': headers.etag });
    await fetched(416, { range: 'bytes=4096-' });
    await fetched(404, {}, `${target.slice(0, -4)}AAAA`);
});

// What no journey comes to, and why.
const UNREACHED = {
    'POST /webhooks/channels/{bridge} 500': 'only a bug is answered so',
    'POST /webhooks/genesys/{bridge} 500': 'only a bug is answered so',
    'POST /v1/backup/look 403': 'root, as whom tests run, may write everywhere',
    'POST /v1/backup/cancel 403': 'root, as whom tests run, may write everywhere',
    'GET /metrics 500': 'test_admin_auth: a_page_that_has_no_room_is_an_error',
};

test('everything in the document was looked at', () => {
    const wanted = [
        ...operations.flatMap(({ method, path: at, operation }) =>
            Object.keys(operation.responses).map((status) => `${method} ${at} ${status}`)),
        ...Object.keys(document.webhooks).map((type) => `webhook ${type}`)];
    assert.deepEqual(wanted.filter((one) => !seen.has(one) && !(one in UNREACHED) &&
        !/^POST \/v1\/.* 503$/.test(one)), []);
    assert.deepEqual(Object.keys(UNREACHED).filter((one) => seen.has(one)), []);
});
