// W3C Trace Context: every request made because of a message is a span in its trace.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './support/process.mjs';
import { sendRaw } from './support/raw.mjs';
import { fromGenesys, outboundText } from './support/requests.mjs';
import { Tap } from './support/tap.mjs';
import { World } from './support/world.mjs';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const PARENT = `00-${TRACE}-${SPAN}-01`;
const FORM = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

// {trace, span, flags} of a request's header, which must be there once.
function traceOf(headers) {
    const [, trace, span, flags] = FORM.exec(headers.traceparent) ?? assert.fail(
        `traceparent: ${headers.traceparent}`);
    assert.notEqual(span, SPAN, 'the span is ours');
    return { trace, span, flags };
}

async function open(t, options = {}) {
    const tap = await Tap.open(t);
    const world = await World.open(t, { apiUrl: tap.url, ...options });
    tap.to = world.genesys;
    return { tap, world };
}

test('a message inbound carries its trace to Genesys and back, each try a new span',
    async (t) => {
        const { tap, world } = await open(t, { settings: 'retry: { first: 10ms }' });
        await world.fault({ route: 'message', status: 503, times: 2 });
        const sent = await world.partner.message('ana', 'A traced line.', {},
            { headers: { traceparent: PARENT } });
        assert.equal(sent.status, 202);
        const [status] = await world.partner.untilReceived('message.status',
            (event) => event.type === 'message.status');

        const tries = tap.of('/inbound/open/message').map(({ headers }) => traceOf(headers));
        assert.equal(tries.length, 3);
        assert.deepEqual(new Set(tries.map(({ trace, flags }) => `${trace} ${flags}`)),
            new Set([`${TRACE} 01`]));
        assert.equal(new Set(tries.map(({ span }) => span)).size, 3);
        assert.equal(traceOf(status.headers).trace, TRACE, 'the status belongs to it');
        assert.deepEqual(world.sql("SELECT trace FROM v_messages WHERE direction = 'inbound'"),
            [{ trace: PARENT }]);
    });

test('a message outbound carries its trace to the partner, its receipt to Genesys',
    async (t) => {
        const { tap, world } = await open(t);
        world.agentSaid.push({ to: 'ana', text: 'A traced answer.' });
        const webhook = fromGenesys({
            body: outboundText({ text: 'A traced answer.' }, { to: { id: 'ana' } }),
            headers: (headers) => ({ ...headers, traceparent: PARENT }),
        });
        assert.equal((await sendRaw(world.ports.public, webhook)).status, 200);
        const [message] = await world.partner.untilReceived('agent.message',
            (event) => event.type === 'agent.message');
        assert.equal(traceOf(message.headers).trace, TRACE);
        await until('the receipt', () => tap.of('/inbound/open/receipt').length > 0);
        assert.equal(traceOf(tap.of('/inbound/open/receipt')[0].headers).trace, TRACE);
    });

test('without a valid traceparent the trace is named as the message, and not sampled',
    async (t) => {
        const { tap, world } = await open(t);
        const bad = [undefined, 'nonsense', `${PARENT}-more`,
            `00-${TRACE}-${'0'.repeat(16)}-01`, [PARENT, PARENT]];
        for (const [n, traceparent] of bad.entries()) {
            const { json } = await world.partner.message('ana', `Untraced line ${n}.`, {},
                { headers: traceparent === undefined ? {} : { traceparent } });
            await world.untilMessages(n + 1);
            await until('the request', () =>
                tap.of('/inbound/open/message').length === n + 1);
            const got = traceOf(tap.of('/inbound/open/message')[n].headers);
            assert.deepEqual([got.trace, got.flags], [json.id, '00'], `case ${n}`);
        }
        assert.deepEqual(world.sql('SELECT DISTINCT trace FROM v_messages'), [{ trace: null }]);
    });

test('typing, which is not kept, carries a trace too', async (t) => {
    const { tap, world } = await open(t);
    const traces = [];
    for (const headers of [{ traceparent: PARENT }, {}]) {
        await world.partner.send('typing.updated', { from: { id: 'ana' } }, { headers });
        traces.push(await until('typing at Genesys', () =>
            tap.of('/inbound/open/event')[traces.length]));
    }
    const [given, made] = traces.map(({ headers }) => traceOf(headers));
    assert.equal(given.trace, TRACE);
    assert.notEqual(made.trace, TRACE);
});
