// What an agent or a bot can show: every kind arrives as it was ordered, and what no
// model or rule allows is refused with what is wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Emulated, INTEGRATION, Webhook } from './support/emulated.mjs';

const args = ['--requests-per-minute', '0'];

async function start(t) {
    const webhook = await Webhook.start(t);
    const emulated = await Emulated.start(t, { webhookUrl: webhook.url, args });
    const refusal = async (order) => {
        const answer = await emulated.tryControl('agent',
            { integrationId: INTEGRATION, to: 'ana', ...order });
        return [answer.status, answer.json.details?.[0]?.fieldName, answer.json.message];
    };
    return { webhook, emulated, refusal };
}

const reply = (text, payload = text) => ({ text, payload, action: 'Message' });
const postback = (text, payload = text) => ({ type: 'Postback', text, payload });
const link = (text, url = 'https://shop.example/') => ({ type: 'Link', text, url });
const card = (more = {}) => (
    { title: 'A shirt', actions: [postback('Buy'), link('Look')], ...more });
const hat = card({ title: 'A hat', actions: [postback('Take')] });
const template = (more = {}) => ({
    language: 'en', body: { text: 'Hi {{name}}', parameters: [{ name: 'name', text: 'Ana' }] },
    ...more,
});

// Source: open-messaging.md, section 4.4; schemas.json, ConversationMessageContent.
const KINDS = {
    Attachment: { attachment: { id: 'a-1', mediaType: 'File', mime: 'application/pdf',
        filename: 'terms.pdf', contentSizeBytes: 10240, url: 'https://files.example/1' } },
    QuickReply: { quickReply: { ...reply('Yes', 'y'), image: 'https://x.example/y.png' } },
    QuickReplyV2: { quickReplyV2: { title: 'Sure?', actions: [reply('Yes'), reply('No')] } },
    Card: { card: card({ description: 'Blue', image: 'https://x.example/shirt.png',
        defaultAction: link('Open') }) },
    Carousel: { carousel: { cards: [card(), hat] } },
    DatePicker: { datePicker: { title: 'When?', subtitle: 'In March',
        imageUrl: 'https://x.example/c.png', dateMinimum: '2026-03-01T00:00:00.000Z',
        dateMaximum: '2026-03-31T00:00:00Z', dateDisplayFormat: 'dayMonthYear',
        availableTimes: [{ dateTime: '2026-03-02T09:00:00Z', duration: 1800 }],
        location: { text: 'The shop', latitude: 59.91, longitude: 10 } } },
    ListPicker: { listPicker: { id: 'l', receivedMessage: { title: 'Which?' },
        replyMessage: { title: 'You chose' }, sections: [{ title: 'Colours',
            multipleSelection: false,
            items: [{ id: '1', title: 'Blue', subtitle: 'as the sea', imageUrl: 'https://x/b' }],
        }] } },
    Notification: { template: template({ id: 'cannedresponse@1',
        header: { type: 'Text', text: 'News', parameters: [] }, footer: { text: 'Bye' },
        buttons: [{ type: 'QuickReply', index: 0, text: 'Stop', payload: 'stop' },
            { type: 'Url', index: 1, text: 'Look', url: 'https://shop.example/' },
            { type: 'PhoneNumber', index: 2, text: 'Call', phoneNumber: '+4722000000' }] }) },
    Location: { location: { address: 'Main street 1', latitude: -1.5, longitude: 2 } },
    Text: { text: { body: 'words' } },
    Story: { story: { type: 'Mention', url: 'https://x.example/s' } },
    Reactions: { reactions: [{ reactionType: 'Like', count: 2 }] },
    ButtonResponse: { buttonResponse: { type: 'ListPicker', text: 'Blue', payload: '1' } },
    InteractiveApplication: { interactiveApplication: { any: 'thing' } },
    PaymentRequest: { paymentRequest: {} },
    PaymentResponse: { paymentResponse: {} },
    Push: { push: {} },
    Form: { form: {} },
    NotificationResponse: { notificationResponse: {} },
    RichLink: {},
    Unknown: { whatever: 1 },
};

