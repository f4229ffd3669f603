// The agent's page: asks the emulator every second, shows what it says.
const SHOWN = 200;
const POLL_MS = 1000;
const TYPING_MS = 5000;
const MARKS = {
  queued: ["sending", ""], sent: ["sent", ""], failed: ["not delivered to the webhook", "bad"],
  "delivery-success": ["Delivered", "good"], "delivery-failed": ["Failed", "bad"],
  published: ["published", ""], removed: ["removed", ""],
};

const $ = (id) => document.getElementById(id);
const state = { chosen: null, seen: new Map(), list: [], shown: "" };

async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const response = await fetch("_emulator/" + path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message ?? "HTTP " + response.status);
  return answer;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const clock = (time) => new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

// --- the list

function row(conversation) {
  const item = element("li", conversation.messages > (state.seen.get(conversation.id) ?? 0) ? "new" : "");
  const button = element("button");
  button.type = "button";
  button.dataset.id = conversation.id;
  if (conversation.id === state.chosen) button.setAttribute("aria-current", "true");
  button.append(element("b", "", conversation.contact),
    element("small", "", `${conversation.integrationName} · ${conversation.state}` +
      (conversation.lastMessageAt ? " · " + clock(conversation.lastMessageAt) : "")));
  button.onclick = () => choose(conversation.id);
  item.append(button);
  return item;
}

function showList(conversations) {
  const latest = (c) => c.lastMessageAt ?? c.openedAt;
  conversations.sort((a, b) => (latest(a) < latest(b) ? 1 : -1));
  state.list = conversations;
  const chosen = conversations.find((c) => c.id === state.chosen);
  if (chosen) state.seen.set(chosen.id, chosen.messages);
  $("none").hidden = conversations.length > 0;
  const focused = document.activeElement?.dataset?.id;
  $("list").replaceChildren(...conversations.map(row));
  if (focused) $("list").querySelector(`[data-id="${focused}"]`)?.focus();
}

// --- one conversation

function parts(body) {
  const made = [];
  if (body.text) made.push(element("span", "", body.text));
  if (body.buttonResponse) made.push(element("span", "answer", "picked: " + body.buttonResponse.text));
  for (const item of body.content ?? []) {
    const option = item.quickReply ?? item.quickReplyV2 ?? item.card;
    if (item.attachment) made.push(element("span", "answer", `\n${item.attachment.mediaType}: ${item.attachment.filename ?? item.attachment.url}`));
    else made.push(element("span", "option", option?.text ?? option?.title ?? item.contentType));
  }
  return made;
}

function message(entry) {
  const isMine = entry.direction === "outbound";
  const item = element("li", isMine ? "out" : "in");
  const bubble = element("div", "bubble");
  bubble.append(...parts(entry.body));
  const meta = element("small", "meta", `${isMine ? "You" : "Customer"} · ${clock(entry.at)}`);
  const [mark, look] = MARKS[entry.state] ?? ["", ""];
  if (isMine && mark) meta.append(" · ", element("span", look, mark));
  item.append(bubble, meta);
  return item;
}

function showConversation(conversation) {
  $("desk").hidden = false;
  $("contact").textContent = conversation.contact;
  $("about").textContent = `${conversation.integrationName} · ${conversation.state} · ${conversation.id}`;
  $("end").disabled = conversation.state !== "connected";
  const isTyping = conversation.typingAt &&
    Date.parse(conversation.now) - Date.parse(conversation.typingAt) < TYPING_MS;
  $("typing").textContent = isTyping ? "The customer is typing" : "";

  const shown = JSON.stringify([conversation.id, conversation.timeline]);
  if (shown === state.shown) return;
  state.shown = shown;
  const timeline = $("timeline");
  const wasAtEnd = timeline.scrollHeight - timeline.scrollTop - timeline.clientHeight < 80;
  timeline.replaceChildren(...conversation.timeline.map(message));
  if (wasAtEnd) timeline.scrollTop = timeline.scrollHeight;
}

function choose(id) {
  state.chosen = id;
  refresh();
  $("text").focus();
}

async function refresh() {
  try {
    showList(await ask("conversations?tail=" + SHOWN));
    if (!state.list.some((c) => c.id === state.chosen)) state.chosen = state.list[0]?.id ?? null;
    $("desk").hidden = state.chosen === null;
    if (state.chosen) showConversation(await ask(`conversations/${state.chosen}?tail=${SHOWN}`));
    $("state").textContent = "connected";
  } catch (error) {
    $("state").textContent = "no answer";
  }
}

// --- what the agent does

async function act(path, body) {
  try {
    await ask(path, body);
    $("problem").textContent = "";
    await refresh();
    return true;
  } catch (error) {
    $("problem").textContent = error.message;
    return false;
  }
}

const say = (what) => {
  const { integrationId, contact } = state.list.find((c) => c.id === state.chosen);
  return act("agent", { integrationId, to: contact, ...what });
};

function quickReplies() {
  if (!$("replies").open) return [];
  const lines = $("options").value.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.map((text) => ({ contentType: "QuickReply", quickReply: { text, payload: text, action: "Message" } }));
}

$("composer").onsubmit = async (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  const content = quickReplies();
  if (!text && content.length === 0) return;
  if (!(await say({ ...(text && { text }), ...(content.length > 0 && { content }) }))) return;
  $("text").value = "";
  $("options").value = "";
  $("replies").open = false;
};
$("text").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("composer").requestSubmit();
};
$("type").onclick = () => say({ events: [{ eventType: "Typing", typing: { type: "On", duration: 5000 } }] });
$("end").onclick = () => act("disconnect", { conversationId: state.chosen });

refresh();
setInterval(refresh, POLL_MS);
