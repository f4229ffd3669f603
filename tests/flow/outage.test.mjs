// Genesys away for a long time: everything is taken all the same, memory stays under its
// ceiling, a restart in the middle is quick, and in the end all arrives in order, once.
//
// OMGW_STORED (default 20,000) messages, a tenth as many contacts. The gateway is of a build
// without sanitizers (OMGW_BUILD_PLAIN, by default build/release): they need memory of their
// own.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PLAIN } from './support/clock.mjs';
import { World } from './support/world.mjs';
import { until } from './support/process.mjs';

const COUNT = Number(process.env.OMGW_STORED ?? 20000);
const CONTACTS = COUNT / 10;
const SENDERS = 64;
const MIB = 1024 * 1024;

// What the settings allow beyond an idle gateway: deliveries held in memory, with what the
// allocator adds; requests and attempts under way; a lane for each contact; the id filter;
// the caches of the database's handles, 8 and twice 2 MiB; and what the allocator keeps.
const LANE_MEMORY = 4 * MIB;
const CEILING = LANE_MEMORY * 1.5 + SENDERS * 160 * 1024 + CONTACTS * 320 + COUNT * 8 +
    12 * MIB + 8 * MIB;

function memoryOf(world, name) {
    const status = readFileSync(`/proc/${world.gateway.process.pid}/status`, 'utf8');
    return Number(status.match(new RegExp(`${name}:\\s+(\\d+) kB`))[1]) * 1024;
}

// Messages [from, to), each contact's in order: a sender takes the next number whose contact
// nobody else is busy with.
async function sendAll(world, from, to) {
    let next = from;
    const text = 'x'.repeat(400);
    await Promise.all(Array.from({ length: SENDERS }, async () => {
        while (next < to) {
            const n = next++;
            const { status } = await world.partner.message(`contact-${n % CONTACTS}`,
                `${n} ${text}`, { id: `m-${n}` });
            assert.equal(status, 202, `message ${n}`);
        }
    }));
}

// Every row at Genesys, page by page: numbers of messages by contact.
async function arrivals(world, count) {
    const byContact = new Map();
    let seen = 0;
    await until(`${count} messages at Genesys`, async () => {
        const rows = await world.control(`messages?after=${seen}&limit=2000`);
        for (const row of rows) {
            const contact = row.channel.from.id;
            if (!byContact.has(contact))
                byContact.set(contact, []);
            byContact.get(contact).push(Number(row.text.split(' ')[0]));
        }
        seen += rows.length;
        return seen >= count;
    }, 60000 + COUNT * 2);
    return byContact;
}

test(`${COUNT} messages while Genesys is down`, { timeout: 1200000 }, async (t) => {
    const world = await World.start({ program: PLAIN, logLevel: 'error', settings:
        `limits: { lane_memory: ${LANE_MEMORY} }\n` +
        'retry: { first: 100ms, ceiling: 1s, probe: 1s }' });
    t.after(() => world.stop());
    await world.fault({ route: 'any', status: 503 });
    const idle = memoryOf(world, 'VmRSS');

    const from = Date.now();
    await sendAll(world, 0, COUNT / 2);
    const peak = memoryOf(world, 'VmHWM');
    const sentMs = Date.now() - from;
    t.diagnostic(`${COUNT / 2} accepted in ${sentMs} ms, ${idle / MIB} MiB idle, ${
        peak / MIB} MiB at most, ${CEILING / MIB} MiB allowed on top`);
    assert.ok(peak - idle < CEILING, `${peak} bytes at most, ${idle} idle`);
    assert.equal(await world.metric('omgw_deliveries_pending'), COUNT / 2);

    // Busy machines are slow; but not three times in a row.
    const readyMs = [];
    for (let i = 0; i < 3 && !(Math.min(...readyMs) < 1000); i++) {
        await world.killGateway();
        const start = Date.now();
        await world.startGateway();
        readyMs.push(Date.now() - start);
    }
    t.diagnostic(`ready after ${readyMs} ms with ${COUNT / 2} waiting`);
    assert.ok(Math.min(...readyMs) < 1000, `ready after ${readyMs} ms`);

    await sendAll(world, COUNT / 2, COUNT);
    await until('probes meanwhile', async () => await world.metric('omgw_deliveries_total',
        'direction="inbound"', 'outcome="retry"') > 5);
    const second = memoryOf(world, 'VmHWM');
    assert.ok(second - idle < CEILING, `${second} bytes at most, ${idle} idle`);
    assert.equal(await world.metric('omgw_deliveries_pending'), COUNT);
    assert.equal((await world.messages()).length, 0);

    await world.clearFaults();
    const back = Date.now();
    const byContact = await arrivals(world, COUNT);
    await until('every outcome', async () =>
        await world.metric('omgw_deliveries_pending') === 0, 60000);
    const last = memoryOf(world, 'VmHWM');
    t.diagnostic(`all arrived ${Date.now() - back} ms after, ${last / MIB} MiB at most`);
    assert.ok(last - idle < CEILING, `${last} bytes at most, ${idle} idle`);

    assert.equal(byContact.size, CONTACTS);
    for (const [contact, numbers] of byContact) {
        const first = Number(contact.split('-')[1]);
        assert.deepEqual(numbers,
            Array.from({ length: COUNT / CONTACTS }, (_, i) => first + i * CONTACTS), contact);
    }
    assert.deepEqual(world.deadLetters(), []);
    assert.equal(await world.stopGateway(), 0);
});
