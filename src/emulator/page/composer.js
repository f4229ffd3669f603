// What an agent can send: the fields of each kind, and what they order.
import { element } from './element.js';

const CARDS_MAX = 10;
const TIMES_MAX = 20;
const LENGTHS = [15, 30, 45, 60, 90];

// --- fields

function named(control, label, name, more) {
    Object.assign(control, { name, placeholder: label, ...more });
    control.setAttribute('aria-label', label);
    return control;
}

const line = (label, name, more = {}) => (
    named(element('input'), label, name, { type: 'text', maxLength: 200, ...more }));
const lines = (label, name, more = {}) => (
    named(element('textarea'), label, name, { rows: 2, ...more }));

function tick(text, name) {
    const box = element('input');
    Object.assign(box, { type: 'checkbox', name });
    return element('label', 'tick', box, text);
}

// A button that adds one more of something behind what is there, as long as it may.
function adder(text, most, make) {
    const button = element('button', 'adder', text);
    button.type = 'button';
    button.onclick = () => {
        const count = button.parentElement.querySelectorAll('.one').length;
        button.before(make(count + 1));
        button.hidden = count + 1 >= most;
        button.previousElementSibling.querySelector('input').focus();
    };
    return button;
}

const BUTTONS = 'Buttons, one a line; an address behind the words makes it a link';

function cardFields(number) {
    const name = number ? `card ${number}` : 'the card';
    const isFirst = !number || number === 1;
    return element('div', 'one',
        line(`Title of ${name}`, 'title', { required: isFirst }),
        line(number ? `Description of ${name}` : 'Description', 'description'),
        line(number ? `Picture of ${name} (an address)` : 'Picture (an address)', 'image',
            { type: 'url', maxLength: 2000 }),
        lines(number ? `${BUTTONS} (${name})` : BUTTONS, 'buttons'));
}

function timeFields(number) {
    const when = line(`Time ${number}`, 'when', { type: 'datetime-local', required: number === 1 });
    const length = named(element('select'), `Length of time ${number}`, 'length', {});
    length.append(...LENGTHS.map((minutes) => new Option(`${minutes} minutes`, minutes * 60)));
    return element('div', 'one time', when, length);
}

// --- what they order

const read = (box, name) => box.querySelector(`[name="${name}"]`).value.trim();
const readLines = (box, name) => read(box, name).split('\n').map((text) => text.trim())
    .filter(Boolean);
const parts = (box) => [...box.querySelectorAll('.one')];

// "Look https://shop.example" -> ["Look", "https://shop.example"]
const labelAndUrl = (text) => /^(.+?)\s+(https?:\/\/\S+)$/.exec(text)?.slice(1) ?? [text];

function cardAction(text) {
    const [label, url] = labelAndUrl(text);
    return url ? { type: 'Link', text: label, url } : { type: 'Postback', text, payload: text };
}

function readCard(box) {
    const [description, image] = [read(box, 'description'), read(box, 'image')];
    return {
        title: read(box, 'title'),
        ...(description && { description }),
        ...(image && { image }),
        actions: readLines(box, 'buttons').map(cardAction),
    };
}

// "Blue: as the sea" -> title and subtitle
function readItem(text, index) {
    const [title, ...rest] = text.split(': ');
    const subtitle = rest.join(': ');
    return { id: `${index + 1}`, title, ...(subtitle && { subtitle }) };
}

function readList(box) {
    const section = read(box, 'section');
    return {
        receivedMessage: { title: read(box, 'title') },
        sections: [{
            ...(section && { title: section }),
            multipleSelection: box.querySelector('[name="several"]').checked,
            items: readLines(box, 'items').map(readItem),
        }],
    };
}

function readTimes(box) {
    return parts(box).filter((one) => read(one, 'when')).map((one) => ({
        dateTime: new Date(read(one, 'when')).toISOString(),
        duration: Number(read(one, 'length')),
    }));
}

function templateButton(text, index) {
    const [label, url] = labelAndUrl(text);
    return url ? { type: 'Url', index, text: label, url } :
        { type: 'QuickReply', index, text, payload: text };
}

function readParameter(text) {
    const [name, ...rest] = text.split('=');
    return { name: name.trim(), text: rest.join('=').trim() };
}

function readTemplate(box) {
    const [header, footer] = [read(box, 'header'), read(box, 'footer')];
    const buttons = readLines(box, 'buttons').map(templateButton);
    return {
        language: 'en',
        ...(header && { header: { type: 'Text', text: header } }),
        body: { text: read(box, 'body'), parameters: readLines(box, 'values').map(readParameter) },
        ...(footer && { footer: { text: footer } }),
        ...(buttons.length > 0 && { buttons }),
    };
}

async function upload(box) {
    const [file] = box.querySelector('[name="file"]').files;
    const query = new URLSearchParams({ name: file.name, ...(file.type && { type: file.type }) });
    const response = await fetch(`_emulator/files?${query}`, { method: 'POST', body: file });
    const answer = await response.json();
    if (!response.ok)
        throw new Error(answer.message ?? answer.detail ?? `HTTP ${response.status}`);
    return answer.id;
}

// --- the kinds: their fields, and from the box that holds these what to order

export const KINDS = {
    text: { fields: () => [], order: () => ({}) },
    file: {
        fields: () => [line('File', 'file', { type: 'file', required: true })],
        order: async (box) => ({ file: await upload(box) }),
    },
    replies: {
        fields: () => [lines('Buttons, one a line; the customer picks one', 'labels',
            { required: true })],
        order: (box) => ({ quickReplies: readLines(box, 'labels') }),
    },
    card: {
        fields: () => [cardFields()],
        order: (box) => ({ content: [{ card: readCard(box) }] }),
    },
    carousel: {
        fields: () => [cardFields(1), cardFields(2), adder('Add a card', CARDS_MAX, cardFields)],
        order: (box) => ({ content: [{ carousel: {
            cards: parts(box).map(readCard).filter(({ title }) => title) } }] }),
    },
    list: {
        fields: () => [
            line('Title of the list', 'title', { required: true }),
            line('Title of the section', 'section'),
            lines('Items, one a line; what follows ": " is said below', 'items',
                { required: true }),
            tick('Several may be chosen', 'several'),
        ],
        order: (box) => ({ content: [{ listPicker: readList(box) }] }),
    },
    dates: {
        fields: () => [
            line('Title of the choice', 'title', { required: true }),
            timeFields(1), adder('Add a time', TIMES_MAX, timeFields),
        ],
        order: (box) => ({ content: [{ datePicker: {
            title: read(box, 'title'), availableTimes: readTimes(box) } }] }),
    },
    template: {
        fields: () => [
            line('Header', 'header'),
            lines('Words of the template; {{name}} is filled in', 'body', { required: true }),
            lines('Values, one a line: name = Ana', 'values'),
            line('Footer', 'footer'),
            lines(BUTTONS, 'buttons'),
        ],
        order: (box) => ({ content: [{ template: readTemplate(box) }] }),
    },
};
