// What a flow saw of each message, for the one history checker, the program history_check.
// The rules and the members of an event stand in tests/support/history.h.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export class History {
    constructor() {
        this.events = []; // of senders and gateway, in their order
        this.deaths = 0;
    }

    // A message is {lane, seq}; a lane is "contact>inbound" or "contact>outbound".
    sent(message) {
        this.events.push({ do: 'sent', ...message });
    }

    accepted(message) {
        this.events.push({ do: 'accepted', ...message });
    }

    died() {
        this.events.push({ do: 'died' });
        this.deaths++;
    }

    acceptedMessages() {
        return this.events.filter((event) => event.do === 'accepted');
    }

    // The violations, a line each. `arrived` is [{lane, seq, key, contact}] in order of arrival
    // at each peer. Peers and gateway share no clock: where a death stands between two copies
    // is not known, only how many there were.
    violations(arrived, build = process.env.OMGW_BUILD) {
        const lines = [...this.events, ...arrived.map((event) => ({ do: 'arrived', ...event }))]
            .map((event) => JSON.stringify(event));
        const run = spawnSync(join(build, 'tests/simulation/history_check'), ['--loose-deaths'],
            { input: `${lines.join('\n')}\n`, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
        if (run.status !== 0 && run.status !== 1)
            throw new Error(`history_check: ${run.error ?? run.stderr}`);
        return run.stdout.trimEnd().split('\n').slice(0, -1);
    }
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
