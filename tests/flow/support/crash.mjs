// kill -9 at random under load in both directions, and what came of it.
import { until } from './process.mjs';
import { History, generator } from './history.mjs';

const CONTACTS = 10;
// Between two messages of a customer: load, but not more than a run can remember.
const PACE_MS = 20;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const parse = (text) => {
    const [contact, seq] = text.split(':');
    return { contact, seq: Number(seq) };
};

// How far a run is: `over`, no new messages; `abandoned`, it failed and nothing counts.
class Run {
    over = false;
    abandoned = false;
}

// A customer: one message after the other, each repeated until it has its 2xx.
async function customer(world, contact, history, random, run) {
    for (let seq = 0; !run.over; seq++) {
        const message = { lane: `${contact}>inbound`, seq };
        const data = { id: `${contact}-${seq}`, from: { id: contact },
            text: `${contact}:${seq}` };
        history.sent(message);
        for (;;) {
            const answer = await world.partner.send('message.created', data,
                { id: `msg-${contact}-${seq}` }).catch(() => ({ status: 0 }));
            if (run.abandoned)
                return;
            if (answer.status === 200 || answer.status === 202)
                break;
            await pause(5);
        }
        history.accepted(message);
        await pause(random() * PACE_MS);
    }
}

// The webhooks of Genesys that the gateway has accepted, followed as they are listed.
class Accepted {
    constructor(world) {
        this.world = world;
        this.row = 0;
        this.ids = new Set(); // Genesys message ids
    }

    async look() {
        const rows = await this.world.control(`webhooks?after=${this.row}`);
        for (const row of rows)
            if (row.status === 200)
                this.ids.add(row.id);
        this.row += rows.length;
    }
}

// An agent: the next message of a contact goes when the one before was accepted. Genesys
// gives a webhook up after its retries: then it was not accepted, and the agent goes on.
async function agents(world, contacts, history, run) {
    const accepted = new Accepted(world);
    const turns = contacts.map((contact) => ({ contact, seq: 0, id: null, since: 0 }));
    while (!run.abandoned && (!run.over || turns.some((turn) => turn.id !== null))) {
        await accepted.look();
        for (const turn of turns) {
            const message = { lane: `${turn.contact}>outbound`, seq: turn.seq };
            if (turn.id !== null && accepted.ids.delete(turn.id)) {
                history.accepted(message);
                turn.id = null;
                turn.seq++;
            } else if (turn.id !== null && Date.now() - turn.since > 15000) {
                turn.id = null;
                turn.seq++;
            }
            if (turn.id === null && !run.over) {
                history.sent({ lane: `${turn.contact}>outbound`, seq: turn.seq });
                turn.id = (await world.agent(turn.contact, `${turn.contact}:${turn.seq}`)).id;
                turn.since = Date.now();
            }
        }
        await pause(10);
    }
}

// What came to both peers, taken from them as it comes, so that they need not keep it.
class Arrivals {
    constructor(world) {
        this.world = world;
        this.row = 0;
        this.inbound = [];
        this.outbound = [];
        this.copies = new Map(); // id -> how many came
        this.have = new Set();   // "lane seq"
    }

    #add(list, id, event) {
        list.push(event);
        this.copies.set(id, (this.copies.get(id) ?? 0) + 1);
        this.have.add(`${event.lane} ${event.seq}`);
    }

    async look() {
        const rows = await this.world.control(`messages?after=${this.row}`);
        this.row += rows.length;
        for (const row of rows) {
            const { contact, seq } = parse(row.text);
            this.#add(this.inbound, row.channel.messageId, { lane: `${contact}>inbound`, seq,
                key: `${row.channel.messageId} ${row.channel.time}`,
                contact: row.channel.from.id });
        }
        const { partner } = this.world;
        for (const event of partner.received.splice(0)) {
            if (event.type !== 'agent.message')
                continue;
            const { contact, seq } = parse(event.data.text);
            this.#add(this.outbound, event.id, { lane: `${contact}>outbound`, seq,
                key: event.id, contact: event.data.to.id });
        }
        partner.seen.length = 0;
        partner.sent.length = 0;
        this.world.agentSaid.length = 0;
    }

    has({ lane, seq }) {
        return this.have.has(`${lane} ${seq}`);
    }

    all() {
        return [...this.inbound, ...this.outbound];
    }

    // A copy that nobody counted as a possible duplicate.
    uncounted() {
        const counted = new Map(this.world.sql('SELECT message, sum(possible_duplicates) AS ' +
            'counted FROM v_deliveries WHERE possible_duplicates > 0 GROUP BY message')
            .map((row) => [row.message, row.counted]));
        return [...this.copies].filter(([id, count]) => count - 1 > (counted.get(id) ?? 0))
            .map(([id, count]) => `${id}: ${count} copies, ${counted.get(id) ?? 0} counted`);
    }
}

// The options of a world that is killed again and again.
export const crashWorld = {
    emulator: ['--retry-delay-ms', '1500'],
    settings: 'retry: { first: 50ms, ceiling: 500ms }',
};

// Kills the world's gateway so often; resolves to what was found, when all has come that was
// accepted, or after a minute. readyMs: from each new process to its being ready, in order.
export async function crashLoop(t, world, { kills, seed }) {
    const random = generator(seed);
    const history = new History();
    const arrivals = new Arrivals(world);
    const contacts = Array.from({ length: CONTACTS }, (_, i) => `contact-${i}`);
    const run = new Run();
    t.after(() => { // also when an assertion fails
        run.over = true;
        run.abandoned = true;
    });
    const drivers = [
        ...contacts.map((contact) => customer(world, contact, history, random, run)),
        agents(world, contacts, history, run),
    ];
    for (const driver of drivers)
        driver.catch(() => {}); // of an abandoned one; the others are awaited below
    const readyMs = [];
    const moments = generator(seed + 1); // of their own: the customers' turns vary
    for (let round = 0; round < kills; round++) {
        await pause(100 + moments() * 700);
        await world.killGateway();
        history.died();
        const from = performance.now();
        await world.startGateway();
        readyMs.push(Math.round(performance.now() - from));
        await arrivals.look();
    }
    await pause(300);
    run.over = true;
    await Promise.all(drivers);

    let missing = history.acceptedMessages();
    await until('everything accepted to arrive', async () => {
        await arrivals.look();
        missing = missing.filter((message) => !arrivals.has(message));
        return missing.length === 0;
    }, 60000, 200).catch(() => {}); // the checker says what is missing
    const arrived = arrivals.all();
    const found = history.violations(arrived);
    await until('every outcome', async () =>
        await world.metric('omgw_deliveries_pending') === 0);
    readyMs.sort((a, b) => a - b);
    const accepted = history.acceptedMessages().length;
    t.diagnostic(`accepted ${accepted}, arrived ${arrived.length}, kills ${history.deaths}, ` +
        `violations ${found.length}, ready after ${readyMs[0]} / ${
            readyMs[Math.floor(readyMs.length / 2)]} / ${readyMs.at(-1)} ms`);
    return { accepted, violations: [...found, ...arrivals.uncounted()], readyMs };
}
