// The history checker: from what was accepted, what arrived and when the gateway was killed,
// says which promises were broken. Pure; its own tests are in history.test.mjs.
//
//   accepted  [{lane, seq}]                 in order of acceptance (a 2xx was seen)
//   sent      [{lane, seq}]                 everything that was ever tried
//   arrived   [{lane, seq, key, contact}]   in order of arrival at the peer
//   kills     how often the gateway died; lost: answers the peer dropped (default 0)
//
// A lane is "contact>direction"; seq counts from 0 within it; key is the idempotency key.
export function violations({ accepted, sent, arrived, kills = 0, lost = 0 }) {
    const found = [];
    const tried = new Set(sent.map(({ lane, seq }) => `${lane} ${seq}`));
    const copies = new Map(); // "lane seq" -> [keys]
    const last = new Map();   // lane -> highest seq that arrived first
    const extra = new Map();  // lane -> copies beyond the first

    for (const { lane, seq, key, contact } of arrived) {
        const name = `${lane} ${seq}`;
        if (!tried.has(name))
            found.push(`phantom: ${name} was never sent`);
        if (contact !== undefined && contact !== lane.split('>')[0])
            found.push(`cross-talk: ${name} arrived for ${contact}`);
        const keys = copies.get(name);
        if (keys === undefined) {
            copies.set(name, [key]);
            if (seq < (last.get(lane) ?? -1))
                found.push(`order: ${name} arrived after ${last.get(lane)}`);
            last.set(lane, Math.max(seq, last.get(lane) ?? -1));
            continue;
        }
        keys.push(key);
        if (key !== keys[0])
            found.push(`key: a copy of ${name} has another idempotency key`);
        extra.set(lane, (extra.get(lane) ?? 0) + 1);
        if (seq < last.get(lane))
            found.push(`order: a copy of ${name} arrived after ${last.get(lane)}`);
    }
    for (const { lane, seq } of accepted)
        if (!copies.has(`${lane} ${seq}`))
            found.push(`loss: ${lane} ${seq} was accepted and never arrived`);
    for (const [lane, count] of extra)
        if (count > kills + lost)
            found.push(`repeats: ${count} in lane ${lane}, ${kills} kills, ${lost} lost`);
    return found;
}

// A small seeded generator (mulberry32): the seed is printed, the run replays by it.
export function generator(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}
