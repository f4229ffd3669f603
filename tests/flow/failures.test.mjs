// Peers that fail: what is accepted arrives afterwards, or its sender is told why not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIENT_SECRET, GENESYS_SECRET, World, textsOf } from './support/world.mjs';
import { SECRET } from './support/partner.mjs';
import { until } from './support/process.mjs';

const QUICK = 'retry: { first: 50ms, ceiling: 500ms, probe: 500ms }';
// A paused bridge goes on within its probe and 1 s; the rest is for a machine under load.
const PROBED_MS = 2000 + 3000;

const CONTACTS = Array.from({ length: 10 }, (_, i) => `contact-number-${i}`);

function agentMessages(world, contact) {
    return world.partner.received.filter((event) =>
        event.type === 'agent.message' && event.data.to.id === contact);
}

async function untilAgentSays(world, text) {
    const [event] = await world.partner.untilReceived(text,
        (e) => e.type === 'agent.message' && e.data.text === text);
    return event;
}

async function untilPending(world, count) {
    await until(`${count} pending deliveries`, async () =>
        await world.metric('omgw_deliveries_pending') === count);
}

// --- down, then back -----------------------------------------------------------------

test('503 of Genesys for 100 messages of 10 contacts: all arrive in order, once', async (t) => {
    const world = await World.open(t, { settings: QUICK });
    await world.fault({ route: 'message', status: 503 });
    for (let n = 0; n < 10; n++) {
        const answers = await Promise.all(CONTACTS.map((contact) =>
            world.partner.message(contact, `${contact} says ${n}`)));
        assert.deepEqual(answers.map((answer) => answer.status), Array(10).fill(202));
    }
    await until('refusals and a probe', async () =>
        (await world.requests('/message')).length >= 8);
    assert.equal((await world.messages()).length, 0);
    assert.equal(await world.metric('omgw_deliveries_pending'), 100);

    await world.clearFaults();
    await world.untilMessages(100);
    await untilPending(world, 0);
    const rows = await world.messages();
    assert.equal(rows.length, 100, 'none twice');
    for (const contact of CONTACTS)
        assert.deepEqual(textsOf(rows, contact),
            Array.from({ length: 10 }, (_, n) => `${contact} says ${n}`));
    assert.equal(await world.metric('omgw_possible_duplicates_total'), 0);
    assert.deepEqual(world.deadLetters(), []);
});

test('503 of the partner for 100 messages to 10 contacts: the same', async (t) => {
    const world = await World.open(t, { settings: QUICK });
    world.partner.rules.push((event) => event.type === 'agent.message' && { status: 503 });
    for (let n = 0; n < 10; n++)
        await Promise.all(CONTACTS.map((contact) =>
            world.agentSays(contact, `${n} for ${contact}`)));
    assert.equal(await world.metric('omgw_deliveries_pending'), 100);
    await until('a probe', () => world.partner.seen.length >= 8);

    world.partner.rules.length = 0;
    await world.partner.untilReceived('message', (e) => e.type === 'agent.message', 100);
    await untilPending(world, 0);
    assert.equal(world.partner.of('agent.message').length, 100, 'none twice');
    for (const contact of CONTACTS)
        assert.deepEqual(agentMessages(world, contact).map((event) => event.data.text),
            Array.from({ length: 10 }, (_, n) => `${n} for ${contact}`));
    const receipts = await world.untilReceipts(100);
    assert.deepEqual(new Set(receipts.map((receipt) => receipt.status)),
        new Set(['Delivered']));
});

