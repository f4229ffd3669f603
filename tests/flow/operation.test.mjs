// What an operator does and meets: stop under load, full disk, reload, a second instance,
// health, many and slow connections.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, statfsSync, writeFileSync }
    from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { smallDisk } from './support/disk.mjs';
import { World, OMGW } from './support/world.mjs';
import { Child, until } from './support/process.mjs';
import { request } from './support/partner.mjs';

test('SIGTERM under load: exit 0 within 10 s, every 2xx arrives once', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const accepted = [];
    let over = false;
    t.after(() => { over = true; }); // also when an assertion fails
    const senders = Array.from({ length: 16 }, async (_, i) => {
        for (let n = 0; !over; n++) {
            const answer = await world.partner.message(`contact-${i}`, `${i}:${n}`)
                .catch(() => ({ status: 0 }));
            if (answer.status === 202)
                accepted.push(`${i}:${n}`);
        }
    });
    await until('load', () => accepted.length > 100);
    const from = Date.now();
    assert.equal(await world.stopGateway(), 0);
    assert.ok(Date.now() - from < 10000);
    over = true;
    await Promise.all(senders);
    await world.startGateway();
    await eachOnce(world, accepted);
});

// Every text that was answered 2xx arrives at Genesys, and none arrives twice.
async function eachOnce(world, accepted) {
    let texts = [];
    let missing = accepted;
    await until('everything accepted to arrive', async () => {
        texts = (await world.messages()).map((row) => row.text);
        const have = new Set(texts);
        missing = missing.filter((text) => !have.has(text));
        return missing.length === 0;
    }, 30000, 100).catch((error) => {
        throw new Error(`${error.message}, ${missing.length} missing: ${missing.slice(0, 5).map((text) => text.slice(0, 20))}`);
    });
    await until('every outcome', async () =>
        await world.metric('omgw_deliveries_pending') === 0);
    texts = (await world.messages()).map((row) => row.text);
    assert.equal(new Set(texts).size, texts.length, 'none twice');
}

// The reserve answers 503 before the disk is full; without it SQLite itself meets the end.
for (const [name, settings] of [['its reserve', ''],
    ['its last byte', 'limits: { disk_reserve: 0 }']])
    test(`a disk full to ${name}: 503, then 2xx within 5 s of relief, same process`, async (t) => {
        let world;
        const mount = smallDisk(t, name.replace(/ /g, '-'), '8m', () => world?.stop());
        if (mount === null)
            return;
        world = await World.start({ settings, database: path.join(mount, 'omgw.db') });
        const accepted = [];
        const statuses = new Set();
        let said = 0;
        let longestMs = 0;
        const say = async (length) => {
            const text = `${said++} `.padEnd(length, 'x');
            const from = Date.now();
            const answer = await world.partner.message('ana', text);
            longestMs = Math.max(longestMs, Date.now() - from);
            if (answer.status === 202)
                accepted.push(text);
            if (answer.status === 503)
                assert.ok(Number(answer.headers['retry-after']) > 0);
            statuses.add(answer.status);
            return answer.status;
        };
        assert.equal(await say(20), 202);

        const { bavail, bsize } = statfsSync(mount);
        const filler = path.join(mount, 'filler');
        writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 1024 * 1024)));
        // Whatever the filler left is used up by messages; then it stays full for a while.
        await until('503', async () => await say(3900) === 503);
        await Promise.all(Array.from({ length: 50 }, () => say(3900)));
        assert.deepEqual([...statuses], [202, 503]);
        assert.equal((await request(`${world.admin}/livez`)).status, 200);

        rmSync(filler);
        const relieved = Date.now();
        await until('2xx again', async () => await say(20) === 202, 5000);
        assert.ok(Date.now() - relieved < 5000);
        assert.equal(world.gateway.code, undefined, 'the same process');
        await eachOnce(world, accepted);
        t.diagnostic(`${accepted.length} accepted, the slowest answer took ${longestMs} ms`);
        assert.equal(await world.stopGateway(), 0);
        assert.deepEqual(world.sql('PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
    });

