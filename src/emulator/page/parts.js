// What a message shows beside its words, as elements.
import { element, icon } from './element.js';

const KILO = 1000;

export function size(bytes) {
    if (!bytes)
        return '';
    const units = ['bytes', 'kB', 'MB'];
    const power = Math.min(Math.floor(Math.log(bytes) / Math.log(KILO)), units.length - 1);
    const digits = power === 0 ? 0 : 1;
    return `${(bytes / KILO ** power).toFixed(digits)} ${units[power]}`;
}

const day = (time) => new Date(time).toLocaleString([], {
    dateStyle: 'medium', timeStyle: 'short' });

// --- files

// The path below which the emulator has the file of that address itself; or nothing.
function ownPath(url = '') {
    const found = /\/(?:api\/v2\/downloads|_emulator\/files)\/([0-9a-f-]{36}\/[^/?#]+)$/.exec(url);
    return found && `_emulator/files/${found[1]}`;
}

function pathOf({ id, url, fetched }) {
    if (fetched)
        return ownPath(fetched.path);
    const path = ownPath(url);
    return path?.includes(`/${id}/`) ? path : null;
}

const SHOWN = { // by the kind of media: how it is shown in its place
    Image(path, name) {
        const made = element('img');
        Object.assign(made, { src: path, alt: name, loading: 'lazy' });
        return made;
    },
    Video(path, name) {
        const made = element('video');
        Object.assign(made, { src: path, controls: true, preload: 'metadata' });
        made.setAttribute('aria-label', name);
        return made;
    },
    Audio(path, name) {
        const made = element('audio');
        Object.assign(made, { src: path, controls: true, preload: 'metadata' });
        made.setAttribute('aria-label', name);
        return made;
    },
};

function download(path, name) {
    const link = element('a', '', name);
    Object.assign(link, { href: path, download: name });
    return link;
}

function elsewhere(url, text) {
    if (!/^https?:\/\//.test(url ?? ''))
        return element('span', '', text);
    const link = element('a', '', text);
    Object.assign(link, { href: url, target: '_blank', rel: 'noreferrer' });
    return link;
}

// Why there is nothing to show of it, as far as that is known.
function trouble({ fetched, url }, path) {
    if (fetched?.why)
        return element('small', 'bad', `could not be fetched: ${fetched.why}`);
    if (!fetched && !path && url)
        return element('small', '', 'not fetched');
    return '';
}

export function attachment(item) {
    const path = pathOf(item);
    const name = item.filename || `${item.mediaType ?? 'File'}`;
    const made = element('figure', 'file');
    const show = path && SHOWN[item.mediaType];
    if (show)
        made.append(show(path, name));
    made.append(element('figcaption', '', icon('file'),
        path ? download(path, name) : elsewhere(item.url, name),
        element('small', '', size(item.fetched?.bytes ?? item.contentSizeBytes)),
        trouble(item, path)));
    if (item.text)
        made.append(element('p', '', item.text));
    return made;
}

// --- options: {label, payload}; `chosen` has the payloads that were answered

function option({ label, payload }, chosen) {
    const isChosen = chosen.has(payload);
    const made = element('span', isChosen ? 'chosen' : '', label);
    if (isChosen)
        made.append(icon('tick'), element('span', 'unseen', ' (chosen)'));
    return made;
}

function options(list, chosen) {
    const shown = list.filter(({ label }) => label);
    return shown.length === 0 ? '' :
        element('div', 'options', ...shown.map((item) => option(item, chosen)));
}

const asOption = ({ text, payload, url, phoneNumber }) => (
    { label: text || payload || url || phoneNumber, payload: payload ?? text });

// --- the other kinds

function picture(url, title) {
    const path = ownPath(url);
    return path ? SHOWN.Image(path, title) : elsewhere(url, 'Picture');
}

function card({ title, description, image, actions }, chosen) {
    return element('div', 'card', image ? picture(image, title ?? '') : '',
        element('b', '', title ?? ''),
        description ? element('p', '', description) : '',
        options((actions ?? []).map(asOption), chosen));
}

function titled(className, title, subtitle, ...rest) {
    return element('div', className, title ? element('b', '', title) : '',
        subtitle ? element('p', '', subtitle) : '', ...rest);
}

function section({ title, items, multipleSelection }) {
    return element('div', '', title ? element('small', '', title) : '',
        element('ul', multipleSelection ? 'several' : '', ...(items ?? []).map((item) => (
            element('li', '', item.title ?? '',
                item.subtitle ? element('small', '', item.subtitle) : '')))));
}

function listPicker({ receivedMessage = {}, sections = [] }) {
    return titled('card picker', receivedMessage.title, receivedMessage.subtitle,
        ...sections.map(section));
}

function datePicker({ title, subtitle, dateMinimum, dateMaximum, availableTimes = [] }) {
    const span = [dateMinimum, dateMaximum].filter(Boolean).map(day).join(' to ');
    return titled('card picker', title, subtitle, span ? element('p', '', span) : '',
        element('ul', '', ...availableTimes.map(({ dateTime, duration }) => (
            element('li', '', dateTime ? day(dateTime) : '',
                duration ? element('small', '', `${Math.round(duration / 60)} minutes`) : '')))));
}

function filled({ text = '', parameters = [] } = {}) {
    const values = new Map(parameters.map((parameter) => [parameter.name, parameter.text]));
    return text.replace(/\{\{\s*([^{}]*?)\s*\}\}/g, (words, name) => values.get(name) ?? words);
}

function template({ header, body, footer, buttons = [] }, chosen) {
    return titled('card', header?.text ? filled(header) : '', '',
        header?.media ? attachment(header.media) : '',
        element('span', '', filled(body)),
        footer?.text ? element('p', '', footer.text) : '',
        options(buttons.map(asOption), chosen));
}

function location({ text, address, url, latitude, longitude }) {
    const words = text || address || `${latitude}, ${longitude}`;
    return element('div', 'picked', elsewhere(url, words));
}

function part(item, chosen) {
    if (item.attachment)
        return attachment(item.attachment);
    if (item.card)
        return card(item.card, chosen);
    if (item.carousel)
        return element('div', 'carousel', ...item.carousel.cards.map((one) => card(one, chosen)));
    if (item.listPicker)
        return listPicker(item.listPicker);
    if (item.datePicker)
        return datePicker(item.datePicker);
    if (item.template)
        return template(item.template, chosen);
    if (item.location)
        return location(item.location);
    if (item.text?.body)
        return element('span', '', item.text.body);
    return element('div', 'picked', item.contentType ?? 'Content');
}

// Quick replies come one an item, and are shown in one row.
export function parts(content, chosen) {
    const replies = content.flatMap(({ quickReply, quickReplyV2 }) => (
        quickReply ? [quickReply] : quickReplyV2?.actions ?? []));
    const titles = content.map(({ quickReplyV2 }) => quickReplyV2?.title).filter(Boolean);
    const others = content.filter(({ quickReply, quickReplyV2 }) => !quickReply && !quickReplyV2);
    return [...titles, ...others.map((item) => part(item, chosen)),
        options(replies.map(asOption), chosen)];
}

const ANSWERS = { QuickReply: 'Quick reply', Button: 'Button', DatePicker: 'Date' };

export function answer({ type, text, payload }) {
    const isTime = type === 'DatePicker' && !Number.isNaN(Date.parse(text));
    return element('div', 'picked', icon('reply'),
        element('span', '', isTime ? day(text) : text),
        element('small', '', [ANSWERS[type], payload === text ? '' : payload]
            .filter(Boolean).join(' · ')));
}

export function dropped(content) {
    return content.map((item) => {
        const { filename, mime } = item.attachment;
        return element('div', 'picked bad', icon('alarm'),
            `${filename ?? 'A file'} was dropped: ${mime} is not let in`);
    });
}
