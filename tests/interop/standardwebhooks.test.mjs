// A partner that knows nothing but the published Standard Webhooks library.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { World } from '../flow/support/world.mjs';
import { SECRET, request } from '../flow/support/partner.mjs';

test('omgw accepts what the library signs, the library what omgw sends', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const webhook = new Webhook(SECRET);
    const payload = JSON.stringify({ type: 'message.created',
        timestamp: new Date().toISOString(),
        data: { id: 'm-1', from: { id: 'ana', name: 'Ana Ünal' }, text: 'Grüße 👋' } });
    const id = 'msg_signed-by-the-library';
    const now = new Date();
    const send = (signature) => request(`${world.base}/webhooks/channels/acme`, {
        method: 'POST',
        headers: {
            'content-type': 'application/json',
            'webhook-id': id,
            'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
            'webhook-signature': signature,
        },
        body: payload,
    });

    const answer = await send(webhook.sign(id, now, payload));
    assert.equal(answer.status, 202);
    const [row] = await world.untilMessages(1);
    assert.equal(row.text, 'Grüße 👋');
    const forged = new Webhook('whsec_' + Buffer.alloc(32, 1).toString('base64'));
    assert.equal((await send(forged.sign(id, now, payload))).status, 401);

    await world.agent('ana', 'Grüße zurück 👋');
    const [reply] = await world.partner.untilReceived('the answer',
        (event) => event.type === 'agent.message');
    const verified = webhook.verify(reply.raw.toString(), reply.headers);
    assert.equal(verified.data.text, 'Grüße zurück 👋');
    assert.throws(() => webhook.verify(reply.raw.toString().replace('Gr', 'gr'), reply.headers));
});
