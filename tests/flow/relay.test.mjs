// The main path: messages each way, repeats, answers, typing, receipts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World, textsOf } from './support/world.mjs';
import { until } from './support/process.mjs';
import { SECRET } from './support/partner.mjs';

test('a message goes both ways and is traced by every id', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());

    const webhookId = 'msg_traced-by-this';
    const answer = await world.partner.message('ana', 'Grüße 👋 \u0000-free', {},
        { id: webhookId });
    assert.equal(answer.status, 202);
    assert.match(answer.json.id, /^[0-9a-f]{32}$/);
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'Grüße 👋 \ufffd-free');
    assert.equal(row.channel.from.id, 'ana');
    assert.equal(row.channel.messageId, answer.json.id);

    const { id } = await world.agent('ana', 'Hello Ana — 你好');
    const [reply] = await world.partner.untilReceived('agent.message',
        (e) => e.type === 'agent.message');
    assert.equal(reply.data.text, 'Hello Ana — 你好');
    assert.equal(reply.data.to.id, 'ana');
    assert.equal(reply.id, reply.data.id, 'webhook-id is the message id');
    assert.ok(reply.verified);
    const receipts = await until('a receipt', async () => {
        const list = await world.control('receipts');
        return list.length > 0 && list;
    });
    assert.equal(receipts[0].id, id);
    assert.equal(receipts[0].status, 'Delivered');
    const [status] = await world.partner.untilReceived('message.status',
        (e) => e.type === 'message.status');
    assert.equal(status.data.status, 'accepted');
    assert.equal(status.id, `${answer.json.id}-accepted`);

    for (const known of [webhookId, status.data.id, answer.json.id, id, reply.data.id,
        row.conversationId]) {
        const trace = await world.trace(known);
        assert.ok(trace.messages.length >= 1, `trace ${known}`);
    }
    const missing = await world.omgw('trace', 'no-such-id');
    assert.equal(missing.code, 1);
    assert.match(missing.text, /no message, webhook or conversation has the id/);
});

test('20 parallel repeats have one effect, also after a restart', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const options = { id: 'msg_repeated' };
    const send = () => world.partner.message('ana', 'only once', { id: 'm-1' }, options);

    const answers = await Promise.all(Array.from({ length: 20 }, send));
    assert.deepEqual(new Set(answers.map((a) => a.json.id)).size, 1);
    assert.deepEqual(answers.map((a) => a.status).sort(),
        [...Array(19).fill(200), 202]);
    await world.untilMessages(1);
    assert.equal(await world.stopGateway(), 0);
    await world.startGateway();
    const again = await send();
    assert.equal(again.status, 200);
    assert.equal(again.json.id, answers[0].json.id);
    await world.partner.message('ana', 'the next one');
    const rows = await world.untilMessages(2);
    assert.deepEqual(textsOf(rows, 'ana'), ['only once', 'the next one']);
});

test('a button is answered by its payload', async (t) => {
    const world = await World.start({ partner: '      quick_replies_max: 10' });
    t.after(() => world.stop());
    await world.partner.message('ana', 'hello');
    await world.untilMessages(1);
    const { id } = await world.agent('ana', 'Sure?', { content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'confirm', action: 'Message' } },
        { contentType: 'QuickReply', quickReply: { text: 'No', payload: 'deny', action: 'Message' } },
    ] });
    const [question] = await world.partner.untilReceived('the question',
        (e) => e.type === 'agent.message');
    assert.deepEqual(question.data.quick_replies.map((q) => q.payload), ['confirm', 'deny']);

    await world.partner.send('message.created', { id: 'm-answer', from: { id: 'ana' },
        answer: { to: question.data.id, payload: 'confirm', text: 'Yes' } });
    const rows = await world.untilMessages(2);
    assert.equal(rows[1].buttonResponse.payload, 'confirm');
    assert.equal(rows[1].originatingMessageId, id);

    // What was never offered goes on as text.
    await world.partner.send('message.created', { id: 'm-odd', from: { id: 'ana' },
        answer: { to: question.data.id, payload: 'something else', text: 'Perhaps' } });
    const more = await world.untilMessages(3);
    assert.equal(more[2].text, 'Perhaps');
});

