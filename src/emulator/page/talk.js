// The messages of one conversation, as elements.
import { clock, element, icon } from './element.js';

const MARKS = { // state of a message: icon, text, look
    queued: ['clock', 'Sending', ''],
    sent: ['tick', 'Sent', ''],
    failed: ['alarm', 'Not taken by the webhook', 'bad'],
    'delivery-success': ['ticks', 'Delivered', 'good'],
    'delivery-failed': ['alarm', 'Failed', 'bad'],
    published: ['tick', 'Published', ''],
    removed: ['alarm', 'Removed', ''],
};

function options(labels) {
    const shown = labels.filter(Boolean);
    return shown.length === 0 ? '' :
        element('div', 'options', ...shown.map((label) => element('span', '', label)));
}

function card({ title, description, actions }) {
    return element('div', 'card', element('b', '', title ?? ''),
        description ? element('p', '', description) : '',
        options((actions ?? []).map((action) => action.text ?? action.url)));
}

function rest({ contentType, attachment }) {
    return element('div', 'picked', attachment ?
        `${attachment.mediaType}: ${attachment.filename ?? attachment.url}` : contentType);
}

// Quick replies come one an item, and are shown in one row.
function parts(content) {
    const replies = content.flatMap(({ quickReply, quickReplyV2 }) => (
        quickReply ? [quickReply.text] : (quickReplyV2?.actions ?? []).map(({ text }) => text)));
    const titles = content.map(({ quickReplyV2 }) => quickReplyV2?.title).filter(Boolean);
    const cards = content.flatMap((item) => item.card ?? item.carousel?.cards ?? []);
    const others = content.filter((item) => (
        !item.quickReply && !item.quickReplyV2 && !item.card && !item.carousel));
    return [...titles, ...cards.map(card), ...others.map(rest), options(replies)];
}

function mark(state) {
    const [shape, text, look] = MARKS[state] ?? [];
    return text ? element('span', look, icon(shape), text) : '';
}

// `isFresh`: it came while the conversation was looked at.
export function message({ direction, body, state, at }, isFresh) {
    const isMine = direction === 'outbound';
    const bubble = element('div', 'bubble', body.text ? element('span', '', body.text) : '',
        ...parts(body.content ?? []));
    if (body.buttonResponse)
        bubble.append(element('span', 'picked', icon('reply'), body.buttonResponse.text));
    const item = element('li', isMine ? 'out' : 'in', bubble, element('small', 'meta',
        isMine ? 'You' : 'Customer', ' · ', clock(at), mark(state)));
    item.classList.toggle('fresh', isFresh);
    return item;
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
