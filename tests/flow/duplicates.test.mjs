// Answers that are lost: the only repeats there are, each the same as the first and counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, textsOf } from './support/world.mjs';
import { until } from './support/process.mjs';

const QUICK = 'retry: { first: 50ms, ceiling: 200ms, probe: 200ms }';

const isMessage = (event) => event.type === 'agent.message';

// The delivery of a message as the trace tells it, once it is over.
async function untilDone(world, id) {
    return until(`the end of ${id}`, async () => {
        const { messages: [message] } = await world.trace(id);
        return message.deliveries[0].state === 'done' &&
            { delivery: message.deliveries[0], attempts: message.attempts };
    });
}

// A first message that shows the way, so that the connection is kept alive for the next.
async function warmUp(world) {
    await world.partner.message('steady-contact', 'opens the connection');
    await world.untilMessages(1);
    await world.agent('steady-contact', 'opens the other one');
    await world.partner.untilReceived('the warm-up', isMessage);
    await until('quiet', async () => await world.metric('omgw_deliveries_pending') === 0);
}

for (const drop of ['after', 'reset'])
    test(`Genesys drops its answer (${drop}): the repeat is the same, and counted`, async (t) => {
        const world = await World.open(t, { settings: QUICK });
        await warmUp(world);
        await world.fault({ route: 'message', drop, times: 1 });
        const { json } = await world.partner.message('steady-contact', 'said only once',
            { time: '2026-02-03T09:15:40.250Z' });
        await world.partner.message('steady-contact', 'said after it');
        const { delivery } = await untilDone(world, json.id);
        await until('the next', async () =>
            textsOf(await world.messages(), 'steady-contact').at(-1) === 'said after it');

        // "reset" took nothing; the gateway cannot know, and repeats both alike.
        const rows = (await world.messages()).filter((row) => row.text === 'said only once');
        assert.equal(rows.length, drop === 'after' ? 2 : 1);
        for (const row of rows) {
            assert.equal(row.channel.messageId, json.id);
            assert.equal(row.channel.time, '2026-02-03T09:15:40.250Z');
            assert.deepEqual({ ...row.channel }, rows[0].channel);
        }
        assert.equal((await world.messages()).at(-1).text, 'said after it', 'order is kept');
        assert.equal(delivery.attempts, 2);
        assert.equal(delivery.possible_duplicates, 1);
        assert.equal(await world.metric('omgw_possible_duplicates_total', 'bridge="acme"'), 1);
    });

test('the partner drops its answer: the repeat is the same, and counted', async (t) => {
    const world = await World.open(t, { settings: QUICK });
    await warmUp(world);
    const seen = () => world.partner.seen.filter((e) => e.data?.text === 'said only once');
    world.partner.rules.push((event) => event.data?.text === 'said only once' &&
        seen().length === 1 && { drop: true, keep: true, status: 0 });
    const id = await world.agentSays('steady-contact', 'said only once');
    await world.agent('steady-contact', 'said after it');
    await world.partner.untilReceived('the next', (e) => e.data?.text === 'said after it');

    const { delivery } = await untilDone(world, id);
    const [first, second, ...more] = seen();
    assert.equal(more.length, 0);
    assert.equal(second.id, first.id, 'the idempotency key');
    assert.equal(second.id, second.data.id);
    assert.equal(second.data.time, first.data.time);
    assert.deepEqual(second.raw, first.raw);
    assert.ok(first.verified && second.verified);
    assert.deepEqual(world.partner.of('agent.message').map((e) => e.data.text), [
        'opens the other one', 'said only once', 'said only once', 'said after it']);
    assert.equal(delivery.attempts, 2);
    assert.equal(delivery.possible_duplicates, 1);
    assert.equal(await world.metric('omgw_possible_duplicates_total', 'bridge="acme"'), 1);
    const receipts = await world.untilReceipts(3);
    assert.equal(receipts.filter((row) => row.id === id).length, 1, 'told once');
});

test('a peer that answers too late: the repeat is the same, and counted', async (t) => {
    const world = await World.open(t, { settings: 'retry: { first: 50ms, ceiling: 200ms, ' +
        'probe: 200ms, time_out_genesys: 1s, time_out_channel: 1s }' });
    await world.fault({ route: 'message', delay_ms: 60000, times: 1 });
    const { json } = await world.partner.message('steady-contact', 'taken and not answered');
    const hangs = (event) => event.type === 'agent.message' &&
        world.partner.seen.filter((e) => e.id === event.id).length === 1 &&
        { hang: true, keep: true };
    world.partner.rules.push(hangs);
    const id = await world.agentSays('steady-contact', 'taken as well');
    for (const known of [json.id, id]) {
        const { delivery, attempts } = await untilDone(world, known);
        assert.equal(delivery.attempts, 2);
        assert.equal(delivery.possible_duplicates, 1);
        assert.match(attempts[0].reason, /did not answer: .*time/i);
    }
    const rows = await world.messages();
    assert.deepEqual(rows.map((row) => row.channel.messageId), [json.id, json.id]);
    const events = world.partner.of('agent.message');
    assert.equal(events.length, 2);
    assert.equal(events[0].id, events[1].id);
    assert.equal(await world.metric('omgw_possible_duplicates_total'), 2);
});