test('SIGHUP: a good file is taken, a bad one changes nothing', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const good = readFileSync(world.configFile, 'utf8');
    const second = `  - name: second
    channel: partner
    genesys: main
    integration_id: 5a1d3a52-0000-4000-8000-000000000003
    genesys_secrets: [ { value: another-signing-secret } ]
    partner:
      callback_url: "${world.partner.url}"
      secrets: [ { value: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" } ]
`;
    assert.equal((await world.partner.message('ana', 'hi', {}, { bridge: 'second' })).status, 401);
    writeFileSync(world.configFile, good + second);
    world.gateway.process.kill('SIGHUP');
    await world.gateway.untilEvent('config.reloaded');
    await until('the new bridge', async () =>
        (await world.partner.message('ana', 'hi', {}, { bridge: 'second' })).status === 202);

    writeFileSync(world.configFile, good.replace('channel: partner', 'channel: partnr'));
    world.gateway.process.kill('SIGHUP');
    await world.gateway.untilEvent('config.refused');
    assert.ok(world.gateway.lines.some((line) => /partnr/.test(line) && /did you mean "partner"/.test(line)));
    assert.equal(await world.metric('omgw_config_last_reload_successful'), 0);
    assert.equal((await world.partner.message('ana', 'hi', {}, { bridge: 'second' })).status, 202);

    // History forbids another integration id; nothing changes.
    assert.equal((await world.partner.message('ana', 'Something of the past.')).status, 202);
    writeFileSync(world.configFile, good.replace('000000000002', '000000000009'));
    world.gateway.process.kill('SIGHUP');
    await until('the refusal', () => world.gateway.events('config.refused').length === 2);
    assert.equal((await world.partner.message('ana', 'still here')).status, 202);
});

test('a reload names what changed and needs a restart', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    await world.reload({ settings: 'limits: { max_pending: 7 }' });
    assert.deepEqual(world.gateway.events('config.needs_restart'), []);
    await world.reload({ settings: 'limits: { connections: 77 }\ntimeouts: { idle: 7s }' });
    const [warning] = world.gateway.events('config.needs_restart');
    assert.equal(warning.settings, 'limits.connections, timeouts.idle');
});

// What `serve` says when it cannot start.
function refusal(world, change) {
    const file = path.join(world.dir, 'refused.yaml');
    writeFileSync(file, change(readFileSync(world.configFile, 'utf8')));
    return new Child(OMGW, ['serve', '--config', file]).said();
}

test('a start that cannot be says why and what to do', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    assert.equal(await world.stopGateway(), 0);
    const nowhere = await refusal(world, (text) =>
        text.replace(`sqlite:${world.database}`, `sqlite:${world.dir}/none/omgw.db`));
    assert.equal(nowhere.code, 78, nowhere.text);
    assert.match(nowhere.text, /none\/omgw.db.lock: No such file.*create the folder/);

    const fresh = path.join(world.dir, 'fresh.db');
    const pending = await refusal(world, (text) => `migrate: refuse\n${
        text.replace(`sqlite:${world.database}`, `sqlite:${fresh}`)}`);
    assert.equal(pending.code, 78, pending.text);
    assert.match(pending.text, /is pending; back up, then run "omgw db migrate"/);
});

// What a process has open now.
function openFiles(child) {
    const folder = `/proc/${child.process.pid}/fd`;
    return readdirSync(folder).map((name) => {
        try {
            return readlinkSync(path.join(folder, name));
        } catch {
            return ''; // closed meanwhile
        }
    });
}

