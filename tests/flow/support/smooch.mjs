// Sunshine Conversations of our own: one app, people with a conversation each.
import { Service, post } from './service.mjs';
import { GENESYS_SECRET, World } from './world.mjs';

export const INTEGRATION = '5a1d3a52-0000-4000-8000-0000000000aa';
export const SECRET = 'flow-smooch-secret-0001';
const APP = '5ebee0975ac5304b664a12fa';
const KEY = ['app_flow', 'flow-smooch-key-secret'];

export class Smooch extends Service {
    #number = 0;

    usual(call) {
        if (call.headers.authorization !== `Basic ${Buffer.from(KEY.join(':')).toString('base64')}`)
            return refusal(401, 'unauthorized');
        if (!call.path.startsWith(`/v2/apps/${APP}/conversations/`))
            return refusal(404, 'not_found');
        return call.path.endsWith('/activity') ? { json: {} }
            : { status: 201, json: { messages: [{ id: `out-${++this.#number}` }] } };
    }

    events(...events) {
        return this.eventsBy(SECRET, ...events);
    }

    eventsBy(secret, ...events) {
        return post(this.webhook, { app: { id: APP }, webhook: { id: '1', version: 'v2' }, events },
            { 'x-api-key': secret });
    }

    event(conversation, type, payload) {
        return { id: `event-${++this.#number}`, createdAt: new Date().toISOString(), type,
            payload: { conversation: { id: conversation, type: 'personal' }, ...payload } };
    }

    message(conversation, content, id = `in-${++this.#number}`) {
        return this.event(conversation, 'conversation:message', { message: { id, content,
            author: { type: 'user', userId: `user-of-${conversation}`, displayName: 'Ana' } } });
    }

    says(conversation, text) {
        return this.events(this.message(conversation, { type: 'text', text }));
    }

    delivery(conversation, what, id, more) {
        return this.events(this.event(conversation, `conversation:message:delivery:${what}`,
            { message: { id }, isFinalEvent: true, ...more }));
    }

    // Messages; those to one conversation.
    sent(conversation) {
        return this.calls.filter((call) => call.path.endsWith('/messages') &&
            (conversation === undefined || call.path.includes(`/conversations/${conversation}/`)));
    }

    shown(conversation) {
        return this.sent(conversation).filter((call) => call.answer.status === 201)
            .map((call) => call.json.content.text);
    }
}

export const refusal = (status, code, headers) =>
    ({ status, headers, json: { errors: [{ code, title: 'no' }] } });

export async function openSmooch(t) {
    const api = await new Smooch().start();
    t.after(() => api.stop());
    const world = await World.open(t, {
        settings: 'egress: { allow: [ "127.0.0.0/8" ] }',
        bridges: `
  - name: sun
    channel: smooch
    genesys: main
    integration_id: ${INTEGRATION}
    genesys_secrets: [ { value: ${GENESYS_SECRET} } ]
    smooch:
      app_id: "${APP}"
      key_id: "${KEY[0]}"
      key_secret: "${KEY[1]}"
      webhook_secrets: [ { value: "${SECRET}" }, { value: "flow-smooch-secret-0000" } ]
      api_url: "${api.url}"
`,
        emulator: (w) => ['--integration', INTEGRATION, '--webhook-url',
            `${w.base}/webhooks/genesys/sun`, '--webhook-secret', GENESYS_SECRET],
    });
    world.secrets.push(KEY[1], SECRET);
    api.webhook = `${world.base}/webhooks/channels/sun`;
    return { api, world };
}
