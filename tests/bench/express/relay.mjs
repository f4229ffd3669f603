// A plain relay as one would write it with express and Genesys Cloud's own SDK: the webhook is
// verified and translated, the message sent within the request, and the answer given when it
// has arrived. It keeps nothing.
//
//   PORT=8080 API_PORT=8090 node relay.mjs
import crypto from 'node:crypto';
import http from 'node:http';
import express from 'express';
import platformClient from 'purecloud-platform-client-v2';

const secret = Buffer.from('MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=', 'base64');
const integrationId = '5a1d3a52-0000-4000-8000-000000000002';

http.globalAgent.keepAlive = true; // without it each message opens a connection
const client = platformClient.ApiClient.instance;
client.setGateway({ protocol: 'http', host: '127.0.0.1', port: Number(process.env.API_PORT) });
await client.loginClientCredentialsGrant('a', 'b');
const conversations = new platformClient.ConversationsApi();

function isGenuine(req) {
    const signed = `${req.get('webhook-id')}.${req.get('webhook-timestamp')}.${req.body}`;
    const wanted = crypto.createHmac('sha256', secret).update(signed).digest();
    const given = Buffer.from((req.get('webhook-signature') ?? '').replace(/^v1,/, ''), 'base64');
    return given.length === wanted.length && crypto.timingSafeEqual(given, wanted);
}

const app = express();
app.use(express.text({ type: 'application/json', limit: '1mb' }));
app.post('/webhooks/channels/acme', async (req, res) => {
    if (!isGenuine(req)) {
        res.status(401).json({ error: 'bad signature' });
        return;
    }
    const { data } = JSON.parse(req.body);
    try {
        const message = await conversations.postConversationsMessageInboundOpenMessage(
            integrationId, {
                channel: {
                    messageId: crypto.randomUUID(),
                    time: new Date().toISOString(),
                    from: { id: data.from.id, idType: 'Opaque' },
                },
                text: data.text,
            });
        res.status(202).json({ id: message.id });
    } catch (error) {
        res.status(502).json({ error: String(error.message ?? error) });
    }
});
app.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'));
