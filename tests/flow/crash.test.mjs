// kill -9 at random under load in both directions: nothing lost, order kept, nobody gets
// another's message, at most one repeat per lane and kill.
//
// OMGW_KILLS (default 20) rounds, OMGW_SEED replays a run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomInt } from 'node:crypto';
import { World } from './support/world.mjs';
import { until } from './support/process.mjs';
import { History, generator } from './support/history.mjs';

const KILLS = Number(process.env.OMGW_KILLS ?? 20);
const SEED = Number(process.env.OMGW_SEED ?? randomInt(2 ** 31));
const CONTACTS = 10;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A customer: one message after the other, each repeated until it has its 2xx.
async function customer(world, contact, history, isOver) {
    for (let seq = 0; !isOver(); seq++) {
        const message = { lane: `${contact}>inbound`, seq };
        const data = { id: `${contact}-${seq}`, from: { id: contact },
            text: `${contact}:${seq}` };
        history.sent(message);
        for (;;) {
            const answer = await world.partner.send('message.created', data,
                { id: `msg-${contact}-${seq}` }).catch(() => ({ status: 0 }));
            if (answer.status === 200 || answer.status === 202)
                break;
            await pause(5);
        }
        history.accepted(message);
    }
}

// The webhooks of Genesys that the gateway has accepted, followed as they are listed.
class Accepted {
    constructor(world) {
        this.world = world;
        this.row = 0;
        this.ids = new Map(); // Genesys message id -> last status
    }

    async look() {
        const rows = await this.world.control(`webhooks?after=${this.row}`);
        for (const row of rows)
            if (this.ids.get(row.id) !== 200)
                this.ids.set(row.id, row.status);
        this.row += rows.length;
    }
}

// An agent: the next message of a contact goes when the one before was accepted. Genesys
// gives a webhook up after its retries: then it was not accepted, and the agent goes on.
async function agents(world, contacts, history, isOver) {
    const accepted = new Accepted(world);
    const turns = contacts.map((contact) => ({ contact, seq: 0, id: null, since: 0 }));
    while (!isOver() || turns.some((turn) => turn.id !== null)) {
        await accepted.look();
        for (const turn of turns) {
            const message = { lane: `${turn.contact}>outbound`, seq: turn.seq };
            if (turn.id !== null && accepted.ids.get(turn.id) === 200) {
                history.accepted(message);
                turn.id = null;
                turn.seq++;
            } else if (turn.id !== null && Date.now() - turn.since > 15000) {
                turn.id = null;
                turn.seq++;
            }
            if (turn.id === null && !isOver()) {
                history.sent({ lane: `${turn.contact}>outbound`, seq: turn.seq });
                turn.id = (await world.agent(turn.contact, `${turn.contact}:${turn.seq}`)).id;
                turn.since = Date.now();
            }
        }
        await pause(10);
    }
}

// A copy that nobody counted as a possible duplicate.
function uncounted(world, rows) {
    const copies = new Map();
    for (const id of [...rows.map((row) => row.channel.messageId),
        ...world.partner.of('agent.message').map((event) => event.id)])
        copies.set(id, (copies.get(id) ?? 0) + 1);
    const counted = new Map(world.sql('SELECT message, sum(possible_duplicates) AS counted ' +
        'FROM v_deliveries GROUP BY message').map((row) => [row.message, row.counted]));
    return [...copies].filter(([id, count]) => count - 1 > (counted.get(id) ?? 0))
        .map(([id, count]) => `${id}: ${count} copies, ${counted.get(id)} counted`);
}

function arrivals(world, rows) {
    const parse = (text) => {
        const [contact, seq] = text.split(':');
        return { contact, seq: Number(seq) };
    };
    const inbound = rows.map((row) => {
        const { contact, seq } = parse(row.text);
        return { lane: `${contact}>inbound`, seq, key: `${row.channel.messageId} ${row.channel.time}`,
            contact: row.channel.from.id };
    });
    const outbound = world.partner.of('agent.message').map((event) => {
        const { contact, seq } = parse(event.data.text);
        return { lane: `${contact}>outbound`, seq, key: event.id, contact: event.data.to.id };
    });
    return [...inbound, ...outbound];
}

test(`kill -9, ${KILLS} rounds, seed ${SEED}`, { timeout: 900000 }, async (t) => {
    const random = generator(SEED);
    const world = await World.start({
        emulator: ['--retry-delay-ms', '1500'],
        settings: 'retry: { first: 50ms, ceiling: 500ms }',
    });
    t.after(() => world.stop());
    const history = new History();
    const contacts = Array.from({ length: CONTACTS }, (_, i) => `contact-${i}`);
    let over = false;
    t.after(() => { over = true; }); // also when an assertion fails
    const isOver = () => over;
    const drivers = [
        ...contacts.map((contact) => customer(world, contact, history, isOver)),
        agents(world, contacts, history, isOver),
    ];

    const readyMs = [];
    for (let round = 0; round < KILLS; round++) {
        await pause(100 + random() * 700);
        await world.killGateway();
        history.died();
        const from = Date.now();
        await world.startGateway();
        readyMs.push(Date.now() - from);
    }
    await pause(300);
    over = true;
    await Promise.all(drivers);

    let rows = [];
    await until('everything accepted to arrive', async () => {
        rows = await world.messages();
        const have = new Set(arrivals(world, rows).map(({ lane, seq }) => `${lane} ${seq}`));
        return history.acceptedMessages().every(({ lane, seq }) => have.has(`${lane} ${seq}`));
    }, 60000, 200).catch(() => {}); // the checker says what is missing
    const arrived = arrivals(world, rows);
    const found = history.violations(arrived);
    const accepted = history.acceptedMessages().length;
    readyMs.sort((a, b) => a - b);
    t.diagnostic(`accepted ${accepted}, arrived ${arrived.length}, kills ${
        history.deaths}, ready after ${readyMs[0]}..${readyMs.at(-1)} ms`);
    assert.deepEqual(found.slice(0, 20), []);
    await until('every outcome', async () =>
        await world.metric('omgw_deliveries_pending') === 0);
    assert.deepEqual(uncounted(world, rows), []);
    assert.ok(accepted > KILLS * 5, 'there was load');
    assert.equal(await world.stopGateway(), 0);
});
