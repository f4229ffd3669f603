// The customer's phone: an app of the partner, which the demo's server is.
import { clock, element, icon } from './element.js';

const HINTS = ['Hello, where is my order?', 'The number is 4711.', 'Thank you!'];
const TYPING_EVERY_MS = 4000;
const MARKS = { // of a line of the customer: icon, words, look
    sending: ['clock', 'Sending', ''],
    kept: ['tick', 'Kept by omgw', ''],
    accepted: ['ticks', 'With the agent', 'read'],
    failed: ['alarm', 'Not sent', 'bad'],
};

const $ = (id) => document.getElementById(id);

export class Phone {
    // `say(body)` posts what the customer does.
    constructor({ say }) {
        this.say = say;
        this.lines = new Map(); // the partner's id of a message: its mark
        this.typedAt = 0;
        $('pad').onsubmit = (event) => this.#submit(event);
        $('line').oninput = () => this.#type();
        $('hints').append(...HINTS.map((text) => this.#button(text, () => this.say({ text }))));
        new ResizeObserver(() => this.#toEnd()).observe($('chat'));
        this.#tickClock();
    }

    #tickClock() {
        $('time').textContent = clock(Date.now());
        setTimeout(() => this.#tickClock(), 5000);
    }

    #button(text, pressed) {
        const button = element('button', '', text);
        button.type = 'button';
        button.onclick = () => pressed(button);
        return button;
    }

    #submit(event) {
        event.preventDefault();
        const text = $('line').value.trim();
        if (text === '')
            return;
        $('line').value = '';
        this.typedAt = 0;
        this.say({ text });
    }

    #type() {
        if ($('line').value === '' || Date.now() - this.typedAt < TYPING_EVERY_MS)
            return;
        this.typedAt = Date.now();
        this.say({ typing: true });
    }

    // --- what is on the screen

    #add(isPast, look, ...content) {
        const item = element('li', look, ...content);
        item.classList.toggle('fresh', !isPast);
        $('chat').insertBefore(item, this.dots ?? null);
        this.#toEnd();
    }

    #toEnd() {
        $('chat').scrollTop = $('chat').scrollHeight;
    }

    #mark(local, name) {
        const [shape, words, look] = MARKS[name];
        const mark = this.lines.get(local);
        if (!mark || mark.dataset.state === 'accepted')
            return;
        mark.dataset.state = name;
        mark.className = `mark ${look}`;
        mark.replaceChildren(words, icon(shape));
        this.#toEnd();
    }

    said({ kind, local, text }, isPast) {
        if (kind !== 'text' && kind !== 'answer')
            return;
        const mark = element('small', 'mark');
        this.#add(isPast, 'own', element('div', 'say', text), mark);
        this.lines.set(local, mark);
        this.#mark(local, 'sending');
    }

    taken({ local, message }) {
        this.#mark(local, message ? 'kept' : 'failed');
    }

    status({ data }) {
        this.#mark(data.id, data.status === 'accepted' ? 'accepted' : 'failed');
    }

    got({ data, answered }, isPast) {
        this.#stopTyping();
        if (answered !== 200) {
            this.#add(isPast, 'notice', 'Ana has blocked this number: a message was not taken');
            return;
        }
        const content = data.text ? [element('div', 'say', data.text)] : [];
        for (const card of data.cards ?? [])
            content.push(this.#card(data.id, card));
        if (data.quick_replies)
            content.push(this.#choices(data.id, data.quick_replies));
        this.#add(isPast, '', ...content);
    }

    // Pressed once: the others are then no longer on offer.
    #press(to, { text, payload }, button) {
        const all = button.closest('li').querySelectorAll('button');
        for (const one of all)
            one.disabled = true;
        button.setAttribute('aria-pressed', 'true');
        this.say({ answer: { to, payload, text } });
    }

    #choices(to, options) {
        return element('div', 'choices', ...options.map((option) => (
            this.#button(option.text, (button) => this.#press(to, option, button)))));
    }

    #card(to, { title, description, image, actions }) {
        const card = element('div', 'bubble-card');
        if (image) {
            const picture = element('img');
            picture.src = image;
            picture.alt = '';
            card.append(picture);
        }
        card.append(element('div', '', element('b', '', title),
            description ? element('p', '', description) : ''));
        card.append(...(actions ?? []).filter(({ payload }) => payload !== undefined)
            .map((action) => this.#button(action.text, (button) => this.#press(to, action, button))));
        return card;
    }

    typing({ data }, isPast) {
        if (isPast)
            return;
        this.#stopTyping();
        this.dots = element('li', 'fresh', element('div', 'say typing dots',
            element('i'), element('i'), element('i')));
        this.dots.setAttribute('aria-hidden', 'true');
        $('chat').append(this.dots);
        this.#toEnd();
        $('presence').textContent = 'typing';
        this.timer = setTimeout(() => this.#stopTyping(), data.duration_ms);
    }

    #stopTyping() {
        clearTimeout(this.timer);
        this.dots?.remove();
        this.dots = null;
        $('presence').textContent = 'online';
    }
}
