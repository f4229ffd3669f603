// The board and the journeys: what omgw does, as its log and the partner say it.
import { element } from './element.js';
import { Journey, span } from './journey.js';

const SHOWN = 40;
const FLY_MS = 420;
const HIT_MS = 260;
const BACK_MS = 8000; // how long the good news of the plug is shown

const $ = (id) => document.getElementById(id);
const isCalm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

// --- the board

function hit(node, tone) {
    node.style.setProperty('--hit', `var(--${tone})`);
    node.classList.add('hit');
    setTimeout(() => node.classList.remove('hit'), HIT_MS);
}

// From left to right is inbound, the upper lane. `reach`: how far it comes.
function fly(wire, isInbound, look, arrived, reach = 1) {
    if (isCalm() || document.hidden) {
        arrived?.();
        return;
    }
    const packet = element('b', `packet ${look}`);
    const lane = $(wire).children[isInbound ? 0 : 1];
    lane.append(packet);
    const [from, to] = isInbound ? [0, reach] : [1, 1 - reach];
    packet.animate([{ left: `${from * 100}%`, opacity: 1 },
        { left: `${to * 100}%`, opacity: reach < 1 ? 0 : 1 }],
    { duration: FLY_MS, easing: 'cubic-bezier(.4, 0, .3, 1)' }).onfinish = () => {
        packet.remove();
        arrived?.();
    };
}

const LEGS = { // of each direction: whose tone, first wire, second wire, where it ends
    inbound: ['customer', 'wire-partner', 'wire-genesys', 'node-genesys'],
    outbound: ['agent', 'wire-genesys', 'wire-partner', 'node-partner'],
};

function animate(direction, stop, state) {
    const [tone, first, second, end] = LEGS[direction];
    const isInbound = direction === 'inbound';
    const act = [
        () => fly(first, isInbound, tone, () => hit($('node-omgw'), tone)),
        () => hit($('kept'), tone),
        () => fly(second, isInbound, tone, null, state === 'waits' ? 0.45 : 1),
        () => hit($(end), tone),
        () => fly(first, !isInbound, 'receipt', () => hit($(isInbound ? 'node-partner' : 'node-genesys'), 'good')),
    ];
    act[stop]();
}

// Typing is told on, and never kept.
function animateTyping(direction) {
    const [tone, first, second] = LEGS[direction];
    const isInbound = direction === 'inbound';
    const look = `small ${tone}`;
    fly(first, isInbound, look, () => fly(second, isInbound, look));
}

// --- what happens

export class Way {
    constructor({ replay }) {
        this.replay = replay;
        this.byLocal = new Map();   // the partner's id of a message: its journey
        this.byMessage = new Map(); // omgw's id: the same
        this.early = new Map();     // omgw's id: log lines that came before the answer
        this.kept = 0;
        this.config = '';
    }

    start({ config, unplug_ms: unplugMs }) {
        this.config = config;
        this.unplug = `Unplug Genesys for ${span(unplugMs)}`;
        if (!this.isUnplugged)
            $('plugger').lastElementChild.textContent = this.unplug;
    }

    // --- from the partner

    said({ kind, local, webhook, text, at, target }, isPast) {
        if (kind === 'typing' && !isPast)
            animateTyping('inbound');
        if (kind === 'receipt')
            this.byMessage.get(target)?.notes(at, 'the phone says: delivered');
        if (kind !== 'text' && kind !== 'answer')
            return;
        const journey = this.#add('inbound', text, isPast);
        journey.knows({ webhook, config: this.config });
        journey.begins(at);
        journey.notes(at, `the partner signs ${webhook} and posts it`);
        this.byLocal.set(local, journey);
    }

    taken({ local, message, conversation, error, at }, isPast) {
        const journey = this.byLocal.get(local);
        if (!journey)
            return;
        if (!message) {
            journey.dies({ at, took_ms: 0, status: 0, reason: error });
            return;
        }
        this.#names(journey, message, conversation);
        for (const line of this.early.get(message) ?? [])
            this.log(line, isPast);
        this.early.delete(message);
    }

    got({ data, webhook, answered, at }, isPast) {
        const journey = this.#outbound(data.id, data.conversation, isPast);
        journey.knows({ webhook });
        journey.says(data.text ?? data.cards?.[0]?.title ?? 'a message');
        journey.notes(at, `the partner gets ${webhook}, finds it signed, and answers ${answered}`);
    }