// Genesys gives up after 5 repeats, 5 s apart: 85 s with its time-outs. Here it has long done
// so when the partner comes back.
for (const [name, away] of [
    ['refuses connections', {
        begin: (partner) => partner.stop(),
        end: (partner) => partner.start(partner.port),
    }],
    ['closes every connection', {
        begin: (partner) => partner.rules.push(() => ({ drop: true, status: 0 })),
        end: (partner) => partner.rules.pop(),
    }],
])
    test(`a partner that ${name} for longer than Genesys repeats gets all`, async (t) => {
        const world = await World.open(t,
            { settings: QUICK, emulator: ['--retry-delay-ms', '100'] });
        await world.partner.message('long-known-contact', 'hello there');
        await world.untilMessages(1);
        await away.begin(world.partner);
        const first = await world.agentSays('long-known-contact', 'are you there?');
        const second = await world.agentSays('long-known-contact', 'still waiting');
        const webhooks = await world.control('webhooks');
        assert.deepEqual(webhooks.map((row) => [row.status, row.final]),
            [[200, true], [200, true]], 'taken at the first try: Genesys need not repeat');
        await until('more than 5 attempts over more than 5 repeats', () => {
            const failed = world.gateway.events('delivery.failed')
                .filter((event) => event.direction === 'outbound' && event.kind === 'message');
            return failed.length > 5 && failed.at(-1).attempts > 2;
        });
        assert.deepEqual(await world.receipts(), [], 'nothing is known yet');

        await away.end(world.partner);
        await untilAgentSays(world, 'still waiting');
        assert.deepEqual(agentMessages(world, 'long-known-contact').map((e) => e.data.text),
            ['are you there?', 'still waiting']);
        const receipts = await world.untilReceipts(2);
        assert.deepEqual(receipts.map((row) => [row.id, row.status]).sort(),
            [[first, 'Delivered'], [second, 'Delivered']].sort());
    });

// --- given up ----------------------------------------------------------------------------

test('past give-up the agent gets Failed, and the dead letter says why', async (t) => {
    const world = await World.open(t, { settings:
        'retry: { first: 50ms, ceiling: 300ms, probe: 300ms, give_up_channel: 2s }' });
    world.partner.rules.push((event) => event.type === 'agent.message' && { status: 500 });
    const from = Date.now();
    const { id } = await world.agent('hopeless-contact', 'never to arrive');
    const [receipt] = await world.untilReceipts(1);
    assert.ok(Date.now() - from >= 2000, 'not before its time');
    assert.equal(receipt.id, id);
    assert.equal(receipt.status, 'Failed');
    assert.equal(receipt.channel.to.id, 'hopeless-contact');
    assert.equal(receipt.reasons[0].code, 'MessageExpired');

    const why = /^given up \(too old\) after \d+ attempts: the partner answered 500$/;
    const { messages: [message] } = await world.trace(id);
    assert.equal(message.status, 'failed');
    assert.equal(message.deliveries[0].state, 'dead');
    assert.match(message.deliveries[0].reason, why);
    assert.ok(message.deliveries[0].attempts > 2);
    assert.equal(message.deliveries[0].attempts, world.partner.seen.length);
    const [dead] = world.deadLetters();
    assert.match(dead.reason, why);
    assert.equal(dead.message, message.id);
    assert.equal(dead.contact, 'hopeless-contact');
    assert.equal(dead.direction, 'outbound');
    assert.equal(dead.http_status, 500);
    assert.equal(dead.text, 'never to arrive', 'kept as long as it stands');
    assert.equal(await world.metric('omgw_dead_letters'), 1);
    assert.equal(await world.metric('omgw_deliveries_pending'), 0);

    world.partner.rules.length = 0;
    await world.agent('hopeless-contact', 'the next one');
    await untilAgentSays(world, 'the next one');
    assert.equal(agentMessages(world, 'hopeless-contact').length, 1);
});

test('past give-up towards Genesys the partner is told', async (t) => {
    const world = await World.open(t, { settings:
        'retry: { first: 50ms, ceiling: 300ms, probe: 300ms, give_up_genesys: 2s }' });
    await world.fault({ route: 'message', status: 503 });
    const { json } = await world.partner.message('hopeless-contact', 'never to arrive',
        { id: 'm-hopeless' });
    const [status] = await world.partner.untilReceived('the status',
        (e) => e.type === 'message.status');
    assert.equal(status.data.id, 'm-hopeless');
    assert.equal(status.data.status, 'failed');
    assert.equal(status.data.reason.code, 'MessageExpired');
    assert.equal(status.id, `${json.id}-failed`);
    assert.match(world.deadLetters()[0].reason,
        /^given up \(too old\) after \d+ attempts: Genesys Cloud answered 503/);

    await world.clearFaults();
    await world.partner.message('hopeless-contact', 'the next one');
    assert.deepEqual(textsOf(await world.untilMessages(1), 'hopeless-contact'),
        ['the next one']);
});

