// A Viber of our own: numbers messages beyond 2^53, answers errors with 200, signs events.
import { createHmac } from 'node:crypto';
import { request } from './partner.mjs';
import { Service } from './service.mjs';
import { GENESYS_SECRET, World } from './world.mjs';

export const AUTH_TOKEN = '4d2c000000000000-1111111111111111-2222222222222222';
export const OLD_TOKEN = '44dafb7e0f40021e-61a47a1e6778d187-f2c5a676a07050b3';

export const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a5';

// Tokens are texts here, and numbers on the wire: no number of JavaScript holds them.
const written = (value) => JSON.stringify(value)
    .replace(/"message_token":"(\d+)"/, '"message_token":$1');

export class Viber extends Service {
    #token = 5741311803571721086n;
    registered = { webhook: '', event_types: [] };
    answered = new Map(); // call -> the token it was given

    // Where the gateway listens for this bot.
    target(base, bridge) {
        this.webhook = `${base}/webhooks/channels/${bridge}`;
    }

    #next() {
        return String(++this.#token);
    }

    usual(call) {
        if (call.headers['x-viber-auth-token'] !== AUTH_TOKEN)
            return refusal(2, 'invalidAuthToken');
        if (call.path === '/set_webhook')
            return this.#register(call.json);
        if (call.path === '/get_account_info')
            return { json: { status: 0, status_message: 'ok', id: 'pa:1', name: 'Shop',
                ...this.registered } };
        if (call.path !== '/send_message')
            return refusal(99, 'no such method');
        this.answered.set(call, this.#next());
        return { text: written({ status: 0, status_message: 'ok',
            message_token: this.answered.get(call), chat_hostname: 'SN-CHAT-01_' }) };
    }

    // Answers when the webhook has given a sign of life.
    #register({ url, event_types: types }) {
        const answer = {};
        answer.held = this.event({ event: 'webhook' }).then(({ status }) => {
            Object.assign(answer, status === 200
                ? { json: { status: 0, status_message: 'ok', event_types: types } }
                : refusal(1, `Result:${status}`));
            if (status === 200)
                this.registered = { webhook: url, event_types: types };
        });
        return answer;
    }

    // As Viber does, says the signature twice; `ways` leaves one of them out.
    event(members, { token = AUTH_TOKEN, ways = ['header', 'query'] } = {}) {
        const body = written({ timestamp: 1700000000000, message_token: this.#next(),
            ...members });
        const signature = createHmac('sha256', token).update(body).digest('hex');
        const query = ways.includes('query') ? `?sig=${signature}` : '';
        return request(`${this.webhook}${query}`, { method: 'POST', body, headers: {
            'content-type': 'application/json',
            ...(ways.includes('header') && { 'x-viber-content-signature': signature }) } });
    }

    message(id, message, options) {
        return this.event({ event: 'message', sender: { id, name: 'Ana', api_version: 10 },
            message, silent: false }, options);
    }

    says(id, text, options) {
        return this.message(id, { type: 'text', text }, options);
    }

    receipt(event, call, more) {
        return this.event({ event, message_token: this.answered.get(call),
            user_id: call.json.receiver, ...more });
    }

    // What somebody sends who presses what bears the label.
    presses(call, label) {
        const { Buttons } = call.json.keyboard ?? call.json.rich_media;
        const button = Buttons.find((b) => b.Text === label);
        return this.says(call.json.receiver, button.ActionBody);
    }

    sent(id) {
        return this.calls.filter((call) => call.path === '/send_message' &&
            (id === undefined || call.json.receiver === id));
    }

    // What the person sees, in order.
    shown(id) {
        return this.sent(id).filter((call) => this.answered.has(call))
            .map((call) => call.json.media ?? call.json.text);
    }
}

export const refusal = (status, words, headers) => ({ headers,
    json: { status, status_message: words, chat_hostname: 'SN-CHAT-01_' } });

// A gateway with a bridge to a Viber, in the middle of a rotation; more settings of the bridge,
// and of the gateway.
export async function openViber(t, settings = '', gateway = '') {
    const api = await new Viber().start();
    t.after(() => api.stop());
    const world = await World.open(t, {
        settings: gateway,
        bridges: `
  - name: bot
    channel: viber
    genesys: main
    integration_id: ${INTEGRATION}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    viber:
      auth_tokens: [ { value: "${AUTH_TOKEN}" }, { value: "${OLD_TOKEN}" } ]
      sender_name: Shop
      api_url: "${api.url}"
${settings}
`,
        emulator: (w) => ['--integration', INTEGRATION, '--webhook-url',
            `${w.base}/webhooks/genesys/bot`, '--webhook-secret', GENESYS_SECRET],
    });
    world.secrets.push(AUTH_TOKEN, OLD_TOKEN);
    api.target(world.base, 'bot');
    return { api, world };
}
