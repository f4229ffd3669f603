// Messenger and Instagram of our own: a Send API, people with their chats, and what both of
// them must show in the same way.
import assert from 'node:assert/strict';
import test from 'node:test';
import { FileHost, JPEG, PDF, PNG, download } from './files.mjs';
import { MetaService, VERIFY_TOKEN, graphError, openMeta } from './graph.mjs';
import { until } from './process.mjs';
import { textsOf } from './world.mjs';

export const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a3';
export const ANA = '6000000000000001';
export const BOB = '6000000000000002';

const services = {
    messenger: { object: 'page', account: '300000000000003', setting: 'page_id' },
    instagram: { object: 'instagram', account: '17840000000000004', setting: 'account_id' },
};

export class Pages extends MetaService {
    #number = 0;

    // As when the webhook has failed for an hour.
    unsubscribe() {
        this.#subscribed = '';
    }

    constructor(channel) {
        super();
        Object.assign(this, services[channel]);
    }

    #subscribed = '';

    takes(call) {
        const { pathname, searchParams } = new URL(call.path, this.url);
        if (pathname.endsWith(`/${this.account}`))
            return { json: { id: this.account, [searchParams.get('fields')]: 'Shop' } };
        if (pathname.endsWith('/subscribed_apps') && call.method === 'POST') {
            this.#subscribed = searchParams.get('subscribed_fields');
            return { json: { success: true } };
        }
        if (pathname.endsWith('/subscribed_apps'))
            return { json: { data: this.#subscribed === '' ? [] : [{ id: '1', name: 'Shop app',
                subscribed_fields: this.#subscribed.split(',') }] } };
        return { json: { recipient_id: call.json.recipient.id,
            ...(call.json.message && { message_id: `m_OUT${++this.#number}` }) } };
    }

    // One webhook with an entry for each of the items.
    items(...items) {
        return this.signed({ object: this.object, entry: items.map((item) => ({
            id: this.account, time: Date.now(), messaging: [item] })) });
    }

    item(from, what) {
        return { sender: { id: from }, recipient: { id: this.account }, timestamp: Date.now(),
            ...what };
    }

    post(from, what) {
        return this.items(this.item(from, what));
    }

    says(from, text, more) {
        return this.post(from, { message: { mid: `m_IN${++this.#number}`, text, ...more } });
    }

    // Of messages; those to one person.
    sent(to) {
        return this.calls.filter((call) => call.json?.message !== undefined &&
            (to === undefined || call.json.recipient.id === to));
    }

    shown(to) {
        return this.sent(to).filter((call) => call.answer.status === undefined)
            .map((call) => call.json.message.text);
    }
}

export const open = (t, channel, ...settings) => {
    const api = new Pages(channel);
    return openMeta(t, api, channel, INTEGRATION,
        [`${api.setting}: "${api.account}"`, ...settings]);
};

export const agent = (world, to, text, more) =>
    world.agent(to, text, { integrationId: INTEGRATION, ...more });

const quickReplies = (...labels) => ({ content: labels.map((text) => ({
    contentType: 'QuickReply', quickReply: { text, payload: `p-${text}`, action: 'Message' } })) });

const carousel = (...titles) => ({ content: [{ contentType: 'Carousel', carousel: {
    cards: titles.map((title) => ({ title, description: `about ${title}`, actions: [
        { type: 'Postback', text: `Buy ${title}`, payload: `buy-${title}` }] })) } }] });

const sends = (world, text, url, filename) => agent(world, ANA, text, { content: [
    { contentType: 'Attachment', attachment: { id: 'f-1', mediaType: 'File', filename, url } }] });

// What both services show in the same way.
export function scenarios(channel) {
    test('Meta checks the webhook, and only with the word agreed on', async (t) => {
        const { api } = await open(t, channel);
        const good = await api.verify(VERIFY_TOKEN);
        assert.deepEqual([good.status, good.body], [200, '123']);
        assert.equal((await api.verify('another word')).status, 403);
    });

    test('to who never wrote nothing is sent: the agent hears why', async (t) => {
        const { api, world } = await open(t, channel);
        const { id } = await agent(world, ANA, 'Hello');
        const [receipt] = await world.untilReceipts(1);
        assert.equal(receipt.id, id);
        assert.equal(receipt.status, 'Failed');
        assert.equal(receipt.reasons[0].code, 'MessageNotAllowed');
        assert.deepEqual(api.sent(), []);
    });

    test('no item is lost behind entry[0]; the odd one harms nobody', async (t) => {
        const { api, world } = await open(t, channel);
        const line = (from, mid, text) => api.item(from, { message: { mid, text } });
        const answer = await api.items(line(ANA, 'm_1', 'one'), line(BOB, undefined, 'no id'),
            line(ANA, 'm_2', 'two'), line(ANA, 'm_1', 'one'), line(BOB, 'm_3', 'three'));
        assert.equal(answer.status, 200);
        const rows = await world.untilMessages(3);
        assert.deepEqual(textsOf(rows, ANA), ['one', 'two']);
        assert.deepEqual(textsOf(rows, BOB), ['three']);
        assert.deepEqual(world.deadLetters().map((d) => d.reason), ['unreadable']);
    });

    test('what we sent comes back as an echo, and says nothing', async (t) => {
        const { api, world } = await open(t, channel);
        await api.post(api.account, { message: { mid: 'm_E', is_echo: true, text: 'Hello' } });
        await api.says(ANA, 'hola');
        const rows = await world.untilMessages(1);
        assert.deepEqual(rows.map((row) => row.text), ['hola']);
    });

    test('quick replies are buttons, and answer with their payload', async (t) => {
        const { api, world } = await open(t, channel);
        await api.says(ANA, 'hola');
        const { id } = await agent(world, ANA, 'Sure?', quickReplies('Yes', 'No'));
        await until('the question', () => api.sent(ANA).length === 1);
        const replies = api.sent(ANA)[0].json.message.quick_replies;
        assert.deepEqual(replies.map((r) => r.title), ['Yes', 'No']);
        await api.says(ANA, 'No', { quick_reply: { payload: replies[1].payload } });
        const rows = await world.untilMessages(2);
        assert.equal(rows[1].buttonResponse.payload, 'p-No');
        assert.equal(rows[1].originatingMessageId, id);
    });

    test('a carousel is one template, and its buttons answer', async (t) => {
        const { api, world } = await open(t, channel);
        await api.says(ANA, 'hola');
        await agent(world, ANA, 'Look:', carousel('chair', 'table'));
        await until('both parts', () => api.sent(ANA).length === 2);
        assert.equal(api.sent(ANA)[0].json.message.text, 'Look:');
        const { payload } = api.sent(ANA)[1].json.message.attachment;
        assert.deepEqual(payload.elements.map((e) => e.title), ['chair', 'table']);
        const [button] = payload.elements[1].buttons;
        await api.post(ANA, { postback: { mid: 'm_P', ...button } });
        const rows = await world.untilMessages(2);
        assert.equal(rows[1].buttonResponse.payload, 'buy-table');
    });

    test('files go both ways, and a link of Meta\'s goes nowhere', async (t) => {
        const { api, world } = await open(t, channel);
        const files = await new FileHost().start();
        t.after(() => files.stop());
        const url = files.put('/v/photo.jpg?oh=signed', JPEG, 'image/jpeg');
        await api.says(ANA, 'look', { attachments: [{ type: 'image', payload: { url } }] });
        const [row] = await world.untilMessages(1);
        assert.equal(row.text, 'look');
        const [{ attachment }] = row.content;
        assert.equal(attachment.mediaType, 'Image');
        assert.ok(!JSON.stringify(row).includes(files.url));
        assert.deepEqual((await download(attachment.url)).bytes, JPEG);

        await sends(world, 'our terms', files.put('/terms', PDF, 'application/pdf'), 'terms.pdf');
        await sends(world, 'and where', files.put('/map', PNG, 'image/png'), 'map.png');
        await until('all', () => api.sent(ANA).length === 4);
        const [terms, pdf, where, map] = api.sent(ANA).map((call) => call.json.message);
        assert.deepEqual([terms.text, where.text], ['our terms', 'and where']);
        assert.deepEqual([pdf.attachment.type, map.attachment.type], ['file', 'image']);
        for (const [message, bytes] of [[pdf, PDF], [map, PNG]]) {
            const { url: link } = message.attachment.payload;
            assert.ok(link.startsWith(`${world.base}/media/`), link);
            assert.deepEqual((await download(link)).bytes, bytes);
        }
    });

    test('what the service takes in no form is a link', async (t) => {
        const { api, world } = await open(t, channel);
        const files = await new FileHost().start();
        t.after(() => files.stop());
        await api.says(ANA, 'hola');
        const wall = Buffer.concat([PNG, Buffer.alloc(26000000)]);
        await sends(world, 'look', files.put('/wall', wall, 'image/png'), 'wall.png');
        await until('both', () => api.shown(ANA).length === 2);
        const [text, link] = api.shown(ANA);
        assert.equal(text, 'look');
        assert.match(link, /^wall\.png: http/);
        assert.ok(link.includes(`${world.base}/media/`), link);
    });

    test('an agent who types is shown as typing, once what was said is seen', async (t) => {
        const { api, world } = await open(t, channel, 'mark_seen: true');
        await api.says(ANA, 'hola');
        await world.control('agent', { integrationId: INTEGRATION, to: ANA,
            events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] });
        const calls = await api.untilCalls('both', (c) => c.json.sender_action !== undefined, 2);
        assert.deepEqual(calls.map((c) => c.json.sender_action), ['mark_seen', 'typing_on']);
    });

    test('who blocked us is told to the agent as failed; others go on', async (t) => {
        const { api, world } = await open(t, channel);
        await api.says(ANA, 'hola');
        await api.says(BOB, 'hola');
        api.next((c) => c.json.recipient.id === ANA,
            graphError(400, 551, { error_subcode: 1545041 }));
        const { id } = await agent(world, ANA, 'are you there?');
        const [receipt] = await world.untilReceipts(1);
        assert.equal(receipt.id, id);
        assert.equal(receipt.status, 'Failed');
        assert.equal(receipt.reasons[0].code, 'RecipientOptedOut');
        await agent(world, BOB, 'meanwhile');
        await until('the other', () => api.shown(BOB).length === 1);
    });

    test('a page that is too fast rests as long as it is told', async (t) => {
        const { api, world } = await open(t, channel);
        await api.says(ANA, 'hola');
        await api.says(BOB, 'hola');
        api.next((c) => c.json.recipient.id === ANA,
            { ...graphError(400, 613), headers: { 'retry-after': '2' } });
        await agent(world, ANA, 'one');
        await until('the first try', () => api.sent(ANA).length === 1);
        await agent(world, ANA, 'two');
        await agent(world, BOB, 'three');
        await until('all', () => api.shown().length === 3);
        assert.deepEqual(api.shown(ANA), ['one', 'two']);
        const [refused, ...rest] = api.sent();
        for (const again of rest)
            assert.ok(again.at - refused.at >= 1990, `after ${again.at - refused.at} ms`);
    });

    test('SIGTERM and kill -9 in the middle: order holds, at most one comes twice', async (t) => {
        const { api, world } = await open(t, channel);
        await api.says(ANA, 'hola');
        const lines = Array.from({ length: 8 }, (_, i) => `line ${i + 1}`);
        api.next((c) => c.json.message?.text === 'line 2', graphError(500, 2), 2);
        for (const line of lines)
            await world.agentSays(ANA, line, { integrationId: INTEGRATION });
        await until('the first', () => api.shown(ANA).length >= 1);
        assert.equal(await world.stopGateway(), 0);
        await world.startGateway();
        await until('some of it', () => api.shown(ANA).length >= 4);
        await world.killGateway();
        await world.startGateway();
        await until('all of it', () => new Set(api.shown(ANA)).size === lines.length);
        const shown = api.shown(ANA);
        assert.deepEqual(shown.filter((text, i) => shown.indexOf(text) === i), lines);
        assert.ok(shown.length <= lines.length + 1, `${shown.length - lines.length} came twice`);
    });
}