test('every kind of content reaches the webhook as it was ordered', async (t) => {
    const { webhook, emulated } = await start(t);
    for (const [contentType, member] of Object.entries(KINDS)) {
        webhook.received.length = 0;
        await emulated.agent('ana', { text: 'Please', content: [{ contentType, ...member }] });
        const [{ body }] = await webhook.until(1);
        assert.deepEqual(body.content, [{ contentType, ...member }], contentType);
        assert.equal(body.type, contentType === 'Attachment' ? 'Text' : 'Structured');
        assert.equal(body.originatingEntity, contentType === 'Attachment' ? 'Human' : 'Bot');
        assert.equal(body.text, 'Please');
    }
});

test('a content type may be left out where a member tells it', async (t) => {
    const { webhook, emulated, refusal } = await start(t);
    for (const [contentType, member] of Object.entries(KINDS)) {
        if (['RichLink', 'Unknown'].includes(contentType))
            continue;
        webhook.received.length = 0;
        await emulated.agent('ana', { content: [member] });
        const [{ body }] = await webhook.until(1);
        assert.deepEqual(body.content, [{ contentType, ...member }], contentType);
    }
    assert.deepEqual((await refusal({ content: [{ hologram: {} }] })).slice(0, 2),
        [400, 'content[0].contentType']);
});

test('quick replies can be ordered by their labels', async (t) => {
    const { webhook, emulated } = await start(t);
    await emulated.agent('ana', { text: 'Sure?', quickReplies: ['Yes', 'No "thanks"'],
        content: [{ card: card() }] });
    const [{ body }] = await webhook.until(1);
    assert.deepEqual(body.content, [
        { contentType: 'Card', card: card() },
        { contentType: 'QuickReply', quickReply: reply('Yes') },
        { contentType: 'QuickReply', quickReply: reply('No "thanks"') },
    ]);
});

const of = (name, value) => ({ content: [{ [name]: value }] });
const without = (object, name) => ({ ...object, [name]: undefined });

