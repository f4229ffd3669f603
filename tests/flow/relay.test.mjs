// The main path: a message each way, answers, typing, receipts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './support/world.mjs';
import { until } from './support/process.mjs';

test('a message goes both ways and is traced by every id', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());

    const answer = await world.partner.message('ana', 'Grüße 👋 \u0000-free');
    assert.equal(answer.status, 202);
    assert.match(answer.json.id, /^[0-9a-f]{32}$/);
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'Grüße 👋 \u0000-free'.replace('\u0000', '\ufffd'));
    assert.equal(row.channel.from.id, 'ana');
    assert.equal(row.channel.messageId, answer.json.id);

    const { id } = await world.agent('ana', 'Hello Ana');
    const [reply] = await world.partner.untilReceived('agent.message',
        (e) => e.type === 'agent.message');
    assert.equal(reply.data.text, 'Hello Ana');
    assert.equal(reply.data.to.id, 'ana');
    assert.ok(reply.verified);
    const receipts = await until('a receipt', async () => {
        const list = await world.control('receipts');
        return list.length > 0 && list;
    });
    assert.equal(receipts[0].id, id);
    assert.equal(receipts[0].status, 'Delivered');

    for (const known of [answer.json.id, id, reply.data.id, row.conversationId])
        assert.ok((await world.trace(known)).messages.length >= 1, known);
});
