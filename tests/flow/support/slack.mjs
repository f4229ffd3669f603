// A Slack of our own: takes calls of the Web API, signs events, presses and commands.
import { createHmac } from 'node:crypto';
import { request } from './partner.mjs';
import { Service } from './service.mjs';

export const SIGNING_SECRET = 'flow-signing-secret-0001';
export const BOT_TOKEN = 'xoxb-17653672481-flow';
export const TEAM = 'T0FLOW001';
const BOT_USER = 'U0BOT0001';
const FORM = 'application/x-www-form-urlencoded';

export class Slack extends Service {
    #event = 0;
    #number = 0;
    uploads = new Map(); // id -> what became of it
    files = new Map();   // path -> {bytes, type}

    // Where the gateway listens for this app.
    target(base, bridge) {
        this.webhook = `${base}/webhooks/channels/${bridge}`;
    }

    // The direct messages of a person.
    static channel(user) {
        return `D${user.slice(1)}`;
    }

    #ts() {
        return `17000${String(++this.#number).padStart(5, '0')}.000100`;
    }

    // A call's arguments: of a form, what is no text is JSON.
    static arguments(call) {
        return call.json ?? Object.fromEntries([...new URLSearchParams(call.body)]
            .map(([name, value]) => [name, /^[[{]/.test(value) ? JSON.parse(value) : value]));
    }

    // What uploads and their files are asked for.
    #methods = {
        'conversations.open': ({ users }) => ({ ok: true, channel: { id: Slack.channel(users) } }),
        'files.getUploadURLExternal': ({ filename, length }) => {
            const id = `F0FLOW${this.uploads.size}`;
            this.uploads.set(id, { filename, length: Number(length) });
            return { ok: true, file_id: id, upload_url: `${this.url}/upload/v1/${id}` };
        },
        'files.completeUploadExternal': ({ files: [{ id, title }], ...where }) => {
            Object.assign(this.uploads.get(id), { title, ...where });
            return { ok: true, files: [{ id, title }] };
        },
        'files.info': ({ file }) => ({ ok: true,
            file: { id: file, url_private_download: `${this.url}/files-pri/T-${file}` } }),
    };

    usual(call) {
        if (call.path.startsWith('/upload/v1/')) {
            const upload = this.uploads.get(call.path.split('/').at(-1));
            const [part] = Object.values(call.form ?? {}); // or raw, as it may be
            Object.assign(upload, { bytes: part?.bytes ?? call.bytes, headers: call.headers });
            return { json: `OK - ${call.bytes.length}` };
        }
        if (call.path.startsWith('/files-pri/'))
            return this.#file(call);
        if (call.headers.authorization !== `Bearer ${BOT_TOKEN}`)
            return { json: { ok: false, error: 'invalid_auth' } };
        if (call.path.endsWith('/auth.test'))
            return { json: { ok: true, url: 'https://flow.slack.com/', team: 'Flow',
                user: 'shop', team_id: TEAM, user_id: BOT_USER, bot_id: 'B0FLOW001' } };
        const method = call.path.split('/').at(-1);
        if (this.#methods[method] !== undefined)
            return { json: this.#methods[method](Slack.arguments(call)) };
        if (method !== 'chat.postMessage')
            return { json: { ok: false, error: 'unknown_method' } };
        const { channel, text, blocks } = Slack.arguments(call);
        if (!text && !blocks)
            return { json: { ok: false, error: 'no_text' } };
        const ts = this.#ts();
        return { json: { ok: true, ts, message: { type: 'message', text, ts },
            channel: channel.startsWith('U') ? Slack.channel(channel) : channel } };
    }

    // Whoever has no token sees a page to log in, and that well.
    #file(call) {
        const file = this.files.get(call.path);
        if (call.headers.authorization !== `Bearer ${BOT_TOKEN}`)
            return { headers: { 'content-type': 'text/html' }, bytes: '<!DOCTYPE html><html>' };
        return file === undefined ? { status: 404 }
            : { headers: { 'content-type': file.type }, bytes: file.bytes };
    }

    // A file of a customer, as events tell of it.
    file(id, bytes, mimetype, name) {
        const path = `/files-pri/T-${id}`;
        this.files.set(path, { bytes, type: mimetype });
        return { id, name, mimetype, size: bytes.length, mode: 'hosted', is_external: false,
            url_private: `${this.url}${path}`, url_private_download: `${this.url}${path}` };
    }

    // ---- what Slack asks

    static headers(body, { secret = SIGNING_SECRET, type = 'application/json',
        at = Math.floor(Date.now() / 1000) } = {}) {
        const signature = createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex');
        return { 'content-type': type, 'x-slack-request-timestamp': String(at),
            'x-slack-signature': `v0=${signature}` };
    }

    send(body, options = {}) {
        return request(options.url ?? this.webhook, { method: 'POST', body,
            headers: { ...Slack.headers(body, options), ...options.headers } });
    }

    static callback(id, event) {
        return { token: 'of-old', team_id: TEAM, api_app_id: 'A0FLOW001', event,
            type: 'event_callback', event_id: id, event_time: 1700000000,
            authorizations: [{ enterprise_id: null, team_id: TEAM, user_id: BOT_USER,
                is_bot: true, is_enterprise_install: false }] };
    }

    event(event, options = {}) {
        const id = options.id ?? `Ev${String(++this.#event).padStart(9, '0')}`;
        return this.send(JSON.stringify(Slack.callback(id, event)), options);
    }

    message(user, text, more = {}) {
        const ts = this.#ts();
        return { type: 'message', channel: Slack.channel(user), channel_type: 'im', user, text,
            ts, event_ts: ts, team: TEAM, ...more };
    }

    says(user, text, more, options) {
        return this.event(this.message(user, text, more), options);
    }

    // Presses the button with that label below a message that was posted to the person.
    pressed(user, posted, label) {
        const { ts, channel } = posted.answer.json;
        const button = posted.json.blocks.filter((block) => block.type === 'actions')
            .flatMap((block) => block.elements).find((each) => each.text.text === label);
        return { type: 'block_actions', token: 'of-old', api_app_id: 'A0FLOW001',
            user: { id: user, username: 'ana', team_id: TEAM },
            team: { id: TEAM, domain: 'flow' }, channel: { id: channel, name: 'directmessage' },
            container: { type: 'message', message_ts: ts, channel_id: channel },
            message: { type: 'message', user: BOT_USER, ts, text: posted.json.text },
            trigger_id: '1.2.press', response_url: `${this.url}/actions`,
            actions: [{ type: 'button', block_id: 'b', action_id: button.action_id,
                text: button.text, ...(button.value && { value: button.value }),
                action_ts: this.#ts() }] };
    }

    interacts(payload, options) {
        return this.send(new URLSearchParams({ payload: JSON.stringify(payload) }).toString(),
            { type: FORM, ...options });
    }

    presses(user, posted, label) {
        return this.interacts(this.pressed(user, posted, label));
    }

    command(user, command, text, options) {
        return this.send(new URLSearchParams({ token: 'of-old', team_id: TEAM,
            channel_id: 'C0GENERAL', user_id: user, user_name: 'ana', command, text,
            api_app_id: 'A0FLOW001', response_url: `${this.url}/commands`,
            trigger_id: `1.2.${++this.#number}` }).toString(), { type: FORM, ...options });
    }

    // ---- what Slack was asked

    posted(channel) {
        return this.calls.filter((call) => call.path.endsWith('/chat.postMessage') &&
            (channel === undefined || Slack.arguments(call).channel === channel));
    }

    // What the person sees, in order, as Slack's clients write it.
    shown(channel) {
        return this.posted(channel).filter((call) => call.answer.json?.ok).map((call) =>
            Slack.arguments(call).text.replaceAll('&lt;', '<').replaceAll('&gt;', '>')
                .replaceAll('&amp;', '&'));
    }
}

export const refusal = (error) => ({ json: { ok: false, error } });
export const slowDown = (seconds) => ({ status: 429,
    headers: { 'retry-after': String(seconds) }, json: { ok: false, error: 'ratelimited' } });
