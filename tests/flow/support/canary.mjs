// What is said in a test must not stand in the gateway's log or metrics: no text, no contact
// in full, no secret, no token.

// Shorter words occur by themselves.
const LEAST = 6;

const SAYING = ['text', 'payload', 'emoji', 'reason', 'message', 'name', 'first_name',
    'last_name', 'new_id', 'to'];

// What an event says and about whom, wherever it stands.
function* saidIn(value, name) {
    if (typeof value === 'string' && SAYING.includes(name))
        yield value;
    if (typeof value !== 'object' || value === null)
        return;
    if (['from', 'to'].includes(name) && typeof value.id === 'string')
        yield value.id;
    for (const [key, member] of Object.entries(value))
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

// What of it the lines tell: "WORD: LINE" each.
export function leaks({ secrets, events }, lines) {
    const words = new Set(secrets.flatMap((secret) => [...formsOf(secret)]));
    for (const event of events)
        for (const word of saidIn(event))
            words.add(word);
    return [...words].filter((word) => word.length >= LEAST).flatMap((word) =>
        lines.filter((line) => line.includes(word)).slice(0, 1)
            .map((line) => `${word}: ${line}`));
}
