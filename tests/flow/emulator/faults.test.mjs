// Faults on order.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '../support/process.mjs';
import { CLIENT, CLIENT_SECRET, Emulated, INTEGRATION, OPEN, TIME, message }
    from './support/emulated.mjs';

const free = { args: ['--requests-per-minute', '0'] };
const FROM = { id: 'ana', idType: 'Opaque' };

const bodies = {
    message: () => message(),
    receipt: () => ({ id: 'x', channel: { to: FROM, time: TIME }, status: 'Delivered' }),
    event: () => ({ channel: { from: FROM, time: TIME }, events: [{ eventType: 'Typing' }] }),
    'structured/response': () => ({
        channel: message().channel, originatingMessageId: 'x',
        buttonResponse: { type: 'Button', text: 'a', payload: 'b' },
    }),
};

test('a status is answered for its route, so many times', async (t) => {
    const emulated = await Emulated.start(t, free);
    const healthy = {};
    for (const kind of Object.keys(bodies))
        healthy[kind] = (await emulated.inbound(kind, bodies[kind]())).status;
    await emulated.control('reset', {});
    await emulated.login();
    for (const [kind, route] of [['message', 'message'], ['receipt', 'receipt'],
        ['event', 'event'], ['structured/response', 'structured']]) {
        await emulated.control('faults', { route, status: 503, times: 2 });
        for (const other of Object.keys(bodies).filter((name) => name !== kind))
            assert.equal((await emulated.inbound(other, bodies[other]())).status, healthy[other]);
        for (const status of [503, 503, healthy[kind]])
            assert.equal((await emulated.inbound(kind, bodies[kind]())).status, status, kind);
    }
});

test('a status has the usual error body, and takes nothing', async (t) => {
    const emulated = await Emulated.start(t, free);
    const cases = [
        [400, 'bad.request'], [401, 'bad.credentials'], [403, 'missing.permissions'],
        [404, 'not.found'], [408, 'request.timeout'], [409, 'conflict'],
        [413, 'request.entity.too.large'], [415, 'unsupported.media.type'],
        [429, 'too.many.requests.retry.after'], [500, 'internal.server.error'],
        [502, 'bad.gateway'], [503, 'service.unavailable'], [504, 'request.timeout'],
        [418, 'emulator.fault'],
    ];
    for (const [status, code] of cases) {
        await emulated.control('faults', { route: 'message', status, times: 1 });
        const answer = await emulated.inbound('message', message());
        assert.equal(answer.status, status);
        assert.equal(answer.json.code, code);
        assert.equal(answer.json.status, status);
        assert.equal(answer.headers['inin-correlation-id'], answer.json.contextId);
        assert.equal(answer.headers['retry-after'], status === 429 ? '1' : undefined);
    }
    assert.deepEqual(await emulated.control('messages'), []);

    await emulated.control('faults',
        { route: 'any', status: 503, times: 2, retry_after: 7 });
    const answer = await emulated.call('GET', OPEN);
    assert.equal(answer.headers['retry-after'], '7');
    const login = await emulated.askToken({ id: CLIENT, secret: CLIENT_SECRET });
    assert.equal(login.status, 503);
    assert.equal(login.json.error, 'temporarily_unavailable');
    assert.equal(login.headers['retry-after'], '7');
});

test('a token fault leaves the API alone', async (t) => {
    const emulated = await Emulated.start(t, free);
    await emulated.login();
    await emulated.control('faults', { route: 'token', status: 401 });
    assert.equal((await emulated.inbound('message', message())).status, 200);
    for (let i = 0; i < 3; i++)
        assert.equal((await emulated.askToken({ id: CLIENT, secret: CLIENT_SECRET })).status, 401);
    await emulated.control('faults', undefined, 'DELETE');
    assert.equal((await emulated.askToken({ id: CLIENT, secret: CLIENT_SECRET })).status, 200);
});

test('a delay takes the message at once and answers later', async (t) => {
    const emulated = await Emulated.start(t, free);
    await emulated.login();
    await emulated.control('faults', { route: 'message', delay_ms: 300, times: 1 });
    await emulated.control('faults', { route: 'message', delay_ms: 100, times: 1 });
    const order = [];
    const started = Date.now();
    const slow = emulated.inbound('message', message({ text: 'slow' }))
        .then((answer) => order.push(['slow', answer.json.text]));
    while ((await emulated.control('messages')).length === 0);
    const middle = emulated.inbound('message', message({ text: 'middle' }))
        .then((answer) => order.push(['middle', answer.json.text]));
    const quick = emulated.inbound('message', message({ text: 'quick' }))
        .then((answer) => order.push(['quick', answer.json.text]));
    await Promise.all([slow, middle, quick]);
    assert.deepEqual(order, [['quick', 'quick'], ['middle', 'middle'], ['slow', 'slow']]);
    assert.ok(Date.now() - started >= 300);
    assert.deepEqual((await emulated.control('messages')).map((row) => row.text).sort(),
        ['middle', 'quick', 'slow']);
});