    typing(event, isPast) {
        if (!isPast)
            animateTyping('outbound');
    }

    // --- from the gateway's log

    log(line, isPast) {
        const { event, direction, message, kind } = line;
        if (event === 'account.went_down' || event === 'account.came_back') {
            this.#queueAll();
            return;
        }
        if (event === 'dead_letters.replayed')
            this.#replayed(line.at);
        if (!message)
            return;
        if (direction === 'outbound' && event === 'webhook.accepted')
            this.#outbound(message, line.conversation, isPast);
        const journey = this.byMessage.get(message);
        if (!journey) {
            this.early.set(message, [...this.early.get(message) ?? [], line]);
            return;
        }
        journey.isPast = isPast;
        if (kind === 'receipt')
            this.#receipt(journey, line);
        else
            this.#step(journey, line);
        this.#count();
    }

    #step(journey, line) {
        switch (line.event) {
        case 'webhook.accepted':
            if (line.status === 'ok' && !journey.isKept) {
                journey.keeps(line.at, line.took_ms);
                this.kept += 1;
            }
            break;
        case 'delivery.sent':
            journey.answers(line);
            break;
        case 'delivery.failed':
            journey.waits(line);
            break;
        case 'delivery.died':
            journey.dies(line);
            break;
        default:
        }
        if (this.isUnplugged)
            this.#queueAll();
    }

    #receipt(journey, { event, at, reason, status }) {
        if (event !== 'delivery.sent')
            return; // tried again
        const who = journey.direction === 'inbound' ? 'the partner' : 'Genesys';
        journey.receipt(at, `${who} is told, and answers ${status}${reason ? `: ${reason}` : ''}`);
    }

    #replayed(at) {
        for (const journey of this.byMessage.values())
            if (journey.isDead)
                journey.replays(at);
    }

    // While the first of them is tried, the others stand in line.
    #queueAll() {
        for (const journey of this.byMessage.values())
            if (journey.direction === 'inbound' && !journey.isTried)
                journey.queues();
    }

    // --- the list

    #add(direction, text, isPast) {
        const journey = new Journey({ direction, text, isPast, hooks: {
            reached: (one, stop, state) => animate(one.direction, stop, state),
            replay: (one) => this.replay(one),
        } });
        $('empty').hidden = true;
        $('journeys').prepend(journey.element);
        while ($('journeys').childElementCount > SHOWN)
            $('journeys').lastElementChild.remove();
        return journey;
    }

    // The log and the partner both tell of it, either of them first.
    #outbound(message, conversation, isPast) {
        if (!this.byMessage.has(message))
            this.#names(this.#add('outbound', '…', isPast), message, conversation);
        return this.byMessage.get(message);
    }

    #names(journey, message, conversation) {
        journey.knows({ message, conversation, config: this.config });
        this.byMessage.set(message, journey);
    }

    #count() {
        const waiting = [...this.byMessage.values()].filter((one) => one.isKept && !one.isSettled);
        $('kept-count').textContent = this.kept;
        $('waiting').textContent = waiting.length > 0 ? `${waiting.length} waiting` : '';
    }

    // --- the plug

    plug({ plugged, until, at }, isPast) {
        this.isUnplugged = !plugged;
        clearInterval(this.timer);
        $('board').classList.toggle('unplugged', !plugged);
        $('plugger').dataset.play = plugged ? 'unplug' : 'plug';
        $('plugger').lastElementChild.textContent = plugged ? this.unplug : 'Plug it in now';
        $('plugger').style.setProperty('--left', 0);
        if (plugged) {
            this.#note('good', isPast ? '' : 'Plugged in again: what waited arrives, in order.');
            this.timer = setTimeout(() => this.#note('', ''), BACK_MS);
            return;
        }
        const left = element('span', '');
        left.setAttribute('aria-hidden', 'true');
        this.#note('', 'Genesys is unplugged. Write on: omgw keeps what comes.', left);
        const tick = () => {
            const ms = Math.max(0, until - Date.now());
            left.textContent = ` ${Math.ceil(ms / 1000)} s`;
            $('plugger').style.setProperty('--left', ms / (until - at));
        };
        tick();
        this.timer = setInterval(tick, 250);
    }

    #note(look, words, ...more) {
        $('note').className = look;
        $('note').replaceChildren(...words ? [words, ...more] : []);
    }
}