test('a second instance on the same database waits for the first to end', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const other = readFileSync(world.configFile, 'utf8')
        .replaceAll(/127\.0\.0\.1:(\d+)", admin: "127\.0\.0\.1:\d+"/g, '127.0.0.1:0", admin: "127.0.0.1:0"');
    const file = path.join(world.dir, 'second.yaml');
    writeFileSync(file, other);
    const second = new Child(OMGW, ['serve', '--config', file]);
    // A restart overlaps: the old one ends while the new one waits for the lock, which it
    // opens before it asks for it.
    const lock = `${realpathSync(world.database)}.lock`;
    await until('the second to ask for the lock', () => openFiles(second).includes(lock));
    assert.deepEqual(second.events('serve.started'), []);
    assert.equal(await world.stopGateway(), 0);
    await second.untilEvent('serve.started', 20000);
    const { code } = await second.kill('SIGTERM');
    assert.equal(code, 0);
});

test('health, readiness and metrics answer', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    assert.equal((await world.omgw('health')).code, 0);
    for (const page of ['livez', 'readyz', 'metrics'])
        assert.equal((await request(`${world.admin}/${page}`)).status, 200, page);
    await world.partner.message('ana', 'hello');
    await world.untilMessages(1);
    await until('the outcome', async () => await world.metric('omgw_deliveries_pending') === 0);
    assert.equal(await world.metric('omgw_webhook_requests_total', 'result="accepted"',
        'peer="channel"'), 1);
    assert.equal(await world.metric('omgw_deliveries_total', 'outcome="done"',
        'direction="inbound"') >= 1, true);
    assert.equal(await world.stopGateway(), 0);
    assert.equal((await world.omgw('health')).code, 69);
});

test('256 closed-loop connections for 2 s do not stall', async (t) => {
    const world = await World.start();
    t.after(() => world.stop());
    const end = Date.now() + 2000;
    const done = new Array(256).fill(0);
    await Promise.all(done.map(async (_, i) => {
        while (Date.now() < end) {
            const { status } = await world.partner.message(`c-${i}`, 'x');
            assert.equal(status, 202);
            done[i]++;
        }
    }));
    assert.ok(Math.min(...done) >= 1, `the slowest did ${Math.min(...done)}`);
});

// Resolves to how long the server let the connection live. One that never reads sees the end
// only as a reset: there is no room for another answer.
function slowClient(port, start, drip, everyMs, reads = true) {
    return new Promise((resolve, reject) => {
        const from = Date.now();
        const socket = net.connect(port, '127.0.0.1', () => socket.write(start));
        const timer = setInterval(() => drip !== '' && socket.write(drip), everyMs);
        if (reads)
            socket.on('data', () => {});
        else
            socket.pause();
        socket.on('error', () => {});
        socket.on('close', () => {
            clearInterval(timer);
            resolve(Date.now() - from);
        });
        socket.setTimeout(20000, () => reject(new Error('never cut')));
    });
}

test('slow clients are cut at their deadlines, others go on', async (t) => {
    const world = await World.start({ settings:
        'timeouts: { header: 1s, body: 2s, idle: 2s, answer: 2s }' });
    t.after(() => world.stop());
    const { port } = new URL(world.base);
    const head = 'POST /webhooks/channels/acme HTTP/1.1\r\nHost: x\r\n';
    const first = 'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n';
    const [header, kept, body, deaf] = await Promise.all([
        slowClient(port, 'POST /webhooks', 'x', 100),
        slowClient(port, first + 'POST /webhooks', 'x', 100),
        slowClient(port, `${head}Content-Length: 1000\r\n\r\n`, 'x', 100),
        // Asks on and on, and reads nothing of it.
        slowClient(port, first.repeat(1000), first.repeat(1000), 10, false),
        world.partner.message('ana', 'others go on').then((answer) =>
            assert.equal(answer.status, 202)),
    ]);
    const within = (name, ms, from, to) => assert.ok(ms >= from && ms < to, `${name}: ${ms} ms`);
    within('header drip', header, 800, 2500);
    within('header drip on a kept-alive connection', kept, 800, 4000);
    within('body drip', body, 1800, 3500);
    within('never reading', deaf, 1800, 15000);
});
