// A Messaging API of our own for LINE: takes pushes once per retry key, signs webhooks.
import { createHmac } from 'node:crypto';
import { request } from './partner.mjs';
import { Service } from './service.mjs';

export const CHANNEL_SECRET = 'flow-channel-secret-0001';
export const ACCESS_TOKEN = 'flow-line-access-token';
export const BOT = 'U0123456789abcdef0123456789abcdef';

export const signatureOf = (body, secret = CHANNEL_SECRET) =>
    createHmac('sha256', secret).update(body).digest('base64');

export class LineApi extends Service {
    #number = 0;
    endpoint = { endpoint: '', active: true };
    tested = { success: true, statusCode: 200, reason: 'OK', detail: '200' };
    #accepted = new Map(); // retry key -> the answer to its first push
    #files = new Map();    // message id -> {bytes, type}

    target(base, bridge) {
        this.webhook = `${base}/webhooks/channels/${bridge}`;
    }

    usual(call) {
        if (call.headers.authorization !== `Bearer ${ACCESS_TOKEN}`)
            return lineError(401, 'Authentication failed');
        if (call.path === '/v2/bot/info')
            return { json: { userId: BOT, basicId: '@216ru', displayName: 'Shop',
                chatMode: 'bot', markAsReadMode: 'auto' } };
        if (call.path.startsWith('/v2/bot/channel/webhook/'))
            return this.#webhook(call);
        if (call.method === 'GET')
            return this.#fileOf(call);
        return call.path.endsWith('/message/push') ? this.take(call) : { json: {} };
    }

    #fileOf(call) {
        const [, id] = call.path.match(/^\/v2\/bot\/message\/(\d+)\/content$/) ?? [];
        const file = this.#files.get(id);
        return file === undefined ? lineError(404, 'Not found')
            : { bytes: file.bytes, headers: { 'content-type': file.type } };
    }

    // A message with a file, which LINE has.
    shows(userId, content, bytes, type) {
        const event = this.message(userId, { contentProvider: { type: 'line' }, ...content });
        this.#files.set(event.message.id, { bytes, type });
        return this.post([event]);
    }

    // The test call is made by whoever plays LINE: `tested` is what came of it.
    #webhook(call) {
        if (call.path.endsWith('/test'))
            return { json: { timestamp: '2026-02-03T09:15:00Z', ...this.tested } };
        if (call.method === 'PUT')
            this.endpoint = { endpoint: call.json.endpoint, active: true };
        return { json: call.method === 'PUT' ? {} : this.endpoint };
    }

    // LINE shows a push once, whatever becomes of the answer.
    take(call) {
        const key = call.headers['x-line-retry-key'];
        const before = this.#accepted.get(key);
        if (before !== undefined)
            return { ...lineError(409, 'The retry key is already accepted', before),
                headers: { 'x-line-accepted-request-id': key } };
        const sent = { sentMessages: call.json.messages.map(() =>
            ({ id: `4610000000000${++this.#number}`, quoteToken: `q-${this.#number}` })) };
        call.isShown = true;
        this.#accepted.set(key, sent);
        return { json: sent };
    }

    // The next pushes that match are shown, and their answers lost; or never come: hang.
    loseAnswers(matches, { times = 1, hang = false } = {}) {
        let left = times;
        this.answers.push((call) => {
            if (left === 0 || !matches(call))
                return undefined;
            left--;
            return { ...this.take(call), hang, drop: true };
        });
    }

    async post(events, { secret = CHANNEL_SECRET, body } = {}) {
        const text = body ?? JSON.stringify({ destination: BOT, events });
        const begin = performance.now();
        const answer = await request(this.webhook, { method: 'POST', body: text, headers: {
            'content-type': 'application/json', 'x-line-signature': signatureOf(text, secret) } });
        return { ...answer, tookMs: performance.now() - begin };
    }

    event(type, userId, members) {
        const number = ++this.#number;
        return { type, mode: 'active', timestamp: 1700000000000 + number,
            webhookEventId: `01HF${String(number).padStart(22, '0')}`,
            deliveryContext: { isRedelivery: false },
            source: { type: 'user', userId }, ...members };
    }

    message(userId, content) {
        return this.event('message', userId, { replyToken: 'rt-1',
            message: { id: `5000000000000${++this.#number}`, quoteToken: 'q-1', ...content } });
    }

    says(userId, text) {
        return this.post([this.message(userId, { type: 'text', text })]);
    }

    sent(to) {
        return this.calls.filter((call) => call.path.endsWith('/message/push') &&
            (to === undefined || call.json.to === to));
    }

    // The texts that the person sees, in order.
    shown(to) {
        return this.sent(to).filter((call) => call.isShown)
            .flatMap((call) => call.json.messages.map((m) => m.text ?? m.altText));
    }
}

export const lineError = (status, message, more) => ({ status, json: { message, ...more } });
