// One message on its way through omgw: five stops, and what is known of each.
import { element, icon } from './element.js';

const STOPS = ['Webhook', 'Kept', 'Sent', 'Answered', 'Receipt'];
const [WEBHOOK, KEPT, SENT, ANSWERED, RECEIPT] = STOPS.keys();
const SIGNS = { done: 'tick', bad: 'cross', waits: 'clock' };
const WHO = { inbound: 'Customer', outbound: 'Agent' };
const PACE_MS = 260; // between two stops in the picture

export function span(ms) {
    if (ms < 1000)
        return `${Math.max(0, Math.round(ms))} ms`;
    return `${(ms / 1000).toFixed(ms % 1000 < 50 ? 0 : 1)} s`;
}

function momentOf(at) {
    const time = new Date(at);
    return `${time.toLocaleTimeString([], { hour12: false })}.${
        String(time.getMilliseconds()).padStart(3, '0')}`;
}

function stop(name) {
    return element('li', '', element('span', ''), element('b', '', name), element('small', ''));
}

export class Journey {
    // `hooks`: reached(journey, stop) when the picture gets there, replay(journey).
    constructor({ direction, text, isPast, hooks }) {
        Object.assign(this, { direction, isPast, hooks, queue: [], ids: {}, begin: null });
        this.isKept = false;
        this.isSettled = false; // for good, as far as is known
        this.isDead = false;
        this.isTried = false; // and got no answer
        this.stops = STOPS.map(stop);
        this.preview = element('span', 'preview');
        this.took = element('span', 'took');
        this.verdict = element('p', 'said-of');
        this.verdict.hidden = true;
        this.idLine = element('span', 'id');
        this.log = element('dl', 'log');
        this.command = element('code', 'command');
        this.element = element('li', `journey ${direction}`,
            element('header', '', element('span', 'from', WHO[direction]), this.preview, this.took),
            element('ol', 'stops', ...this.stops), this.verdict,
            element('details', '', element('summary', '', this.idLine), this.log, this.command));
        this.element.classList.toggle('fresh', !isPast);
        this.says(text);
    }

    says(text) {
        this.preview.textContent = text;
        this.preview.title = text;
    }

    // Ids as they become known: webhook, message, conversation.
    knows(ids) {
        Object.assign(this.ids, ids);
        const { webhook, message, conversation, config } = this.ids;
        const id = message ?? webhook ?? '';
        this.idLine.textContent = `${id.slice(0, 8)}…${id.slice(-4)}${
            conversation ? ` · conversation ${conversation}` : ''}`;
        this.command.textContent = `omgw trace ${message ?? webhook} --config ${config}`;
    }

    notes(at, words) {
        this.log.append(element('dt', '', momentOf(at)), element('dd', '', words));
    }

    // --- the stops

    begins(at) {
        if (this.begin !== null)
            return;
        this.begin = at;
        this.#reach(WEBHOOK, 'done', 'signed');
    }

    keeps(at, tookMs) {
        this.begins(at - tookMs);
        this.isKept = true;
        this.#reach(KEPT, 'done', this.#after(at));
        this.notes(at, `committed to disk ${span(tookMs)} after the first byte, then answered 202`);
    }

    answers({ at, took_ms: tookMs, status, attempts }) {
        this.isSettled = true;
        this.#reach(SENT, 'done', this.#after(at - tookMs));
        this.#reach(ANSWERED, 'done', this.#after(at));
        this.took.textContent = span(at - this.begin);
        this.notes(at, `answered ${status} in ${span(tookMs)}${
            attempts > 1 ? `, at try ${attempts}` : ''}`);
        this.#judge('', '');
    }

    waits({ at, attempts, reason }) {
        this.isTried = true;
        this.#reach(SENT, 'waits', `try ${attempts}`);
        this.notes(at, `try ${attempts}: ${reason}`);
        this.#judge('', 'No answer. It is kept, and tried again.');
    }

    // Behind another message of the same contact that waits.
    queues() {
        if (!this.isSettled && this.isKept)
            this.#reach(SENT, 'waits', 'in line');
    }

    dies({ at, took_ms: tookMs, status, reason }) {
        this.isSettled = true;
        this.isDead = true;
        this.#reach(SENT, 'done', this.#after(at - tookMs));
        this.#reach(ANSWERED, 'bad', `${status || 'none'}`);
        this.notes(at, reason);
        const again = element('button', '', icon('again'), 'Replay it');
        again.type = 'button';
        again.onclick = () => this.hooks.replay(this);
        this.#judge('bad', 'Refused: a dead letter, kept with its reason.', again);
    }

    replays(at) {
        this.isSettled = false;
        this.isDead = false;
        this.notes(at, 'replayed by an operator');
        for (const at of [SENT, ANSWERED, RECEIPT])
            this.#reach(at, '', '');
        this.#judge('', 'Replayed: it goes once more.');
    }

    receipt(at, words) {
        this.#reach(RECEIPT, this.isDead ? 'bad' : 'done', this.isDead ? 'Failed' : this.#after(at));
        this.notes(at, words);
    }

    #judge(look, words, ...more) {
        this.verdict.hidden = words === '';
        this.verdict.className = `said-of ${look}`;
        this.verdict.replaceChildren(words, ...more);
    }

    #after(at) {
        return `+${span(at - this.begin)}`;
    }

    // --- the picture, which is slower than omgw

    #reach(at, state, small) {
        const step = { at, state, small };
        if (this.isPast) {
            this.#show(step);
            return;
        }
        this.queue.push(step);
        if (this.queue.length === 1)
            this.#next();
    }

    #next() {
        this.#show(this.queue[0]);
        setTimeout(() => {
            this.queue.shift();
            if (this.queue.length > 0)
                this.#next();
        }, PACE_MS);
    }

    #show({ at, state, small }) {
        const item = this.stops[at];
        const [circle, , text] = item.children;
        const isNew = item.className !== state;
        item.className = state;
        text.textContent = small;
        if (isNew)
            circle.replaceChildren(...state ? [icon(SIGNS[state])] : []);
        if (!this.isPast && state && (isNew || state === 'waits'))
            this.hooks.reached(this, at, state);
    }
}
