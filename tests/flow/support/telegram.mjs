// A Bot API of our own: numbers messages per chat, pushes updates with the secret.
import { Service, post } from './service.mjs';

export const TOKEN = '123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc';
export const SECRET_TOKEN = 'flow-secret_01';

const UPLOADS = { sendPhoto: 'photo', sendVideo: 'video', sendAudio: 'audio',
    sendVoice: 'voice', sendAnimation: 'animation', sendDocument: 'document' };

export class BotApi extends Service {
    #update = 880000000;
    files = new Map(); // file_id -> bytes
    uploads = [];      // {chat, method, name, type, bytes}
    #numbers = new Map();
    info = { url: '', has_custom_certificate: false, pending_update_count: 0 };

    // Where the gateway listens for this bot.
    target(base, bridge) {
        this.webhook = `${base}/webhooks/channels/${bridge}`;
    }

    #number(chat) {
        const number = (this.#numbers.get(chat) ?? 0) + 1;
        this.#numbers.set(chat, number);
        return number;
    }

    usual(call) {
        if (call.path.startsWith(`/file/bot${TOKEN}/photos/`))
            return this.#file(call.path.split('/').at(-1));
        const [, bot, method] = call.path.split('/');
        if (bot !== `bot${TOKEN}`)
            return { status: 404, json: { ok: false, error_code: 404, description: 'Not Found' } };
        if (method === 'getMe')
            return { json: { ok: true, result: { id: Number(TOKEN.split(':')[0]), is_bot: true,
                first_name: 'Shop', username: 'shop_bot' } } };
        if (method === 'getWebhookInfo')
            return { json: { ok: true, result: this.info } };
        if (method === 'setWebhook')
            return this.#register(call.json);
        if (method === 'getFile')
            return { json: { ok: true, result: { file_id: call.json.file_id,
                file_path: `photos/${call.json.file_id}` } } };
        if (method in UPLOADS && call.form !== undefined)
            return this.#uploaded(call, method);
        if (method !== 'sendMessage' && !(method in UPLOADS))
            return { json: { ok: true, result: true } };
        const chat = call.json.chat_id;
        return { json: { ok: true, result: { message_id: this.#number(chat),
            chat: { id: chat, type: 'private' }, date: 1700000000, text: call.json.text } } };
    }

    #file(id) {
        const bytes = this.files.get(id);
        return bytes === undefined ? refusal(404, 'Not Found') : { bytes };
    }

    // The parts of multipart/form-data, as a service reads them.
    #uploaded(call, method) {
        const field = UPLOADS[method];
        const file = call.form[field];
        if (!file?.filename)
            return refusal(400, `Bad Request: there is no ${field} in the request`);
        const chat = Number(call.form.chat_id.text);
        this.uploads.push({ chat, method, name: file.filename, type: file.type,
            bytes: file.bytes });
        return { json: { ok: true, result: { message_id: this.#number(chat),
            chat: { id: chat, type: 'private' }, date: 1700000000 } } };
    }

    #register({ url, secret_token: secret, ...more }) {
        if (!url.startsWith('https://'))
            return refusal(400, 'Bad Request: bad webhook: An HTTPS URL must be provided for webhook');
        this.secret = secret;
        this.info = { ...this.info, url, ...more };
        return { json: { ok: true, result: true, description: 'Webhook was set' } };
    }

    update(members, secret = this.secret ?? SECRET_TOKEN) {
        return post(this.webhook, { update_id: ++this.#update, ...members },
            { 'x-telegram-bot-api-secret-token': secret });
    }

    static chat(id) {
        return { id, type: 'private', first_name: 'Ana' };
    }

    says(id, text) {
        return this.update({ message: { message_id: this.#number(id), date: 1700000000,
            from: { id, is_bot: false, first_name: 'Ana' }, chat: BotApi.chat(id), text } });
    }

    // A picture, in two sizes; the larger one counts.
    shows(id, bytes, caption) {
        const file = `photo-${this.files.size + 1}`;
        this.files.set(file, bytes);
        return this.update({ message: { message_id: this.#number(id), date: 1700000000,
            from: { id, is_bot: false, first_name: 'Ana' }, chat: BotApi.chat(id), caption,
            photo: [{ file_id: 'small', width: 90, height: 90 },
                { file_id: file, width: 800, height: 800, file_size: bytes.length }] } });
    }

    presses(id, sent, label) {
        const buttons = sent.reply_markup.inline_keyboard.flat();
        return this.update({ callback_query: { id: 'press-1', chat_instance: '-1',
            from: { id, is_bot: false, first_name: 'Ana' },
            message: { message_id: 1, date: 1700000000, chat: BotApi.chat(id),
                reply_markup: sent.reply_markup },
            data: buttons.find((b) => b.text === label).callback_data } });
    }

    sent(chat) {
        return this.calls.filter((call) => call.path.endsWith('/sendMessage') &&
            (chat === undefined || call.json.chat_id === chat));
    }

    // What the person behind the chat sees, in order.
    shown(chat) {
        return this.sent(chat).filter((call) => call.answer.status === undefined)
            .map((call) => call.json.text);
    }
}

export const refusal = (code, description, parameters) => ({ status: code,
    json: { ok: false, error_code: code, description, ...(parameters && { parameters }) } });
