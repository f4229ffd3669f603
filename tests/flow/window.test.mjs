// The threading window to the minute, on a gateway whose wall clock is moved while it runs
// (support/clock.mjs: needs a build without sanitizers in OMGW_BUILD_PLAIN).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from './support/clock.mjs';
import { World, textsOf } from './support/world.mjs';
import { until } from './support/process.mjs';

const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;

// A world whose gateway lives by a clock of ours; the partner signs with the same time.
async function openMoved(t, options = {}) {
    const clock = new Clock(t);
    const world = await World.open(t, { ...options, ...clock.options });
    world.move = (ms) => {
        clock.move(ms);
        world.partner.clockAheadMs = clock.aheadMs;
    };
    return world;
}

// Sends it, waits until Genesys has it and that is stored; resolves to what both say.
async function say(world, contact, text) {
    const { status, json } = await world.partner.message(contact, text);
    assert.equal(status, 202);
    const row = await until(`"${text}" at Genesys`, async () =>
        (await world.messages()).find((message) => message.text === text));
    await until('the outcome', async () => await world.metric('omgw_deliveries_pending') === 0);
    return {
        conversation: json.conversation,
        genesys: row.conversationId,
        attributes: row.channel.metadata?.customAttributes,
    };
}

async function hear(world, contact, text) {
    await world.agent(contact, text);
    const [event] = await world.partner.untilReceived(text, (e) => e.data?.text === text);
    return event.data.conversation;
}

for (const [name, bridge, windowMs] of [
    ['72 h', '', 72 * HOUR],
    ['a window of its own, 1 h', '    threading_window: 1h', HOUR],
])
    test(`${name}: a minute before its end the same conversation, after it a new one`,
        async (t) => {
            const world = await openMoved(t, { bridge });
            const first = await say(world, 'returning-contact', 'the first message');
            assert.deepEqual(first.attributes, {
                omgw_conversation: String(first.conversation), omgw_returning: 'false' });

            // Genesys ends its own conversation meanwhile and forgets it before we do.
            await world.control('disconnect', { conversationId: first.genesys });
            await world.control('clock', { advance_ms: 72 * HOUR + MINUTE });
            world.move(windowMs - MINUTE);
            const second = await say(world, 'returning-contact', 'a minute before the end');
            assert.equal(second.conversation, first.conversation);
            assert.equal(second.attributes, undefined, 'Architect is told of new ones only');

            assert.equal(await world.stopGateway(), 0);
            await world.startGateway();
            world.move(windowMs + MINUTE);
            const third = await say(world, 'returning-contact', 'a minute after the end');
            assert.notEqual(third.conversation, first.conversation);
            assert.deepEqual(third.attributes, {
                omgw_conversation: String(third.conversation),
                omgw_returning: 'true',
                omgw_previous_conversation: String(first.conversation),
            });

            // Whatever Genesys did, each of its ids is kept where it was seen.
            const rows = world.sql('SELECT conversation, genesys_conversations AS ids ' +
                'FROM v_conversations ORDER BY conversation');
            const kept = Object.fromEntries(rows.map((row) =>
                [row.conversation, new Set(row.ids.split(' '))]));
            const seen = windowMs > HOUR ? [first.genesys, second.genesys] : [first.genesys];
            assert.notEqual(first.genesys, second.genesys);
            assert.deepEqual(kept, {
                [first.conversation]: new Set(seen), // asked for after an hour of silence
                [third.conversation]: new Set([third.genesys]),
            });
            for (const [number, ids] of Object.entries(kept))
                for (const id of ids)
                    assert.ok((await world.trace(id)).conversations.some((conversation) =>
                        conversation.number === Number(number)), `trace ${id}`);
        });

test('activity of either side keeps the window open', async (t) => {
    const world = await openMoved(t);
    const { conversation } = await say(world, 'talkative-contact', 'the first message');
    world.move(72 * HOUR - MINUTE);
    assert.equal(await hear(world, 'talkative-contact', 'still there?'), conversation);
    world.move(72 * HOUR - MINUTE);
    const again = await say(world, 'talkative-contact', 'still here');
    assert.equal(again.conversation, conversation, '143 h 58 m after the first');
    world.move(72 * HOUR + MINUTE);
    const opened = await hear(world, 'talkative-contact', 'and still?');
    assert.notEqual(opened, conversation, 'an agent may open the next one');
    const answer = await say(world, 'talkative-contact', 'yes');
    assert.equal(answer.conversation, opened);
});

test('edits, reactions, receipts and typing do not keep it open', async (t) => {
    const world = await openMoved(t, { partner: '      receipts: true' });
    const from = { id: 'quiet-contact' };
    const { conversation } = await say(world, from.id, 'the first message');
    const first = (await world.messages())[0];
    await hear(world, from.id, 'the answer');
    const [heard] = world.partner.of('agent.message');
    world.move(72 * HOUR - MINUTE);
    for (const [type, data] of [
        ['message.updated', { id: 'unknown', from, text: 'changed my mind' }],
        ['reaction.updated', { id: heard.data.id, from, emoji: '👍' }],
        ['receipt.updated', { id: heard.data.id, to: from.id, status: 'read' }],
        ['typing.updated', { from }],
    ])
        assert.equal((await world.partner.send(type, data)).status, 202, type);
    await world.untilMessages(3);
    world.move(2 * MINUTE);
    const next = await say(world, from.id, 'a new subject');
    assert.notEqual(next.conversation, conversation);
    const numbers = world.sql('SELECT kind, conversation FROM v_messages ORDER BY number');
    assert.deepEqual(numbers.filter((row) => row.kind !== 'message')
        .map((row) => [row.kind, row.conversation]),
    [['edit', conversation], ['reaction', conversation]]);
    assert.ok(first.conversationId);
});

test('a clock that is set back or ahead opens nothing too early and ages nothing', async (t) => {
    const world = await openMoved(t, { settings:
        'retry: { first: 50ms, ceiling: 300ms, probe: 300ms, give_up_genesys: 1h }' });
    const { conversation } = await say(world, 'patient-contact', 'the first message');
    world.move(-10 * HOUR);
    const early = await say(world, 'patient-contact', 'sent in the past');
    assert.equal(early.conversation, conversation);
    world.move(10 * HOUR);

    await world.fault({ route: 'message', status: 503 });
    const { json } = await world.partner.message('patient-contact', 'waits a while');
    const failed = () => world.gateway.events('delivery.failed').length;
    await until('a failed attempt', () => failed() > 0);
    const before = failed();
    world.move(24 * HOUR);
    await until('two attempts after the jump', () => failed() >= before + 2);
    await world.clearFaults();
    await until('its arrival', async () =>
        textsOf(await world.messages(), 'patient-contact').at(-1) === 'waits a while');
    await until('the outcome', async () => await world.metric('omgw_deliveries_pending') === 0);
    const { messages: [message] } = await world.trace(json.id);
    assert.equal(message.deliveries[0].state, 'done');
    assert.deepEqual(world.deadLetters(), []);
    assert.ok(world.gateway.events('clock.jumped').length >= 3, 'each jump is logged');
});