test('a time is chosen by its number and answered as a date; an item as text', async (t) => {
    const world = await World.open(t);
    await world.partner.message('ana', 'I want an appointment');
    await world.untilMessages(1);
    const { id } = await world.agent('ana', 'When shall we come?', { content: [{
        contentType: 'DatePicker', datePicker: { title: 'Appointment', availableTimes: [
            { dateTime: '2026-02-04T09:00:00Z', duration: 1800 },
            { dateTime: '2026-02-04T10:00:00Z', duration: 1800 }] } }] });
    const [question] = await world.partner.untilReceived('the times',
        (e) => e.type === 'agent.message');
    assert.match(question.data.text, /^2\. 2026-02-04 10:00 UTC \(30 min\)$/m);
    await world.partner.message('ana', '2');
    const [, answer] = await world.untilMessages(2);
    assert.deepEqual(answer.buttonResponse, { type: 'DatePicker',
        text: '2026-02-04T10:00:00Z', payload: '2026-02-04T10:00:00Z' });
    assert.equal(answer.originatingMessageId, id);

    await world.agent('ana', 'And which drink?', { content: [{
        contentType: 'ListPicker', listPicker: { sections: [{ title: 'Drinks', items: [
            { id: 'd1', title: 'Green tea' }, { id: 'd2', title: 'Still water' }] }] } }] });
    await world.partner.untilReceived('the list', (e) => e.type === 'agent.message', 2);
    await world.partner.message('ana', '1');
    const rows = await world.untilMessages(3);
    assert.equal(rows[2].text, 'Green tea');
});

test('a number answers what was shown as numbers', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    await world.partner.message('ana', '1');
    await world.untilMessages(1);
    const { id } = await world.agent('ana', 'Sure?', { content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'confirm', action: 'Message' } },
        { contentType: 'QuickReply', quickReply: { text: 'No', payload: 'deny', action: 'Message' } },
    ] });
    const [question] = await world.partner.untilReceived('the question',
        (e) => e.type === 'agent.message');
    assert.equal(question.data.text, 'Sure?\n1. Yes\n2. No');
    await world.untilReceipts(1);

    await world.partner.message('ana', '2');
    await world.partner.message('ana', '3');
    const rows = await world.untilMessages(3);
    assert.equal(rows[0].text, '1', 'before anything was asked');
    assert.deepEqual(rows[1].buttonResponse,
        { type: 'QuickReply', text: 'No', payload: 'deny' });
    assert.equal(rows[1].originatingMessageId, id);
    assert.equal(rows[2].text, '3', 'not one of the options');
});

test('an answer whose question Genesys does not know goes on as text', async (t) => {
    const world = await World.start({ partner: '      quick_replies_max: 10' });
    t.after(() => world.stop());
    await world.agent('ana', 'Sure?', { content: [
        { contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'confirm', action: 'Message' } }] });
    const [question] = await world.partner.untilReceived('the question',
        (e) => e.type === 'agent.message');
    await world.fault({ route: 'structured', status: 404, times: 1 });
    await world.partner.send('message.created', { id: 'm-answer', from: { id: 'ana' },
        answer: { to: question.data.id, payload: 'confirm', text: 'Yes' } });
    const rows = await world.untilMessages(1);
    assert.equal(rows.at(-1).text, 'Yes');
});

test('typing goes both ways and is never stored', async (t) => {
    const world = await World.start({ partner: '      typing: true' });
    t.after(() => world.stop());
    const answer = await world.partner.send('typing.updated', { from: { id: 'ana' } });
    assert.equal(answer.status, 202);
    await until('typing at Genesys', async () =>
        (await world.control('events')).length === 1);
    await world.control('agent', { integrationId: '5a1d3a52-0000-4000-8000-000000000002',
        to: 'ana', events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] });
    const [typing] = await world.partner.untilReceived('agent.typing',
        (e) => e.type === 'agent.typing');
    assert.equal(typing.data.to.id, 'ana');
    const status = await world.stored();
    assert.equal(status.messages, 0);
});

test('receipts: the partner says delivered or failed, the agent sees it', async (t) => {
    const world = await World.start({ partner: '      receipts: true' });
    t.after(() => world.stop());
    const { id: first } = await world.agent('ana', 'one');
    const { id: second } = await world.agent('ana', 'two');
    const [one, two] = await world.partner.untilReceived('both',
        (e) => e.type === 'agent.message', 2);
    assert.equal((await world.control('receipts')).length, 0, 'a 2xx says nothing yet');
    await world.partner.send('receipt.updated',
        { id: one.data.id, to: 'ana', status: 'delivered' });
    await world.partner.send('receipt.updated',
        { id: one.data.id, to: 'ana', status: 'read' });
    await world.partner.send('receipt.updated', { id: two.data.id, to: 'ana',
        status: 'failed', error: { code: 'RecipientOptedOut', message: 'blocked' } });
    const receipts = await until('two receipts', async () => {
        const list = await world.control('receipts');
        return list.length >= 2 && list;
    });
    assert.deepEqual(receipts.map((r) => [r.id, r.status]).sort(),
        [[first, 'Delivered'], [second, 'Failed']].sort());
    const failed = receipts.find((r) => r.status === 'Failed');
    assert.equal(failed.reasons[0].code, 'RecipientOptedOut');
});