const WRONG = [
    ['a label that is empty', { quickReplies: ['Yes', ''] }, 'quickReplies[1]'],
    ['a label that is no text', { quickReplies: [{ text: 'Yes' }] }, 'quickReplies[0]'],
    ['labels that are no list', { quickReplies: 'Yes' }, 'quickReplies'],
    ['content that is no list', { content: { card: card() } }, 'content'],
    ['a type without its member', { content: [{ contentType: 'Card' }] }, 'content[0].card'],
    ['a type with the member of another', { content: [{ contentType: 'Carousel', card: card() }] },
        'content[0].carousel'],
    ['a second member', { content: [{ card: card(), text: { body: 'x' } }] }, 'content[0].text'],
    ['a member that is no object', of('card', 'A shirt'), 'content[0].card'],
    ['two attachments', { content: [KINDS.Attachment, KINDS.Attachment] }, 'content'],
    ['an attachment of no media type', of('attachment', { url: 'https://x/' }),
        'content[0].attachment.mediaType'],
    ['an attachment of an unknown media type', of('attachment', { mediaType: 'Smell' }),
        'content[0].attachment.mediaType'],
    ['an attachment above 25 MB', of('attachment', { mediaType: 'File',
        contentSizeBytes: 25 * 1024 * 1024 + 1 }), 'content[0].attachment.contentSizeBytes'],
    ['a size below nothing', of('attachment', { mediaType: 'File', contentSizeBytes: -1 }),
        'content[0].attachment.contentSizeBytes'],
    ['a quick reply without payload', of('quickReply', { text: 'Yes' }),
        'content[0].quickReply.payload'],
    ['a quick reply without text', of('quickReply', { payload: 'y' }),
        'content[0].quickReply.text'],
    ['a quick reply of another action', of('quickReply', { ...reply('Yes'), action: 'Dance' }),
        'content[0].quickReply.action'],
    ['a second form without title', of('quickReplyV2', { actions: [reply('Yes')] }),
        'content[0].quickReplyV2.title'],
    ['a second form without actions', of('quickReplyV2', { title: 'x', actions: [] }),
        'content[0].quickReplyV2.actions'],
    ['a second form with half an action', of('quickReplyV2', { title: 'x', actions: [reply('Yes'),
        { text: 'No' }] }), 'content[0].quickReplyV2.actions[1].payload'],
    ['a card without title', of('card', without(card(), 'title')), 'content[0].card.title'],
    ['a card without actions', of('card', without(card(), 'actions')), 'content[0].card.actions'],
    ['a link without url', of('card', card({ actions: [{ type: 'Link', text: 'Look' }] })),
        'content[0].card.actions[0].url'],
    ['a postback without payload', of('card', card({ actions: [{ type: 'Postback', text: 'B' }] })),
        'content[0].card.actions[0].payload'],
    ['a button without text', of('card', card({ actions: [{ type: 'Postback', payload: 'b' }] })),
        'content[0].card.actions[0].text'],
    ['a button of an unknown type', of('card', card({ actions: [{ type: 'Jump', text: 'x' }] })),
        'content[0].card.actions[0].type'],
    ['a default action that leads nowhere', of('card', card({ defaultAction: { type: 'Link' } })),
        'content[0].card.url'],
    ['one button twice', of('card', card({ actions: [postback('Buy'), postback('Buy')] })),
        'content[0].card.actions'],
    ['one button in two cards', of('carousel', { cards: [card(), card()] }),
        'content[0].carousel.cards[0].actions'],
    ['a carousel without cards', of('carousel', { cards: [] }), 'content[0].carousel.cards'],
    ['a carousel with half a card', of('carousel', { cards: [card(), { title: 'x' }] }),
        'content[0].carousel.cards[1].actions'],
    ['a date that is none', of('datePicker', { dateMinimum: 'tomorrow' }),
        'content[0].datePicker.dateMinimum'],
    ['a time that is none', of('datePicker', { availableTimes: [{ dateTime: '9 o\'clock' }] }),
        'content[0].datePicker.availableTimes[0].dateTime'],
    ['a duration below nothing', of('datePicker', { availableTimes: [{ duration: -1 }] }),
        'content[0].datePicker.availableTimes[0].duration'],
    ['dates the wrong way round', of('datePicker', { dateMinimum: '2026-03-02T00:00:00Z',
        dateMaximum: '2026-03-01T00:00:00Z' }), 'content[0].datePicker.dateMaximum'],
    ['an unknown form of dates', of('datePicker', { dateDisplayFormat: 'moonPhase' }),
        'content[0].datePicker.dateDisplayFormat'],
    ['a latitude in words', of('location', { latitude: 'north' }), 'content[0].location.latitude'],
    ['a section that is none', of('listPicker', { sections: ['x'] }),
        'content[0].listPicker.sections[0]'],
    ['a choice of many that is no choice', of('listPicker', { sections: [{
        multipleSelection: 'yes' }] }), 'content[0].listPicker.sections[0].multipleSelection'],
    ['a template without body', of('template', { language: 'en' }), 'content[0].template.body'],
    ['a body without parameters', of('template', { body: { text: 'x' } }),
        'content[0].template.body.parameters'],
    ['a parameter without text', of('template', { body: { parameters: [{ name: 'x' }] } }),
        'content[0].template.body.parameters[0].text'],
    ['a header of an unknown type', of('template', template({ header: { type: 'Loud' } })),
        'content[0].template.header.type'],
    ['a header with no media', of('template', template({ header: { type: 'Media' } })),
        'content[0].template.header.media'],
    ['a header with no text', of('template', template({ header: { type: 'Text' } })),
        'content[0].template.header.text'],
    ['a button without index', of('template', template({ buttons: [{ type: 'Url' }] })),
        'content[0].template.buttons[0].index'],
    ['a button with no number', of('template', template({ buttons: [
        { type: 'PhoneNumber', index: 0 }] })), 'content[0].template.buttons[0].phoneNumber'],
    ['a button with no address', of('template', template({ buttons: [{ type: 'Url', index: 0 }] })),
        'content[0].template.buttons[0].url'],
    ['a reaction without count', of('reactions', [{ reactionType: 'Like' }]),
        'content[0].reactions[0].count'],
    ['a text without body', of('text', {}), 'content[0].text.body'],
];

test('content that no model or rule allows is refused with its field', async (t) => {
    const { webhook, emulated, refusal } = await start(t);
    for (const [name, order, field] of WRONG) {
        const [status, found, message] = await refusal(order);
        assert.deepEqual([status, found], [400, field], `${name}: ${message}`);
        assert.ok(message.length > 10, name);
    }
    assert.deepEqual(await emulated.control('outbound'), []);
    assert.equal(webhook.received.length, 0);
});
