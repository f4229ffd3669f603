// A Graph API of our own for WhatsApp: takes messages, signs webhooks.
import { createHmac } from 'node:crypto';
import { request } from './partner.mjs';
import { Service } from './service.mjs';

export const APP_SECRET = 'flow-app-secret-0001';
export const ACCESS_TOKEN = 'EAAG-flow-token';
export const VERIFY_TOKEN = 'a word of the flow';
export const PHONE_NUMBER_ID = '200000000000002';

export class Graph extends Service {
    #number = 0;

    target(base, bridge) {
        this.webhook = `${base}/webhooks/channels/${bridge}`;
    }

    usual(call) {
        if (call.headers.authorization !== `Bearer ${ACCESS_TOKEN}`)
            return { status: 401, json: { error: { code: 190, message: 'Invalid token' } } };
        const to = call.json.to ?? call.json.recipient;
        return { json: { messaging_product: 'whatsapp', contacts: [{ input: to, wa_id: to }],
            messages: [{ id: `wamid.OUT${++this.#number}`, message_status: 'accepted' }] } };
    }

    post(value) {
        const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1',
            changes: [{ field: 'messages', value: { messaging_product: 'whatsapp',
                metadata: { phone_number_id: PHONE_NUMBER_ID }, ...value } }] }] });
        const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
        return request(this.webhook, { method: 'POST', body, headers: {
            'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` } });
    }

    messages(...messages) {
        return this.post({ messages });
    }

    says(from, text) {
        return this.messages({ from, id: `wamid.IN${++this.#number}`, timestamp: '1700000000',
            type: 'text', text: { body: text } });
    }

    status(id, status, to, errors) {
        return this.post({ statuses: [{ id, status, timestamp: '1700000003', recipient_id: to,
            ...(errors && { errors }) }] });
    }

    sent(to) {
        return this.calls.filter((call) => call.path.endsWith('/messages') &&
            (to === undefined || call.json.to === to));
    }

    shown(to) {
        return this.sent(to).filter((call) => call.answer.status === undefined)
            .map((call) => call.json.text?.body ?? call.json.interactive.body.text);
    }
}

export const graphError = (status, code) => ({ status,
    json: { error: { code, message: `(#${code}) no` } } });
