// What time takes away from a running gateway, and what must stay: by a clock that is moved
// between two runs (support/clock.mjs: needs a build without sanitizers), and by other
// settings at a reload.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from './support/clock.mjs';
import { World, textsOf } from './support/world.mjs';
import { until } from './support/process.mjs';

const DAY = 24 * 60 * 60 * 1000;

async function quiet(world) {
    await until('quiet', async () => await world.metric('omgw_deliveries_pending') === 0);
}

// Lets so many days go by while the gateway is stopped; waits until what was to go is gone.
async function days(world, clock, count, what, isGone) {
    assert.equal(await world.stopGateway(), 0);
    clock.move(count * DAY);
    world.partner.clockAheadMs = clock.aheadMs;
    await world.startGateway();
    await until(what, isGone);
}

const count = (world, table, where = '1') =>
    world.sql(`SELECT count(*) AS n FROM ${table} WHERE ${where}`)[0].n;

test('texts, dead letters, attempts and messages go in their time, the rest stays', async (t) => {
    const clock = new Clock(t);
    const world = await World.open(t, { ...clock.options, settings:
        'retry: { first: 50ms, ceiling: 200ms, probe: 200ms }' });
    const { json: first } = await world.partner.message('old-acquaintance', 'told at first',
        { id: 'm-first' });
    await world.untilMessages(1);
    await world.fault({ route: 'message', status: 503, times: 1 });
    await world.partner.message('old-acquaintance', 'told at the second try');
    await world.untilMessages(2);
    world.partner.rules.push((event) => event.type === 'agent.message' && { status: 422 });
    const refused = await world.agentSays('old-acquaintance', 'never understood');
    await world.untilReceipts(1);
    world.partner.rules.length = 0;
    await quiet(world);
    await world.omgw('bridges', 'pause', 'acme');
    await world.partner.message('late-acquaintance', 'waits for very long');
    await world.partner.message('old-acquaintance', 'waits as well');
    const { conversation } = first;
    assert.equal(count(world, 'attempts'), 3, 'a repeat, its success, a refusal');

    await days(world, clock, 8, 'texts of what is done', async () =>
        count(world, 'v_messages', 'text IS NULL') === 2);
    assert.equal(world.sql("SELECT text FROM v_messages WHERE sender_id = 'm-first'")[0].text,
        null);
    assert.equal(count(world, 'v_messages'), 5);
    assert.equal(world.deadLetters()[0].text, 'never understood', 'as long as it stands');
    const done = await world.gateway.untilEvent('rows.expired');
    assert.deepEqual([done.kind, done.rows], ['bodies', 2]);

    await days(world, clock, 24, 'the dead letter', async () => world.deadLetters().length === 0);
    await until('its text', async () => count(world, 'v_messages', 'text IS NULL') === 3);
    await until('attempts', async () => count(world, 'attempts') === 0);
    const { messages: [letter] } = await world.trace(refused);
    assert.equal(letter.deliveries[0].state, 'dropped');
    assert.match(letter.deliveries[0].reason, /^past its retention: the partner answered 422$/);
    assert.equal(await world.metric('omgw_dead_letters'), 0);

    await days(world, clock, 60, 'messages', async () => count(world, 'v_messages') === 2);
    assert.equal(count(world, 'deliveries'), 2);
    assert.equal(count(world, 'message_bodies'), 2);
    assert.equal(count(world, 'receipts'), 0);
    const { code, text } = await world.omgw('trace', 'm-first');
    assert.equal(code, 1);
    assert.match(text, /past its retention/);
    const traced = await world.trace(String(conversation));
    assert.deepEqual(traced.messages.map((message) => message.status), ['accepted']);
    assert.equal(count(world, 'v_conversations'), 2);

    // What waited goes, in its conversation no more; new ones get new numbers.
    assert.equal((await world.omgw('bridges', 'resume', 'acme')).code, 0);
    const rows = await world.untilMessages(4);
    assert.deepEqual(textsOf(rows, 'old-acquaintance').at(-1), 'waits as well');
    const again = await world.partner.message('old-acquaintance', 'told again');
    assert.equal(again.status, 202);
    assert.notEqual(again.json.conversation, conversation);
    assert.notEqual(again.json.id, first.id);
    await world.untilMessages(5);
    await quiet(world);
    assert.equal(world.sql('SELECT max(number) AS n FROM v_messages')[0].n, 6);
});

test('a repeat is known for 8 days, whatever the retention', async (t) => {
    const clock = new Clock(t);
    const world = await World.open(t, { ...clock.options, settings:
        'retention: { messages: 1d, bodies: 1d }' });
    const say = (id) => world.partner.message('repeating-contact', 'said once', { id },
        { id: `msg_${id}` });
    assert.equal((await say('m-1')).status, 202);
    await say('m-2'); // the newest stays anyway
    await world.untilMessages(2);
    await quiet(world);
    await days(world, clock, 7, 'the first', async () => count(world, 'v_messages') === 1);
    assert.equal((await say('m-1')).status, 202);
    assert.equal(await world.metric('omgw_webhook_requests_total', 'result="duplicate"'), 1);
    assert.equal(count(world, 'messages'), 1, 'nothing was stored again');
    assert.equal((await world.messages()).length, 2);
});

test('a shorter retention counts from the reload on; pages are used again', async (t) => {
    const world = await World.open(t);
    const text = 'x'.repeat(4000);
    const cycle = async (name) => {
        await world.reload({ settings: 'retention: { messages: 90d, bodies: 7d }' });
        const before = (await world.messages()).length;
        for (let n = 0; n < 100; n++)
            await world.partner.message(`contact-${n % 7}`, `${name} ${n} ${text}`);
        await world.untilMessages(before + 100);
        await quiet(world);
        await world.reload({ settings: 'retention: { messages: 1ms, bodies: 1ms }' });
        await until('all but the newest to go', async () => count(world, 'messages') === 1);
        return world.sql('PRAGMA page_count')[0].page_count;
    };
    await cycle('first');
    const second = await cycle('second');
    for (const name of ['third', 'fourth', 'fifth'])
        assert.ok(await cycle(name) < second * 1.2, `${name}: more than ${second} pages`);
});