test('a head that fails alone while others arrive is given up sooner', async (t) => {
    const world = await World.open(t, { settings:
        'retry: { first: 50ms, ceiling: 300ms, probe: 300ms, give_up_alone: 1s }' });
    world.partner.rules.push((event) =>
        event.data?.text === 'poisoned message' && { status: 500 });
    const id = await world.agentSays('unlucky-contact', 'poisoned message');
    await world.agent('unlucky-contact', 'waits behind it');
    await until('the first refusal', () => world.partner.seen.length > 0);
    await world.agent('luckier-contact', 'arrives at once');
    await untilAgentSays(world, 'waits behind it');
    const receipts = await world.untilReceipts(3);
    const failed = receipts.filter((row) => row.status === 'Failed');
    assert.deepEqual(failed.map((row) => row.id), [id]);
    assert.match(world.deadLetters()[0].reason, /^given up \(fails alone while the peer/);
});

// --- refused ------------------------------------------------------------------------------

test('a message that the partner refuses fails at once, the next one goes', async (t) => {
    const world = await World.open(t, { settings: QUICK });
    for (const [status, code] of [
        [400, 'InvalidMessageStructure'],
        [404, 'InvalidDestination'],
        [413, 'InvalidMessageStructure'],
        [422, 'MessageNotAllowed'],
        [418, 'GeneralError'],
    ]) {
        const contact = `contact-refused-with-${status}`;
        const bad = `refused with ${status}`;
        world.partner.rules = [(event) => event.data?.text === bad && { status }];
        const id = await world.agentSays(contact, bad);
        await world.agent(contact, `taken after ${status}`);
        await untilAgentSays(world, `taken after ${status}`);
        assert.equal(world.partner.seen.filter((e) => e.data?.text === bad).length, 1,
            `${status} is not repeated`);
        const receipt = await until(`Failed after ${status}`, async () =>
            (await world.receipts()).find((row) => row.id === id));
        assert.equal(receipt.status, 'Failed');
        assert.equal(receipt.reasons[0].code, code, `${status}`);
        const { messages: [message] } = await world.trace(id);
        assert.equal(message.deliveries[0].state, 'dead');
        assert.equal(message.deliveries[0].reason, `the partner answered ${status}`);
        assert.equal(world.deadLetters().at(-1).http_status, status);
    }
    assert.equal(await world.metric('omgw_dead_letters'), 5);
});

test('a message that Genesys refuses is told to the partner, the next one goes', async (t) => {
    const world = await World.open(t, { settings: QUICK });
    for (const [status, code] of [
        [400, 'InvalidMessageStructure'],
        [413, 'InvalidMessageStructure'],
        [415, 'UnsupportedMessage'],
        [422, 'MessageNotAllowed'],
    ]) {
        await world.fault({ route: 'message', status, times: 1 });
        await world.partner.message('refused-contact', `refused with ${status}`,
            { id: `m-${status}` });
        await world.partner.message('refused-contact', `taken after ${status}`);
        await until('the next one', async () => textsOf(await world.messages(),
            'refused-contact').at(-1) === `taken after ${status}`);
        const [told] = await world.partner.untilReceived(`failed for ${status}`, (e) =>
            e.type === 'message.status' && e.data.id === `m-${status}`);
        assert.equal(told.data.status, 'failed');
        assert.equal(told.data.reason.code, code);
    }
    assert.equal(world.deadLetters().length, 4);
});

// --- paused ---------------------------------------------------------------------------------

test('a broken partner pauses its bridge: nothing dies, all goes on after', async (t) => {
    const world = await World.open(t, { settings:
        'retry: { first: 50ms, ceiling: 500ms, probe: 1s, give_up_channel: 1s }' });
    for (const status of [410, 401, 403, 405, 301, 307]) {
        const contact = `contact-met-with-${status}`;
        world.partner.seen.length = 0;
        world.partner.rules = [(event) => event.type === 'agent.message' && {
            status, headers: { location: `http://127.0.0.1:${world.partner.port}/elsewhere` },
        }];
        await world.agentSays(contact, `${status}: one`);
        await world.agentSays(contact, `${status}: two`);
        await world.agent(`${contact}-too`, `${status}: three`);
        await until('the pause and a probe', () => world.partner.seen.length >= 2);
        const [pause] = world.sql('SELECT name, reason FROM pauses');
        assert.deepEqual(pause, { name: 'acme', reason: `the partner answered ${status}` });
        assert.equal(world.partner.seen.filter((e) => e.path !== '/omgw').length, 0,
            'redirects are not followed');

        world.partner.rules = [];
        const mended = Date.now();
        await untilAgentSays(world, `${status}: one`);
        assert.ok(Date.now() - mended < PROBED_MS, `${Date.now() - mended} ms`);
        await untilAgentSays(world, `${status}: two`);
        await untilAgentSays(world, `${status}: three`);
        assert.deepEqual(agentMessages(world, contact).map((e) => e.data.text),
            [`${status}: one`, `${status}: two`]);
        await untilPending(world, 0);
        assert.deepEqual(world.sql('SELECT name FROM pauses'), []);
    }
    assert.deepEqual(world.deadLetters(), []);
    const receipts = await world.untilReceipts(18);
    assert.deepEqual(new Set(receipts.map((row) => row.status)), new Set(['Delivered']));
});

const SECOND = '5a1d3a52-0000-4000-8000-000000000003';

// A bridge of its own to the same organisation and the same partner.
const TWO_BRIDGES = {
    bridges: (world) => `
  - name: second
    channel: partner
    genesys: main
    integration_id: ${SECOND}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    partner: { callback_url: "${world.partner.url}", secrets: [ { value: "${SECRET}" } ] }
`,
    emulator: (world) => ['--integration', SECOND,
        '--webhook-url', `${world.base}/webhooks/genesys/second`,
        '--webhook-secret', GENESYS_SECRET],
};

test('a broken Genesys pauses what it concerns: nothing dies, all goes on after', async (t) => {
    const world = await World.open(t, { ...TWO_BRIDGES, settings:
        'retry: { first: 50ms, ceiling: 500ms, probe: 1s, give_up_genesys: 1s }' });
    let arrived = 0;
    for (const { status, scope, others } of [
        { status: 401, scope: 'main', others: 'wait' },
        { status: 403, scope: 'main', others: 'wait' },
        { status: 404, scope: 'acme', others: 'go on' },
    ]) {
        const contact = `contact-met-with-${status}`;
        const before = (await world.requests('/message')).length;
        await world.fault({ route: 'message', status,
            ...(others === 'go on' ? { contact } : {}) });
        await world.partner.message(contact, `${status}: one`);
        await world.partner.message(contact, `${status}: two`);
        const [pause] = await until('the pause', () => {
            const rows = world.sql('SELECT name, reason FROM pauses');
            return rows.length > 0 && rows;
        });
        assert.equal(pause.name, scope);
        assert.match(pause.reason, new RegExp(`^Genesys Cloud answered ${status}`));

        const other = await world.partner.message(`${contact}-second`, `${status}: other`, {},
            { bridge: 'second' });
        assert.equal(other.status, 202, 'taken all the same');
        if (others === 'go on') {
            await world.untilMessages(arrived + 1);
        } else {
            await until('a probe', async () =>
                (await world.requests('/message')).length >= before + 3);
            assert.equal((await world.messages()).length, arrived);
        }
        await world.clearFaults();
        const mended = Date.now();
        await until(`${status}: one`, async () =>
            textsOf(await world.messages(), contact).length > 0);
        assert.ok(Date.now() - mended < PROBED_MS, `${Date.now() - mended} ms`);
        arrived += 3;
        const rows = await world.untilMessages(arrived);
        assert.deepEqual(textsOf(rows, contact), [`${status}: one`, `${status}: two`]);
        await untilPending(world, 0);
        assert.deepEqual(world.sql('SELECT name FROM pauses'), []);
    }
    assert.deepEqual(world.deadLetters(), []);
});

test('a wrong client secret pauses the organisation until it is mended', async (t) => {
    const world = await World.open(t, { clientSecret: 'not-the-clients-secret', settings:
        'retry: { first: 50ms, ceiling: 500ms, probe: 1s, give_up_genesys: 1s }' });
    world.secrets.push('not-the-clients-secret');
    const { status } = await world.partner.message('patient-contact', 'waits for the secret');
    assert.equal(status, 202);
    await until('two refused logins', async () =>
        (await world.requests('/oauth/token')).length >= 2);
    const [pause] = world.sql('SELECT name, reason FROM pauses');
    assert.equal(pause.name, 'main');
    assert.match(pause.reason, /login answered 40[01] invalid_client/);
    assert.equal((await world.requests('/message')).length, 0);

    await world.reload({ clientSecret: CLIENT_SECRET });
    const mended = Date.now();
    await world.untilMessages(1);
    assert.ok(Date.now() - mended < PROBED_MS, `${Date.now() - mended} ms`);
    await untilPending(world, 0);
    assert.deepEqual(world.sql('SELECT name FROM pauses'), []);
    assert.deepEqual(world.deadLetters(), []);
});
