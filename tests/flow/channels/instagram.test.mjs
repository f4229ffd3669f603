// Instagram: a Send API of our own on the other side, the whole way through the gateway.
import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../support/process.mjs';
import { ANA, agent, open, scenarios } from '../support/pages.mjs';

scenarios('instagram');

test('a line goes both ways; taken is Delivered, and what was seen is known', async (t) => {
    const { api, world } = await open(t, 'instagram');
    assert.equal((await api.says(ANA, 'hola 👋 ünïcode')).status, 200);
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'hola 👋 ünïcode');
    const { id } = await agent(world, ANA, 'Grüße 👩‍👩‍👧');
    const [receipt] = await world.untilReceipts(1);
    assert.deepEqual([receipt.id, receipt.status], [id, 'Delivered']);
    assert.deepEqual(api.shown(ANA), ['Grüße 👩‍👩‍👧']);
    assert.equal(api.sent(ANA)[0].path, '/v24.0/me/messages');
    const mid = api.sent(ANA)[0].answer.json.message_id;
    await api.post(ANA, { read: { mid } });
    await until('it to be seen', async () =>
        JSON.stringify(await world.trace(mid)).includes('"read"'));
});

test('a long text goes in messages of a thousand bytes', async (t) => {
    const { api, world } = await open(t, 'instagram');
    await api.says(ANA, 'hola');
    const text = '👋 '.repeat(500).trim();
    await agent(world, ANA, text);
    await until('all of it', () => api.shown(ANA).join('').length === text.length);
    assert.equal(api.shown(ANA).join(''), text);
    for (const part of api.shown(ANA))
        assert.ok(Buffer.byteLength(part) <= 1000, `${Buffer.byteLength(part)} bytes`);
});