test('a client that gives up during a delay harms nobody', async (t) => {
    const emulated = await Emulated.start(t, free);
    await emulated.login();
    await emulated.control('faults', { route: 'message', delay_ms: 500, times: 4 });
    const control = new AbortController();
    const impatient = Array.from({ length: 3 }, () => fetch(
        `${emulated.url}/api/v2/conversations/messages/${INTEGRATION}/inbound/open/message`, {
            method: 'POST', body: JSON.stringify(message()),
            headers: {
                authorization: `Bearer ${emulated.token}`, 'content-type': 'application/json',
            },
            signal: control.signal,
        }));
    await until('all to be taken', async () =>
        (await emulated.control('messages')).length === impatient.length);
    control.abort();
    for (const attempt of impatient)
        await assert.rejects(attempt);
    // As slow as those, so that theirs were due before.
    assert.equal((await emulated.inbound('message', message())).status, 200);
    assert.equal((await emulated.control('messages')).length, 4);
});

test('a dropped request is taken or not, and ends without an answer', async (t) => {
    const emulated = await Emulated.start(t, free);
    await emulated.login();
    const cases = [
        ['before', 'socket hang up', 0], ['after', 'socket hang up', 1],
        ['reset', 'read ECONNRESET', 1],
    ];
    for (const [drop, error, taken] of cases) {
        await emulated.control('faults', { route: 'message', drop, times: 1 });
        await assert.rejects(emulated.inbound('message', message()), { message: error }, drop);
        assert.equal((await emulated.control('messages')).length, taken, drop);
    }
    assert.equal((await emulated.inbound('message', message())).status, 200);
    const seen = (await emulated.control('requests')).filter((row) => row.path.includes('inbound'));
    assert.deepEqual(seen.map((row) => row.status), [0, 0, 0, 200]);
});

test('a fault can be for one contact only', async (t) => {
    const emulated = await Emulated.start(t, free);
    await emulated.control('faults', { route: 'any', status: 500, contact: 'ana' });
    assert.equal((await emulated.inbound('message', message({ from: 'bob' }))).status, 200);
    assert.equal((await emulated.inbound('message', message({ from: 'ana' }))).status, 500);
    assert.equal((await emulated.inbound('receipt', bodies.receipt())).status, 500);
    assert.equal((await emulated.call('GET', OPEN)).status, 200);
});

test('faults are used in the order of their order, and what is left is listed', async (t) => {
    const emulated = await Emulated.start(t, free);
    await emulated.login();
    await emulated.control('faults', { route: 'message', status: 500, times: 1 });
    await emulated.control('faults', { route: 'any', status: 503, times: 2, retry_after: 3 });
    await emulated.control('faults', { route: 'message', drop: 'after', contact: 'zoe' });
    for (const status of [500, 503])
        assert.equal((await emulated.inbound('message', message())).status, status);
    assert.deepEqual(await emulated.control('faults'), [
        { route: 'any', status: 503, times: 1, retry_after: 3 },
        { route: 'message', drop: 'after', contact: 'zoe' },
    ]);
    assert.deepEqual(await emulated.control('faults', undefined, 'DELETE'), []);
});

test('an order that makes no sense is refused', async (t) => {
    const emulated = await Emulated.start(t, free);
    const cases = [
        ['no route', { status: 500 }],
        ['unknown route', { route: 'mail', status: 500 }],
        ['nothing to do', { route: 'any' }],
        ['two things to do', { route: 'any', status: 500, delay_ms: 5 }],
        ['a good status', { route: 'any', status: 200 }],
        ['no status at all', { route: 'any', status: 600 }],
        ['a negative delay', { route: 'any', delay_ms: -1 }],
        ['too long a delay', { route: 'any', delay_ms: 600001 }],
        ['unknown drop', { route: 'any', drop: 'later' }],
        ['never', { route: 'any', status: 500, times: 0 }],
        ['retry_after is no number', { route: 'any', status: 500, retry_after: '3' }],
        ['a list', []],
    ];
    for (const [name, order] of cases)
        assert.equal((await emulated.tryControl('faults', order)).status, 400, name);
    assert.deepEqual(await emulated.control('faults'), []);
});
