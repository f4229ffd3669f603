// Webhooks as bytes, signed in good order but for what `change` says:
//
//   body      what is signed; sent: what is sent instead of it
//   method, path
//   headers   (headers, body) -> the headers to send, as a map or as pairs
//   signing   options of Partner.headers; secret: of Genesys
import { createHmac, randomUUID } from 'node:crypto';
import { requestBytes } from './raw.mjs';
import { GENESYS_SECRET, INTEGRATION } from './world.mjs';

export const CONTACT = 'hostile-contact-0815';
export const TEXT = 'canary text of a hostile case';
export const CHANNEL = '/webhooks/channels/acme';
export const GENESYS = '/webhooks/genesys/acme';

// --- the partner's ------------------------------------------------------------------------

export const envelope = (data, more = {}) => ({
    type: 'message.created', timestamp: new Date().toISOString(), data, ...more,
});
export const data = (more = {}) => ({
    id: `m-${randomUUID()}`, from: { id: CONTACT }, text: TEXT, ...more,
});
export const message = (more, envelopeMore) =>
    JSON.stringify(envelope(data(more), envelopeMore));

export function fromPartner(world, change) {
    const { body = message(), sent = body, method = 'POST', path = CHANNEL } = change;
    const headers = world.partner.headers(body, change.signing);
    headers['content-length'] = Buffer.byteLength(sent);
    return requestBytes(method, path, change.headers?.(headers, body) ?? headers, sent);
}

// --- Genesys' -----------------------------------------------------------------------------

export const outbound = (more = {}, channel = {}) => ({
    id: randomUUID(), type: 'Text', direction: 'Outbound', text: TEXT,
    originatingEntity: 'Human',
    channel: {
        id: INTEGRATION, platform: 'Open', type: 'Private', time: new Date().toISOString(),
        from: { id: INTEGRATION, idType: 'Opaque' }, to: { id: CONTACT, idType: 'Opaque' },
        ...channel,
    },
    ...more,
});
export const outboundText = (more, channel) => JSON.stringify(outbound(more, channel));

export const mac = (body, secret = GENESYS_SECRET) =>
    createHmac('sha256', secret).update(body).digest();

export function fromGenesys(change) {
    const { body = outboundText(), sent = body, method = 'POST', path = GENESYS } = change;
    const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(sent),
        'x-hub-signature-256': `sha256=${mac(body, change.secret).toString('base64')}`,
    };
    return requestBytes(method, path, change.headers?.(headers, body) ?? headers, sent);
}