// libcurl sends a POST again by itself when a kept-alive connection closes under it; then
// there would be more requests than attempts.
test('Genesys reads and closes: one request for each attempt', async (t) => {
    const world = await World.open(t, { settings: QUICK });
    await warmUp(world);
    const before = (await world.requests('/message')).length;
    const { json: good } = await world.partner.message('steady-contact', 'kept alive');
    await untilDone(world, good.id);
    await world.fault({ route: 'message', drop: 'before', times: 3 });
    const { json } = await world.partner.message('steady-contact', 'read three times');
    const { delivery, attempts } = await untilDone(world, json.id);

    const requests = (await world.requests('/message')).slice(before);
    assert.deepEqual(requests.map((row) => row.status), [200, 0, 0, 0, 200]);
    assert.equal(delivery.attempts, 4);
    assert.deepEqual(attempts.map((attempt) => attempt.outcome),
        ['unknown', 'unknown', 'unknown', 'done']);
    for (const attempt of attempts.slice(0, 3))
        assert.match(attempt.reason, /^Genesys Cloud did not answer/);
    assert.equal((await world.messages()).filter((row) =>
        row.text === 'read three times').length, 1);
});

test('the partner reads and closes: one request for each attempt', async (t) => {
    const world = await World.open(t, { settings: QUICK });
    await warmUp(world);
    const seen = () => world.partner.seen.filter((e) => e.data?.text === 'read three times');
    world.partner.rules.push((event) => event.data?.text === 'read three times' &&
        seen().length <= 3 && { drop: true, keep: false, status: 0 });
    const id = await world.agentSays('steady-contact', 'read three times');
    const { delivery, attempts } = await untilDone(world, id);
    const used = world.partner.seen.filter(isMessage).map((event) => event.connection);
    assert.ok(world.partner.seen.filter((event) => event.connection === used[1]).length >= 2,
        'the first attempt went on a connection that was kept alive');
    assert.equal(seen().length, 4);
    assert.equal(delivery.attempts, 4);
    assert.equal(attempts.length, 4);
    assert.equal(new Set(seen().map((event) => event.id)).size, 1);
});

// Nobody has seen an answer, and nobody ever will: the run after knows what was under way.
test('killed while it sends: the repeat is the same, and counted; others are not', async (t) => {
    const world = await World.open(t, { settings: QUICK, connections: 1 });
    await warmUp(world);
    await world.fault({ route: 'message', delay_ms: 60000, times: 1 });
    const { json } = await world.partner.message('steady-contact', 'taken and not answered');
    await world.untilMessages(2);
    const { json: second } = await world.partner.message('steady-contact', 'waits behind it');
    const { json: other } = await world.partner.message('other-contact', 'waits for a place');
    await world.killGateway();
    await world.startGateway();

    for (const [known, copies] of [[json.id, 1], [second.id, 0], [other.id, 0]]) {
        const { delivery } = await untilDone(world, known);
        assert.equal(delivery.possible_duplicates, copies);
    }
    const rows = (await world.messages()).filter((row) => row.channel.messageId === json.id);
    assert.equal(rows.length, 2);
    assert.deepEqual(rows[1].channel, rows[0].channel);
    assert.equal(await world.metric('omgw_possible_duplicates_total', 'bridge="acme"'), 1);
});

test('stopped while it sends: the same', async (t) => {
    const world = await World.open(t, { settings: `${QUICK}\ntimeouts: { drain: 2s }` });
    await warmUp(world);
    await world.fault({ route: 'message', delay_ms: 60000, times: 1 });
    const { json } = await world.partner.message('steady-contact', 'taken and not answered');
    await world.untilMessages(2);
    assert.equal(await world.stopGateway(), 0);
    await world.startGateway();
    const { delivery } = await untilDone(world, json.id);
    assert.equal(delivery.possible_duplicates, 1);
    assert.equal(await world.metric('omgw_possible_duplicates_total', 'bridge="acme"'), 1);
});

test('what surely did not arrive is no possible duplicate', async (t) => {
    const world = await World.open(t, { settings: QUICK });
    await warmUp(world);
    await world.fault({ route: 'message', status: 503, times: 2 });
    await world.partner.stop();
    const { json } = await world.partner.message('steady-contact', 'refused two times');
    const id = await world.agentSays('steady-contact', 'nobody listens');
    const { delivery } = await untilDone(world, json.id);
    assert.equal(delivery.attempts, 3);
    await until('three refused connections', () => world.gateway.events('delivery.failed')
        .filter((event) => event.direction === 'outbound' && event.kind === 'message')
        .length >= 3);
    await world.partner.start(world.partner.port);
    const { delivery: late } = await untilDone(world, id);
    assert.ok(late.attempts > 3);
    assert.equal(delivery.possible_duplicates ?? 0, 0);
    assert.equal(late.possible_duplicates ?? 0, 0);
    assert.equal(await world.metric('omgw_possible_duplicates_total'), 0);
});
