// Every metric, read from the real page: that it is there, counts rightly and has the labels
// that docs/OPERATIONS.md says.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Clock } from './support/clock.mjs';
import { readExposition, valuesOf } from './support/exposition.mjs';
import { request } from './support/partner.mjs';
import { until } from './support/process.mjs';
import { requestBytes, sendRaw } from './support/raw.mjs';
import { fromGenesys, outboundText } from './support/requests.mjs';
import { OMGW, World } from './support/world.mjs';

const QUICK = 'retry: { first: 50ms, ceiling: 100ms, probe: 300ms }';
const SECOND = `  - name: second
    channel: partner
    genesys: main
    integration_id: 5a1d3a52-0000-4000-8000-000000000003
    genesys_secrets: [ { value: another-genesys-signing-secret } ]
    partner:
      callback_url: "http://127.0.0.1:1/"
      secrets: [ { value: MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= } ]`;

// Every name that a test below has looked at with a value it had to have.
const seen = new Set();

async function scrape(world) {
    const page = await request(`${world.admin}/metrics`);
    assert.equal(page.status, 200);
    assert.equal(page.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    return readExposition(page.body);
}

function valueOf(page, name, labels = {}) {
    seen.add(name.replace(/_(bucket|count|sum)$/, ''));
    const values = valuesOf(page, name, labels);
    assert.equal(values.length, 1, `${name} ${JSON.stringify(labels)}: ${values.length} series`);
    return values[0];
}

// One look at the page has all these values: [name, labels, value]...
async function untilMetrics(world, wanted) {
    let got = [];
    await until('the metrics', async () => {
        const page = await scrape(world);
        got = wanted.map(([name, labels]) => valueOf(page, name, labels));
        return got.every((value, i) => value === wanted[i][2]);
    }).catch((error) => {
        assert.deepEqual(wanted.map(([name, labels], i) => [name, labels, got[i]]), wanted);
        throw error;
    });
}

const acme = (more) => ({ bridge: 'acme', ...more });

test('webhooks are counted by bridge, peer and result, and timed', async (t) => {
    const world = await World.open(t, { settings: 'limits: { contact_per_minute: 3 }',
        bridges: SECOND });
    const count = (peer, result, value, bridge = 'acme') =>
        ['omgw_webhook_requests_total', { bridge, peer, result }, value];
    const page = await scrape(world);
    for (const bridge of ['acme', 'second'])
        for (const peer of ['channel', 'genesys'])
            for (const result of ['accepted', 'duplicate', 'bad_signature', 'invalid',
                'overload', 'error'])
                assert.equal(valueOf(page, ...count(peer, result, 0, bridge)), 0, 'from the start');

    const id = `msg_${randomUUID()}`;
    const body = JSON.stringify({ type: 'message.created', timestamp: new Date().toISOString(),
        data: { id: 'm-1', from: { id: 'ana-of-metrics' }, text: 'Counted once.' } });
    for (const status of [202, 200])
        assert.equal((await world.partner.send('', {}, { id, body })).status, status);
    // Another body under the same id: the first one stays.
    assert.equal((await world.partner.send('', {}, { id,
        body: body.replace('Counted once.', 'Not counted.') })).status, 200);
    const other = { secret: `whsec_${Buffer.alloc(32).toString('base64')}` };
    assert.equal((await world.partner.message('ana-of-metrics', 'Forged.', {}, other)).status, 401);
    assert.equal((await world.partner.message('ana-of-metrics', 7)).status, 400);
    for (const status of [202, 202, 202, 429])
        assert.equal((await world.partner.message('bea-of-metrics', 'Up to three.')).status,
            status);
    for (let i = 0; i < 2; i++)
        assert.equal((await world.partner.message('ana-of-metrics', 'Whose?', {},
            { bridge: 'nobody' })).status, 401);
    for (const [change, status] of [[{}, 200], [{ secret: 'another-signing-secret' }, 401],
        [{ body: outboundText({}, { id: '5a1d3a52-0000-4000-8000-00000000000f' }) }, 403],
        [{ body: outboundText({ type: 'Riddle' }) }, 200]])
        assert.equal((await sendRaw(world.ports.public, fromGenesys(change))).status, status);

    await untilMetrics(world, [
        count('channel', 'accepted', 4), count('channel', 'duplicate', 2),
        count('channel', 'bad_signature', 1), count('channel', 'invalid', 1),
        count('channel', 'overload', 1), count('channel', 'error', 0),
        count('genesys', 'accepted', 2), count('genesys', 'bad_signature', 2),
        count('channel', 'bad_signature', 2, ''), count('genesys', 'bad_signature', 0, ''),
        count('channel', 'accepted', 0, 'second'),
        ['omgw_key_conflicts_total', acme(), 1],
        ['omgw_unreadable_total', acme(), 1], ['omgw_unreadable_total', { bridge: 'second' }, 0],
        ['omgw_dead_letters', acme(), 1],
        ['omgw_webhook_ack_duration_seconds_count', acme({ peer: 'channel' }), 9],
        ['omgw_webhook_ack_duration_seconds_count', acme({ peer: 'genesys' }), 4],
        ['omgw_webhook_ack_duration_seconds_count', { bridge: 'second', peer: 'channel' }, 0],
        ['omgw_webhook_ack_duration_seconds_bucket', acme({ peer: 'channel', le: '+Inf' }), 9],
        ['omgw_conversations_open', { bridge: 'second' }, 0],
    ]);
});

test('what no handler sees is counted by status', async (t) => {
    const world = await World.open(t, { settings: 'limits: { body: 1KiB }' });
    const refused = (status, value) => ['omgw_http_refused_total', { status }, value];
    for (const [bytes, status] of [
        [requestBytes('POST', '/no/such/path', {}), 404],
        [requestBytes('PUT', '/webhooks/channels/acme', {}), 405],
        [requestBytes('POST', '/webhooks/channels/acme', { 'content-length': 2048 }), 413],
        [requestBytes('POST', '/webhooks/channels/acme',
            { 'content-length': '5', 'transfer-encoding': 'chunked' }), 400]])
        assert.equal((await sendRaw(world.ports.public, bytes)).status, status);
    await untilMetrics(world, [refused('404', 1), refused('405', 1), refused('413', 1),
        refused('400', 1)]);
    assert.equal(await world.metric('omgw_webhook_requests_total'), 0);
});

test('deliveries are counted by outcome, and what waits, dies or may have come twice',
    async (t) => {
        const world = await World.open(t, { settings: QUICK, bridges: SECOND });
        const ended = (direction, outcome, value) =>
            ['omgw_deliveries_total', acme({ direction, outcome }), value];

        await world.fault({ route: 'message', status: 503, times: 2 });
        await world.fault({ route: 'message', drop: 'after', times: 1 });
        assert.equal((await world.partner.message('ana-of-metrics', 'In the end.')).status, 202);
        await untilMetrics(world, [
            ended('inbound', 'retry', 2), ended('inbound', 'unknown', 1),
            ended('inbound', 'done', 1), ended('outbound', 'done', 1), // and its status
            ['omgw_possible_duplicates_total', acme(), 1],
            ['omgw_deliveries_pending', acme(), 0],
            ['omgw_end_to_end_duration_seconds_count', acme({ direction: 'inbound' }), 1],
            ['omgw_end_to_end_duration_seconds_count', acme({ direction: 'outbound' }), 0],
            ['omgw_token_requests_total', { account: 'main', outcome: 'done' }, 1],
        ]);

        world.partner.rules.push((event) => event.data.text === 'Never.' && { status: 422 });
        await world.agentSays('ana-of-metrics', 'Never.');
        await untilMetrics(world, [ended('outbound', 'refused_message', 1),
            ['omgw_dead_letters', acme(), 1], ['omgw_dead_letters', { bridge: 'second' }, 0],
            ['omgw_conversations_open', acme(), 1]]);

        world.partner.rules.push((event) => event.data.text === 'Later.' && { status: 503 });
        await world.agentSays('ana-of-metrics', 'Later.');
        await until('its age', async () => {
            const page = await scrape(world);
            return valueOf(page, 'omgw_delivery_oldest_seconds', acme()) > 0 &&
                valueOf(page, 'omgw_deliveries_pending', acme()) === 1;
        });
        const page = await scrape(world);
        assert.equal(valueOf(page, 'omgw_delivery_oldest_seconds', { bridge: 'second' }), 0);
        assert.ok(valueOf(page, 'omgw_deliveries_total',
            acme({ direction: 'outbound', outcome: 'retry' })) >= 1);

        world.partner.rules.length = 0;
        await world.partner.untilReceived('it', (event) => event.data.text === 'Later.');
        await untilMetrics(world, [['omgw_deliveries_pending', acme(), 0],
            ['omgw_end_to_end_duration_seconds_count', acme({ direction: 'outbound' }), 1]]);
    });

test('pauses are shown by scope, and how many tokens were refused', async (t) => {
    const world = await World.open(t, { settings: QUICK, bridges: SECOND });
    const paused = (scope, value, bridge = 'acme') =>
        ['omgw_paused', { bridge, scope }, value];

    await world.fault({ route: 'message', status: 404 });
    world.partner.rules.push(() => ({ status: 410 }));
    await world.partner.message('ana-of-metrics', 'To nowhere.');
    await world.agentSays('ana-of-metrics', 'From nowhere.');
    await untilMetrics(world, [paused('bridge_to_genesys', 1), paused('bridge_to_channel', 1),
        paused('organisation', 0)]);
    world.partner.rules.length = 0;
    await world.clearFaults();
    await untilMetrics(world, [paused('bridge_to_genesys', 0), paused('bridge_to_channel', 0)]);

    world.secrets.push('no-secret-of-the-client');
    await world.reload({ clientSecret: 'no-secret-of-the-client', settings: QUICK,
        bridges: SECOND });
    await world.partner.message('ana-of-metrics', 'With a wrong key.');
    await untilMetrics(world, [paused('organisation', 1)]);
    assert.ok(valueOf(await scrape(world), 'omgw_token_requests_total',
        { account: 'main', outcome: 'broken' }) >= 1);
    await world.reload({});
    await untilMetrics(world, [paused('organisation', 0),
        ['omgw_deliveries_pending', acme(), 0]]);
});

test('the writer, the process and the last reload tell of themselves', async (t) => {
    const world = await World.open(t);
    // The tidying of the start is a job too, and must not come between two looks.
    await until('the tidying', async () =>
        valueOf(await scrape(world), 'omgw_db_jobs_total') >= 1);
    const before = await scrape(world);
    await world.partner.message('ana-of-metrics', 'To be written.');
    await world.untilMessages(1);
    await untilMetrics(world, [['omgw_deliveries_pending', acme(), 0],
        ['omgw_deliveries_total', acme({ direction: 'outbound', outcome: 'done' }), 1],
        ['omgw_config_last_reload_successful', {}, 1], ['omgw_db_errors_total', {}, 0],
        ['omgw_admin_refused_total', {}, 0]]);
    const page = await scrape(world);
    const grown = (name) => valueOf(page, name) - valueOf(before, name);
    // The message, its outcome and the outcome of its status.
    assert.equal(grown('omgw_db_jobs_total'), 3);
    assert.ok(grown('omgw_db_commits_total') >= 2);
    assert.equal(grown('omgw_db_commit_duration_seconds_count'),
        grown('omgw_db_commits_total'));
    assert.ok(valueOf(page, 'omgw_db_wal_bytes') > 0);

    assert.equal(valueOf(page, 'omgw_build_info'), 1);
    const { version } = page.samples.find(({ name }) => name === 'omgw_build_info').labels;
    assert.match(execFileSync(OMGW, ['version']).toString(), new RegExp(`\\b${version}\\b`));
    const { pid } = world.gateway.process;
    const [, residentPages] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ');
    assert.ok(Math.abs(valueOf(page, 'process_resident_memory_bytes') /
        (residentPages * 4096) - 1) < 0.5);
    assert.ok(grown('process_cpu_seconds_total') > 0);
    assert.ok(valueOf(page, 'process_open_fds') > 10);
    assert.ok(Math.abs(valueOf(page, 'process_start_time_seconds') - Date.now() / 1000) < 120);

    world.writeConfig({ bridge: '    nonsense: true' });
    world.gateway.process.kill('SIGHUP');
    await untilMetrics(world, [['omgw_config_last_reload_successful', {}, 0]]);
    await world.reload({});
    await untilMetrics(world, [['omgw_config_last_reload_successful', {}, 1]]);
});

test('a bridge that is taken out of the file leaves no gauge that stands still', async (t) => {
    const world = await World.open(t, { bridges: SECOND });
    const second = { bridge: 'second' };
    await untilMetrics(world, [['omgw_delivery_oldest_seconds', second, 0],
        ['omgw_conversations_open', second, 0]]);
    await world.reload({ bridges: '' });
    const page = await scrape(world);
    for (const name of ['omgw_delivery_oldest_seconds', 'omgw_conversations_open'])
        assert.deepEqual(valuesOf(page, name, second), [], name);
    assert.deepEqual(valuesOf(page, 'omgw_conversations_open', acme()), [0]);
    await world.reload({ bridges: SECOND });
    await untilMetrics(world, [['omgw_delivery_oldest_seconds', second, 0]]);
});

test('a wall clock that is set lengthens no duration', async (t) => {
    const clock = new Clock(t);
    const world = await World.open(t, { ...clock.options, settings: QUICK });
    world.partner.clockAheadMs = 0;
    await world.fault({ route: 'message', delay_ms: 300, times: 1 });
    const sent = world.partner.message('ana-of-metrics', 'While the clock is set.');
    await until('the request', async () => (await world.requests('/message')).length > 0 ||
        (await world.messages()).length > 0);
    clock.move(3600 * 1000);
    assert.equal((await sent).status, 202);
    const delivery = await until('the delivery', () =>
        world.gateway.events('delivery.sent').find(({ direction }) => direction === 'inbound'));
    assert.ok(delivery.took_ms < 60000, `${delivery.took_ms} ms`);
    const page = await scrape(world);
    const inbound = acme({ direction: 'inbound' });
    assert.equal(valueOf(page, 'omgw_end_to_end_duration_seconds_count', inbound), 1);
    assert.ok(valueOf(page, 'omgw_end_to_end_duration_seconds_sum', inbound) < 60);
});

test('the reader of this file has looked at every metric there is', () => {
    const table = readFileSync(new URL('../../include/gateway/metrics.h', import.meta.url), 'utf8');
    const names = [...table.matchAll(/"((?:omgw|process)_[a-z_]+)"/g)].map(([, name]) => name);
    assert.ok(names.length > 20);
    assert.deepEqual(names.filter((name) => !seen.has(name)), []);
});
