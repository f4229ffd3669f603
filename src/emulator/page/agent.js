// The agent's page: asks the emulator every second and shows what it says.
const SHOWN = 200;
const POLL_MS = 1000;
const TYPING_MS = 5000;
const MARKS = { // state of a message: text, look
    queued: ['sending', ''],
    sent: ['sent', ''],
    failed: ['not taken by the webhook', 'bad'],
    'delivery-success': ['Delivered', 'good'],
    'delivery-failed': ['Failed', 'bad'],
    published: ['published', ''],
    removed: ['removed', ''],
};

const $ = (id) => document.getElementById(id);
const state = { chosen: null, read: new Map(), list: [], shown: '' };

async function ask(path, body) {
    const response = await fetch(`_emulator/${path}`, body === undefined ? {} : {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok)
        throw new Error(answer.message ?? `HTTP ${response.status}`);
    return answer;
}

function element(tag, className, ...content) {
    const made = document.createElement(tag);
    if (className)
        made.className = className;
    made.append(...content);
    return made;
}

function clock(time) {
    return new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

const chosen = () => state.list.find((conversation) => conversation.id === state.chosen);
const latest = (conversation) => conversation.lastMessageAt ?? conversation.openedAt;

// --- the list

function row(conversation) {
    const { id, contact, integrationName, messages } = conversation;
    const button = element('button', '', element('b', '', contact),
        element('small', '', `${integrationName} · ${conversation.state} · `,
            clock(latest(conversation))));
    button.type = 'button';
    button.dataset.id = id;
    button.onclick = () => choose(id);
    if (id === state.chosen)
        button.setAttribute('aria-current', 'true');
    return element('li', messages > (state.read.get(id) ?? 0) ? 'new' : '', button);
}

function showList(conversations) {
    conversations.sort((a, b) => latest(b).localeCompare(latest(a)));
    state.list = conversations;
    if (!chosen())
        state.chosen = conversations[0]?.id ?? null;
    state.read.set(state.chosen, chosen()?.messages);
    $('none').hidden = conversations.length > 0;
    $('desk').hidden = conversations.length === 0;

    const focused = document.activeElement?.dataset.id;
    $('list').replaceChildren(...conversations.map(row));
    if (focused)
        $('list').querySelector(`[data-id="${focused}"]`)?.focus();
}

// --- one conversation

function part(item) {
    const { attachment, quickReply, quickReplyV2, card } = item;
    if (attachment)
        return element('div', 'answer',
            `${attachment.mediaType}: ${attachment.filename ?? attachment.url}`);
    const label = quickReply?.text ?? quickReplyV2?.title ?? card?.title;
    return element('span', 'option', label ?? item.contentType);
}

function message({ direction, body, state: status, at }) {
    const bubble = element('div', 'bubble', body.text ?? '', ...(body.content ?? []).map(part));
    if (body.buttonResponse)
        bubble.append(element('span', 'answer', `picked: ${body.buttonResponse.text}`));
    const isMine = direction === 'outbound';
    const meta = element('small', 'meta', `${isMine ? 'You' : 'Customer'} · ${clock(at)}`);
    const [mark, look] = MARKS[status] ?? [];
    if (mark)
        meta.append(' · ', element('span', look, mark));
    return element('li', isMine ? 'out' : 'in', bubble, meta);
}

function showTimeline(conversation) {
    const shown = JSON.stringify([conversation.id, conversation.timeline]);
    if (shown === state.shown)
        return; // so that a screen reader says each message once
    state.shown = shown;
    const box = $('timeline');
    const isOther = box.dataset.id !== conversation.id;
    const wasAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80;
    box.dataset.id = conversation.id;
    box.replaceChildren(...conversation.timeline.map(message));
    if (isOther || wasAtEnd)
        box.scrollTop = box.scrollHeight;
}

function showConversation(conversation) {
    const { id, integrationName, now, typingAt } = conversation;
    $('contact').textContent = conversation.contact;
    $('about').textContent = `${integrationName} · ${conversation.state} · ${id}`;
    $('end').disabled = conversation.state !== 'connected';
    const isTyping = typingAt && Date.parse(now) - Date.parse(typingAt) < TYPING_MS;
    $('typing').textContent = isTyping ? 'The customer is typing' : '';
    showTimeline(conversation);
}

async function refresh() {
    try {
        showList(await ask(`conversations?tail=${SHOWN}`));
        if (state.chosen)
            showConversation(await ask(`conversations/${state.chosen}?tail=${SHOWN}`));
        $('state').textContent = 'connected';
    } catch {
        $('state').textContent = 'no answer';
    }
}

function choose(id) {
    state.chosen = id;
    refresh();
    $('text').focus();
}

// --- what the agent does

async function act(path, body) {
    try {
        await ask(path, body);
        $('problem').textContent = '';
        await refresh();
        return true;
    } catch (error) {
        $('problem').textContent = error.message;
        return false;
    }
}

function say(what) {
    const { integrationId, contact } = chosen();
    return act('agent', { integrationId, to: contact, ...what });
}

function quickReplies() {
    const lines = $('replies').open ? $('options').value.split('\n') : [];
    return lines.map((line) => line.trim()).filter(Boolean).map((text) => (
        { contentType: 'QuickReply', quickReply: { text, payload: text, action: 'Message' } }));
}

$('composer').onsubmit = async (event) => {
    event.preventDefault();
    const what = {};
    const text = $('text').value.trim();
    const content = quickReplies();
    if (text)
        what.text = text;
    if (content.length > 0)
        what.content = content;
    if ((!text && content.length === 0) || !(await say(what)))
        return;
    $('text').value = '';
    $('options').value = '';
    $('replies').open = false;
};
$('text').onkeydown = (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing)
        return;
    event.preventDefault();
    $('composer').requestSubmit();
};
$('type').onclick = () => say({
    events: [{ eventType: 'Typing', typing: { type: 'On', duration: TYPING_MS } }],
});
$('end').onclick = () => act('disconnect', { conversationId: state.chosen });

refresh();
setInterval(refresh, POLL_MS);