test('a receipt that overtakes the outcome of our send is kept', async (t) => {
    const world = await World.start({ partner: '      receipts: true' });
    t.after(() => world.stop());
    // The partner posts its receipt before it answers the webhook.
    world.partner.server.removeAllListeners('request');
    const seen = [];
    world.partner.server.on('request', (req, res) => {
        let body = '';
        req.on('data', (chunk) => { body += chunk; });
        req.on('end', async () => {
            const { data } = JSON.parse(body);
            seen.push(data);
            const { status } = await world.partner.send('receipt.updated',
                { id: data.id, to: 'ana', status: 'delivered' });
            assert.equal(status, 202);
            res.writeHead(200).end('{"id":"p-1"}');
        });
    });
    const { id } = await world.agent('ana', 'quick');
    const receipts = await until('the receipt', async () => {
        const list = await world.control('receipts');
        return list.length > 0 && list;
    });
    assert.equal(receipts[0].id, id);
    await until('the outcome', async () => (await world.trace('p-1').catch(() => null)) !== null);
    const trace = await world.trace(seen[0].id);
    assert.equal(trace.messages[0].status, 'delivered', 'the outcome did not take it back');
});

test('edits, deletions, reactions and leaving arrive as readable text', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const from = { id: 'ana' };
    await world.partner.send('message.created', { id: 'm-1', from, text: 'helo' });
    const edited = await world.partner.send('message.updated',
        { id: 'm-1', from, text: 'hello' });
    assert.equal(edited.status, 202);
    assert.deepEqual(edited.json, {}, 'an event that is no message has no id');
    await world.partner.send('reaction.updated', { id: 'm-1', from, emoji: '👍' });
    await world.partner.send('message.deleted', { id: 'm-1', from });
    await world.partner.send('contact.left', { from, reason: 'bye' });
    const rows = await world.untilMessages(5);
    assert.equal(rows[0].text, 'helo');
    assert.match(rows[1].text, /hello/);
    assert.match(rows[2].text, /👍/);
    for (const row of rows.slice(1))
        assert.ok(row.text.length > 0);
    await until('all to be settled', async () =>
        await world.metric('omgw_deliveries_pending') === 0);
    assert.equal(world.partner.of('message.status').length, 1, 'only the message has a status');
    assert.deepEqual(world.gateway.events('delivery.died'), []);
});

test('leaving ends the Genesys conversation where the bridge says so', async (t) => {
    const world = await World.start({ bridge: '    end_on_left: true' });
    t.after(() => world.stop());
    await world.partner.message('ana', 'hello');
    const [row] = await world.untilMessages(1);
    await until('the conversation is linked', async () =>
        world.trace(row.conversationId).catch(() => null));
    await world.partner.send('contact.left', { from: { id: 'ana' } });
    await until('its end', async () => (await world.control('conversations'))
        .find((c) => c.id === row.conversationId && /disconnected/i.test(JSON.stringify(c))));
});

test('a long text goes in parts, in order', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const text = Array.from({ length: 9000 }, (_, i) => String.fromCodePoint(0x1f600 + i % 64))
        .join('');
    const answer = await world.partner.message('ana', text);
    assert.equal(answer.status, 202);
    const rows = await world.untilMessages(3);
    assert.equal(rows.map((r) => r.text).join(''), text);
    assert.deepEqual(rows.map((r) => r.channel.messageId),
        [answer.json.id, `${answer.json.id}-1`, `${answer.json.id}-2`]);
    const tooLong = await world.partner.message('ana', 'x'.repeat(20001));
    assert.equal(tooLong.status, 422);
});

test('a contact that moves keeps its conversation', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    await world.partner.message('old-id', 'hello');
    await world.partner.send('contact.changed', { from: { id: 'old-id' }, new_id: 'new-id' });
    await world.partner.message('new-id', 'it is me');
    const rows = await world.untilMessages(2);
    assert.equal(rows[1].channel.from.id, 'old-id');
    await world.agent('old-id', 'welcome back');
    const [reply] = await world.partner.untilReceived('the answer',
        (e) => e.type === 'agent.message');
    assert.equal(reply.data.to.id, 'new-id');
});

test('secrets rotate: an old key still verifies, both sign', async (t) => {
    const other = 'whsec_' + Buffer.from('another secret of thirty-two byt').toString('base64');
    const world = await World.start();
    t.after(() => world.stop());
    world.writeConfig({ partner: '' });
    const { readFileSync, writeFileSync } = await import('node:fs');
    writeFileSync(world.configFile, readFileSync(world.configFile, 'utf8').replace(
        `[ { value: "${SECRET}" } ]`, `[ { value: "${other}" }, { value: "${SECRET}" } ]`));
    world.gateway.process.kill('SIGHUP');
    await world.gateway.untilEvent('config.reloaded');
    for (const secret of [SECRET, other])
        assert.equal((await world.partner.message('ana', 'hello', {}, { secret })).status, 202);
    await world.agent('ana', 'hello');
    const [reply] = await world.partner.untilReceived('the answer',
        (e) => e.type === 'agent.message');
    assert.equal(reply.headers['webhook-signature'].split(' ').length, 2);
    assert.ok(reply.verified);
});
