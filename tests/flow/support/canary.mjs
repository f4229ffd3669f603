// What is said in a test must not stand in what is written about it: no text, no contact in
// full, no secret, no token in the gateway's log, its metrics or a trace.
//
// Every world says canaries beside what its test says: in headers and members that omgw does
// not know, and in a header that it adds to what it sends.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const CANARIES = {
    header: 'canary-in-a-header-of-the-partner',
    bearer: 'canary-in-a-token-of-the-partner',
    member: 'canary-in-a-member-that-nobody-knows',
    ours: 'canary-in-a-header-to-the-partner',
};

// Shorter words occur by themselves.
const LEAST = 6;

// What looks like an OAuth token of the emulator, whose texts nobody is told.
export const TOKEN = /\b[0-9a-f]{64}\b/;

const SAYING = ['text', 'payload', 'emoji', 'reason', 'message', 'name', 'first_name',
    'last_name'];

// What an event says ("texts") and about whom ("contacts"), wherever it stands.
function* saidIn(value, name) {
    if (typeof value === 'string' && SAYING.includes(name))
        yield ['texts', value];
    if (typeof value === 'string' && ['to', 'new_id'].includes(name))
        yield ['contacts', value];
    if (typeof value !== 'object' || value === null)
        return;
    if (['from', 'to'].includes(name) && typeof value.id === 'string')
        yield ['contacts', value.id];
    for (const [key, member] of Object.entries(value))
        if (name !== 'answer' || key !== 'to') // a message's id
            yield* saidIn(member, name === 'attributes' ? 'text' : key);
}

// A secret as it is written and as it is used.
function* formsOf(secret) {
    yield secret;
    if (secret.startsWith('whsec_')) {
        yield secret.slice(6);
        yield Buffer.from(secret.slice(6), 'base64').toString('latin1');
    }
}

const worth = (words) => [...new Set(words)].filter((word) => word.length >= LEAST);

// {secrets, texts, contacts}: the words that must not be told.
export function wordsOf({ secrets, events }) {
    const said = { texts: [], contacts: [] };
    for (const event of events)
        for (const [kind, word] of saidIn(event))
            said[kind].push(word);
    return { secrets: worth(secrets.flatMap((secret) => [...formsOf(secret)])),
        texts: worth(said.texts), contacts: worth(said.contacts) };
}

// Those words that the text holds, "WORD: LINE" each. By the beginnings of the words, since
// there may be many thousands of both.
export function wordsIn(words, text) {
    const byStart = new Map();
    for (const word of words) {
        const start = word.slice(0, LEAST);
        byStart.set(start, [...(byStart.get(start) ?? []), word]);
    }
    const found = new Map();
    for (let at = 0; byStart.size > 0 && at + LEAST <= text.length; at++)
        for (const word of byStart.get(text.slice(at, at + LEAST)) ?? [])
            if (!found.has(word) && text.startsWith(word, at))
                found.set(word, text.slice(text.lastIndexOf('\n', at) + 1,
                    (text.indexOf('\n', at) + 1 || text.length + 1) - 1));
    return [...found].map(([word, line]) => `${word}: ${line}`);
}

// What of it the lines tell.
export function leaks(said, lines) {
    const { secrets, texts, contacts } = wordsOf(said);
    return wordsIn([...secrets, ...texts, ...contacts], lines.join('\n'));
}

// --- what the suite looks through at its end ----------------------------------------------

// With OMGW_LEFT every process of the tests leaves there what it wrote, every page of metrics
// that was read, and every world the words that must not be in them: see tests/canaries.
export function leave(name, text) {
    const folder = process.env.OMGW_LEFT;
    if (!folder)
        return;
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
}
