// A Graph API of our own: signs webhooks as Meta does. And WhatsApp's: takes messages.
import { createHmac } from 'node:crypto';
import { request } from './partner.mjs';
import { Service } from './service.mjs';
import { GENESYS_SECRET, World } from './world.mjs';

export const APP_SECRET = 'flow-app-secret-0001';
export const ACCESS_TOKEN = 'EAAG-flow-token';
export const VERIFY_TOKEN = 'a word of the flow';
export const PHONE_NUMBER_ID = '200000000000002';
export const ACCOUNT_ID = '100000000000001';

// The token says who asks; `takes` is what each service makes of it.
export class MetaService extends Service {
    target(base, bridge) {
        this.webhook = `${base}/webhooks/channels/${bridge}`;
    }

    usual(call) {
        if (call.headers.authorization !== `Bearer ${ACCESS_TOKEN}`)
            return { status: 401, json: { error: { code: 190, message: 'Invalid token' } } };
        return this.takes(call);
    }

    // As Meta does when somebody enters the callback URL.
    verify(token) {
        return request(`${this.webhook}?hub.mode=subscribe&hub.challenge=123&hub.verify_token=${
            encodeURIComponent(token)}`);
    }

    signed(value) {
        const body = JSON.stringify(value);
        const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
        return request(this.webhook, { method: 'POST', body, headers: {
            'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` } });
    }
}

export class Graph extends MetaService {
    #number = 0;
    files = new Map(); // media id -> bytes

    takes(call) {
        if (call.path.endsWith(`/${PHONE_NUMBER_ID}`))
            return { json: { id: PHONE_NUMBER_ID, display_phone_number: '+1 555-010-0001',
                verified_name: 'Shop', quality_rating: 'GREEN' } };
        if (call.path.endsWith(`/${ACCOUNT_ID}/subscribed_apps`))
            return this.#subscribe(call.method);
        if (call.path.startsWith('/files/'))
            return { bytes: this.files.get(call.path.slice('/files/'.length)) };
        if (call.method === 'GET')
            return { json: { messaging_product: 'whatsapp', mime_type: 'image/jpeg',
                url: `${this.url}/files/${call.path.split('/').at(-1)}` } };
        if (call.json.status === 'read')
            return { json: { success: true } };
        const to = call.json.to ?? call.json.recipient;
        return { json: { messaging_product: 'whatsapp', contacts: [{ input: to, wa_id: to }],
            messages: [{ id: `wamid.OUT${++this.#number}`, message_status: 'accepted' }] } };
    }

    #subscribe(method) {
        if (method === 'POST')
            this.isSubscribed = true;
        const app = { id: '1', link: 'https://www.facebook.com/games/?app_id=1', name: 'Shop app' };
        return { json: method === 'POST' ? { success: true }
            : { data: this.isSubscribed ? [{ whatsapp_business_api_data: app }] : [] } };
    }

    post(value) {
        return this.signed({ object: 'whatsapp_business_account', entry: [{ id: '1',
            changes: [{ field: 'messages', value: { messaging_product: 'whatsapp',
                metadata: { phone_number_id: PHONE_NUMBER_ID }, ...value } }] }] });
    }

    messages(...messages) {
        return this.post({ messages });
    }

    says(from, text) {
        return this.messages({ from, id: `wamid.IN${++this.#number}`, timestamp: '1700000000',
            type: 'text', text: { body: text } });
    }

    shows(from, bytes, caption) {
        const id = `media-${this.files.size + 1}`;
        this.files.set(id, bytes);
        return this.messages({ from, id: `wamid.IN${++this.#number}`, timestamp: '1700000000',
            type: 'image', image: { id, mime_type: 'image/jpeg', sha256: 'x', caption } });
    }

    status(id, status, to, errors) {
        return this.post({ statuses: [{ id, status, timestamp: '1700000003', recipient_id: to,
            ...(errors && { errors }) }] });
    }

    sent(to) {
        return this.calls.filter((call) => call.path.endsWith('/messages') && call.json.type &&
            (to === undefined || call.json.to === to));
    }

    shown(to) {
        return this.sent(to).filter((call) => call.answer.status === undefined)
            .map((call) => call.json.text?.body ?? call.json.interactive.body.text);
    }
}

export const graphError = (status, code, more) => ({ status,
    json: { error: { code, message: `(#${code}) no`, ...more } } });

// A world with one bridge to `api`; `settings` are lines of its channel's section.
export async function openMeta(t, api, channel, integration, settings) {
    await api.start();
    t.after(() => api.stop());
    const world = await World.open(t, {
        bridges: `
  - name: line
    channel: ${channel}
    genesys: main
    integration_id: ${integration}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    ${channel}:
      access_token: "${ACCESS_TOKEN}"
      app_secrets: [ { value: "${APP_SECRET}" } ]
      verify_token: "${VERIFY_TOKEN}"
      graph_url: "${api.url}"
${settings.map((line) => `      ${line}`).join('\n')}
`,
        settings: 'egress: { allow: [ "127.0.0.0/8" ] }', // where files of the tests are
        emulator: (w) => ['--integration', integration, '--webhook-url',
            `${w.base}/webhooks/genesys/line`, '--webhook-secret', GENESYS_SECRET],
    });
    world.secrets.push(ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN);
    api.target(world.base, 'line');
    return { api, world };
}

export const WHATSAPP_INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000a2';

export const openWhatsApp = (t, more = []) => openMeta(t, new Graph(), 'whatsapp',
    WHATSAPP_INTEGRATION, [`phone_number_id: "${PHONE_NUMBER_ID}"`, ...more]);
