// What Genesys asks of its clients: to slow down for a while, and to spare its login.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GENESYS_SECRET, World, textsOf } from './support/world.mjs';
import { SECRET } from './support/partner.mjs';
import { until } from './support/process.mjs';

const CONTACTS = Array.from({ length: 10 }, (_, i) => `contact-number-${i}`);
const MANY = Array.from({ length: 50 }, (_, i) => `one-of-fifty-${i}`);

const OTHER = '5a1d3a52-0000-4000-8000-000000000003';
const OTHER_CLIENT = '0b0e7c1e-0000-4000-8000-000000000009';
const OTHER_SECRET = 'secret-of-the-other-client';

// A second organisation with its client, at the same emulator.
const TWO_ORGANISATIONS = {
    organisations: (world) => `
  - name: other
    api_url: "${world.genesys}"
    login_url: "${world.genesys}"
    client_id: ${OTHER_CLIENT}
    client_secret: ${OTHER_SECRET}
    requests_per_minute: 0
`,
    bridges: (world) => `
  - name: second
    channel: partner
    genesys: other
    integration_id: ${OTHER}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    partner: { callback_url: "${world.partner.url}", secrets: [ { value: "${SECRET}" } ] }
`,
    emulator: (world) => ['--client-id', OTHER_CLIENT, '--client-secret', OTHER_SECRET,
        '--integration', OTHER, '--webhook-url', `${world.base}/webhooks/genesys/second`,
        '--webhook-secret', GENESYS_SECRET],
};

for (const route of ['message', 'receipt'])
    test(`429 with Retry-After 3 for a ${route}: 3 s of silence, nothing lost`, async (t) => {
        const world = await World.open(t, TWO_ORGANISATIONS);
        world.secrets.push(OTHER_SECRET);
        const refused = { route, status: 429, retry_after: 3, times: 1 };
        await world.fault({ ...refused, contact: 'first-of-all' });
        if (route === 'message')
            await world.partner.message('first-of-all', 'the first message');
        else
            await world.agent('first-of-all', 'the first answer');
        await until('the gateway to be told', () =>
            world.gateway.events('delivery.failed').length > 0);
        const known = (await world.requests()).length;

        for (let n = 0; n < 2; n++)
            await Promise.all(CONTACTS.map((contact) =>
                world.partner.message(contact, `${contact} says ${n}`)));
        for (const contact of CONTACTS)
            await world.agent(contact, `an answer for ${contact}`);
        const { status } = await world.partner.message('of-the-other', 'hello other one', {},
            { bridge: 'second' });
        assert.equal(status, 202);
        const total = CONTACTS.length * 2 + 1 + (route === 'message');
        const rows = await world.untilMessages(total);
        await world.untilReceipts(CONTACTS.length + (route === 'receipt'));

        const requests = await world.requests();
        const before = requests[known - 1];
        assert.equal(before.status, 429);
        const of = (integration) => requests.slice(known).filter((row) =>
            row.path.includes(integration));
        const [next] = of('000000000002');
        assert.ok(next.timeMs - before.timeMs >= 2998, // either time is cut to 1 ms
            `the next request came after ${next.timeMs - before.timeMs} ms`);
        assert.ok(next.timeMs - before.timeMs < 8000, 'and not long after');
        assert.ok(of(OTHER)[0].timeMs < next.timeMs, 'another organisation goes on');

        for (const contact of CONTACTS)
            assert.deepEqual(textsOf(rows, contact), [`${contact} says 0`, `${contact} says 1`]);
        assert.equal((await world.messages()).length, total, 'none twice');
        const receipts = await world.receipts();
        assert.equal(new Set(receipts.map((row) => row.id)).size, receipts.length);
        assert.deepEqual(world.deadLetters(), []);
        const attempts = world.sql('SELECT max(attempts) AS most FROM v_deliveries');
        assert.ok(attempts[0].most <= 2, 'the pause costs nobody an attempt but the first');
    });

test('a token that expired for Genesys alone: one new one for 50 contacts', async (t) => {
    const world = await World.open(t);
    await Promise.all(MANY.map((contact) => world.partner.message(contact, `${contact}: a`)));
    await world.untilMessages(50);
    assert.deepEqual(await world.control('tokens'), { count: 1 });

    await world.control('clock', { advance_ms: 25 * 3600 * 1000 });
    await Promise.all(MANY.map((contact) => world.partner.message(contact, `${contact}: b`)));
    await Promise.all(MANY.map((contact) => world.partner.message(contact, `${contact}: c`)));
    const rows = await world.untilMessages(150);
    assert.deepEqual(await world.control('tokens'), { count: 2 });
    assert.equal((await world.requests('/oauth/token')).length, 2);
    for (const contact of MANY)
        assert.deepEqual(textsOf(rows, contact),
            [`${contact}: a`, `${contact}: b`, `${contact}: c`]);
    assert.ok((await world.requests('/message')).some((row) => row.status === 401),
        'some met the old token');
    assert.equal(world.gateway.events('flow.paused').length, 0);
    assert.deepEqual(world.deadLetters(), []);
});

test('a token is renewed before it expires, under 50 parallel contacts', async (t) => {
    const world = await World.open(t, { emulator: ['--token-lifetime', '3'] });
    const said = new Map(MANY.map((contact) => [contact, []]));
    await until('a second token', async () => {
        await Promise.all(MANY.map(async (contact) => {
            const text = `${contact}: ${said.get(contact).length}`;
            said.get(contact).push(text);
            assert.equal((await world.partner.message(contact, text)).status, 202);
        }));
        await until('all to arrive', async () =>
            await world.metric('omgw_deliveries_pending') === 0);
        return (await world.control('tokens')).count >= 2;
    }, 20000);
    assert.equal((await world.requests('/oauth/token')).length, 2);
    const count = [...said.values()].flat().length;
    const rows = await world.untilMessages(count);
    assert.equal((await world.messages()).length, count, 'none twice');
    for (const contact of MANY)
        assert.deepEqual(textsOf(rows, contact), said.get(contact));
    assert.equal(world.gateway.events('delivery.failed').length, 0, 'nobody noticed');
    assert.equal(world.gateway.events('flow.paused').length, 0);
});
