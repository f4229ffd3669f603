// The messages of one conversation, as elements.
import { clock, element, icon } from './element.js';
import { answer, dropped, parts } from './parts.js';

const MARKS = { // state of a message: icon, text, look
    queued: ['clock', 'Sending', ''],
    sent: ['tick', 'Sent', ''],
    failed: ['alarm', 'Not taken by the webhook', 'bad'],
    'delivery-success': ['ticks', 'Delivered', 'good'],
    'delivery-failed': ['alarm', 'Failed', 'bad'],
    published: ['tick', 'Published', ''],
    removed: ['alarm', 'Removed', ''],
};

function mark(state) {
    const [shape, text, look] = MARKS[state] ?? [];
    return text ? element('span', look, icon(shape), text) : '';
}

// `isFresh`: it came while the conversation was looked at. `chosen`: payloads of its
// buttons that were answered.
export function message({ direction, body, state, at }, isFresh, chosen) {
    const isMine = direction === 'outbound';
    const bubble = element('div', 'bubble', body.text ? element('span', '', body.text) : '',
        ...parts(body.content ?? [], chosen), ...dropped(body.dropped ?? []));
    if (body.buttonResponse)
        bubble.append(answer(body.buttonResponse));
    const item = element('li', isMine ? 'out' : 'in', bubble, element('small', 'meta',
        isMine ? 'You' : 'Customer', ' · ', clock(at), mark(state)));
    item.classList.toggle('fresh', isFresh);
    return item;
}

// By the id of a message: the payloads its buttons were answered with.
export function answersOf(timeline) {
    const answers = new Map();
    for (const { body: { buttonResponse, originatingMessageId: id } } of timeline) {
        if (buttonResponse)
            answers.set(id, new Set([...answers.get(id) ?? [], buttonResponse.payload]));
    }
    return answers;
}

// What the customer is called in the latest message that says so.
export function nameOf({ contact, timeline }) {
    const said = timeline.filter(({ direction }) => direction === 'inbound').reverse();
    for (const { body } of said) {
        const { nickname, firstName, lastName } = body.channel?.from ?? {};
        const name = nickname ?? [firstName, lastName].filter(Boolean).join(' ');
        if (name)
            return name;
    }
    return contact;
}
