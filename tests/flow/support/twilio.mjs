// An account at Twilio of our own: takes messages, signs webhooks, calls back with statuses.
import { createHmac } from 'node:crypto';
import { request } from './partner.mjs';
import { Service } from './service.mjs';

export const ACCOUNT_SID = 'AC000000000000000000000000000000f1';
export const AUTH_TOKEN = 'flow-twilio-token-0001';
export const NUMBER = '+15005550001';
const FORM = 'application/x-www-form-urlencoded';
const ACCOUNT = `/2010-04-01/Accounts/${ACCOUNT_SID}`;
const BASIC = `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64')}`;

// Over the address and all fields by their names, without anything in between.
export function sign(url, fields, token = AUTH_TOKEN) {
    const data = Object.keys(fields).sort().map((name) => name + fields[name]).join('');
    return createHmac('sha1', token).update(url + data).digest('base64');
}

export class Twilio extends Service {
    #number = 0;
    number = { sid: 'PN000000000000000000000000000000f1', phone_number: NUMBER,
        sms_url: 'https://demo.twilio.com/welcome/sms/reply', sms_method: 'POST',
        sms_application_sid: '', capabilities: { sms: true, mms: true } };
    media = new Map(); // path -> where it is

    target(base, bridge) {
        this.webhook = `${base}/webhooks/channels/${bridge}`;
    }

    #sid() {
        return `SM${String(++this.#number).padStart(32, '0')}`;
    }

    static fields(call) {
        return Object.fromEntries(new URLSearchParams(call.body));
    }

    // A picture with a message: its address wants the account, and sends to where it is.
    shows(from, where, body = '') {
        const path = `${ACCOUNT}/Messages/MM1/Media/ME${++this.#number}`;
        this.media.set(path, where);
        return this.says(from, body, { NumMedia: '1', MediaUrl0: this.url + path,
            MediaContentType0: 'image/jpeg' });
    }

    // The one number there is: looked up, or told where its messages go.
    #numbers(call) {
        if (call.method === 'POST')
            this.number.sms_url = Twilio.fields(call).SmsUrl;
        const { searchParams } = new URL(call.path, this.url);
        const isOurs = searchParams.get('PhoneNumber') === NUMBER;
        return { json: call.method === 'POST' ? this.number
            : { incoming_phone_numbers: isOurs ? [this.number] : [] } };
    }

    usual(call) {
        if (call.headers.authorization !== BASIC)
            return twilioError(401, 20003);
        if (call.path.startsWith(`${ACCOUNT}/IncomingPhoneNumbers`))
            return this.#numbers(call);
        if (this.media.has(call.path))
            return { status: 307, headers: { location: this.media.get(call.path) } };
        if (call.path !== `${ACCOUNT}/Messages.json`)
            return twilioError(404, 20404);
        const { To, From = null, MessagingServiceSid = null, Body } = Twilio.fields(call);
        return { status: 201, json: { sid: this.#sid(), account_sid: ACCOUNT_SID, to: To,
            from: From, messaging_service_sid: MessagingServiceSid, body: Body,
            status: 'queued', num_segments: '1', error_code: null, error_message: null } };
    }

    // A webhook; `signed` where another address or other fields were signed.
    post(fields, { url = this.webhook, signed = {}, token } = {}) {
        return request(url, { method: 'POST', body: new URLSearchParams(fields).toString(),
            headers: { 'content-type': FORM,
                'x-twilio-signature': sign(signed.url ?? url, signed.fields ?? fields, token) } });
    }

    message(from, body, more) {
        const sid = this.#sid();
        return { ToCountry: 'US', SmsMessageSid: sid, NumMedia: '0', SmsSid: sid,
            SmsStatus: 'received', Body: body, To: NUMBER, NumSegments: '1', MessageSid: sid,
            AccountSid: ACCOUNT_SID, From: from, ApiVersion: '2010-04-01', ...more };
    }

    says(from, body, more) {
        return this.post(this.message(from, body, more));
    }

    // What became of a message that was sent, at the address that came with it.
    status(sent, status, more) {
        const { To, From, StatusCallback } = Twilio.fields(sent);
        const { sid } = sent.answer.json;
        return this.post({ SmsSid: sid, SmsStatus: status, MessageStatus: status, To, From,
            MessageSid: sid, AccountSid: ACCOUNT_SID, ApiVersion: '2010-04-01', ...more },
        { url: StatusCallback });
    }

    sent(to) {
        return this.calls.filter((call) => call.path.endsWith('/Messages.json') &&
            (to === undefined || Twilio.fields(call).To === to));
    }

    // What was taken, in order.
    shown(to) {
        return this.sent(to).filter((call) => call.answer.status === 201)
            .map((call) => Twilio.fields(call).Body);
    }
}

export const twilioError = (status, code, headers) => ({ status, headers,
    json: { code, message: 'no', status,
        more_info: `https://www.twilio.com/docs/errors/${code}` } });
