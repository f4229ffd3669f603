// Messenger: a Send API of our own on the other side, the whole way through the gateway.
import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../support/process.mjs';
import { ANA, BOB, agent, open, scenarios } from '../support/pages.mjs';

scenarios('messenger');

const upTo = (api, who, what, watermark) => api.post(who, { [what]: { watermark } });

test('a line goes both ways; the watermark says Delivered of all before it', async (t) => {
    const { api, world } = await open(t, 'messenger');
    assert.equal((await api.says(ANA, 'hola 👋 ünïcode')).status, 200);
    await api.says(BOB, 'hola');
    const rows = await world.untilMessages(2);
    assert.equal(rows[0].text, 'hola 👋 ünïcode');
    const first = await agent(world, ANA, 'Grüße 👩‍👩‍👧');
    const second = await agent(world, ANA, 'and more');
    await agent(world, BOB, 'another person');
    await until('all answers', () => api.sent().length === 3);
    assert.deepEqual(api.shown(ANA), ['Grüße 👩‍👩‍👧', 'and more']);
    assert.equal(api.sent(ANA)[0].json.message.metadata.length, 32);
    await upTo(api, ANA, 'delivery', Date.now() - 60000);
    assert.deepEqual(await world.receipts(), [], 'nothing was sent by then');
    await upTo(api, ANA, 'delivery', Date.now());
    await upTo(api, ANA, 'read', Date.now());
    const receipts = await world.untilReceipts(2);
    assert.deepEqual(receipts.map((r) => [r.id, r.status]),
        [[first.id, 'Delivered'], [second.id, 'Delivered']]);
});

test('a watermark that comes before the answer is not lost', async (t) => {
    const { api, world } = await open(t, 'messenger');
    await api.says(ANA, 'hola');
    let answer;
    api.next((c) => c.json.message?.text === 'Hello', { json: { message_id: 'm_LATE' },
        held: new Promise((resolve) => { answer = resolve; }) });
    const { id } = await agent(world, ANA, 'Hello');
    await until('the message', () => api.sent(ANA).length === 1);
    assert.equal((await upTo(api, ANA, 'read', Date.now())).status, 200);
    assert.deepEqual(await world.receipts(), []);
    answer();
    const [receipt] = await world.untilReceipts(1);
    assert.deepEqual([receipt.id, receipt.status], [id, 'Delivered']);
});

test('human agents write with their tag where the app may', async (t) => {
    const { api, world } = await open(t, 'messenger', 'human_agent: true');
    await api.says(ANA, 'hola');
    await agent(world, ANA, 'Hello');
    await until('the answer', () => api.sent(ANA).length === 1);
    const { messaging_type, tag } = api.sent(ANA)[0].json;
    assert.deepEqual([messaging_type, tag], ['MESSAGE_TAG', 'HUMAN_AGENT']);
});
