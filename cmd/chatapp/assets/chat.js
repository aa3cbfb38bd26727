// The page: who am I, who is here, what do I say. link.js keeps the connection,
// log.js shows the conversation.
import { Link } from "./link.js";
import { addEvent, addMessage, clearLog, disc, el, hueOf, nameOf, paint, setBusy, toEnd } from "./log.js";

const maxNick = 48; // characters; the server's limits, see text.go
const maxMessage = 2000;
const countFrom = 1800; // the counter shows from here on
const maxWaiting = 20; // messages that wait for the connection
const echoTimeout = 10_000; // ms without an echo: the connection is dead

const $ = (id) => document.getElementById(id);
const state = $("state"), stateText = $("state-text"), text = $("text"), nickField = $("nick");

let me = ""; // my nickname; empty before signing in
let people = []; // who is here, in order of arrival
let told = false; // the server has told who is here since we are connected
let unread = 0;
let lost = false; // the connection was there, and is not
let countdown = 0; // the interval that shows when the next attempt is due
const known = new Set(); // the messages that are in the log, as nick and id
const waiting = new Map(); // my messages that have no echo yet, by id

// ---- Signing in and out

async function ask(method, path, fields, signal = AbortSignal.timeout(10_000)) {
  const reply = await fetch(path, {
    method, signal, cache: "no-store", headers: { Accept: "application/json" },
    body: fields && new URLSearchParams(fields),
  });
  if (reply.status >= 500 && reply.status !== 503) throw new Error(reply.statusText);
  return reply.json();
}

// admit says whether this browser may enter. A server that was restarted has
// forgotten us: then the same nickname is asked for again, unless the person
// has signed out meanwhile, in this or another tab. If it is taken, another of
// our own tabs may just have been faster: then we are signed in by now.
async function admit(signal) {
  let answer = await ask("GET", "/signin", null, signal);
  if (!answer.ok && recall() === me) {
    const { ok, error } = await ask("POST", "/signin", { nick: me }, signal);
    answer = { error, ...(await ask("GET", "/signin", null, signal)) };
    if (ok && !answer.ok) throw new Error("the cookie was not kept");
  }
  if (answer.ok) {
    become(answer.nick);
    return true;
  }
  showSignIn(answer.error ?? "", answer.people);
  return false;
}

function become(nick) {
  me = nick;
  remember(nick);
  $("me").textContent = nick;
  paint($("my-disc"), nick);
}

function remember(nick) {
  try {
    if (nick) localStorage.setItem("nick", nick);
    else localStorage.removeItem("nick");
  } catch { /* no storage */ }
}

function recall() {
  try {
    return localStorage.getItem("nick");
  } catch {
    return me;
  }
}

$("signin-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const nick = nickField.value.normalize("NFC").trim();
  if (!nick) return nickError("Please choose a nickname.");
  if ([...nick].length > maxNick) return nickError(`This nickname is too long: ${maxNick} characters is the limit.`);
  nickError("");
  event.submitter?.setAttribute("aria-busy", "true");
  try {
    const answer = await ask("POST", "/signin", { nick });
    if (!answer.ok) return nickError(answer.error);
    become(answer.nick);
    showRoom();
  } catch {
    nickError("The server cannot be reached. Please try again.");
  } finally {
    event.submitter?.removeAttribute("aria-busy");
  }
});

function nickError(message) {
  $("nick-error").textContent = message;
  nickField.setAttribute("aria-invalid", String(message !== ""));
  if (message) nickField.select();
}

nickField.addEventListener("input", () => nickField.getAttribute("aria-invalid") === "true" && nickError(""));

$("signout").addEventListener("click", async () => {
  remember("");
  link.end();
  waiting.clear();
  text.value = "";
  try {
    await ask("POST", "/signout");
    showSignIn();
  } catch {
    showSignIn("The server cannot be reached, so it may keep your nickname for a moment.");
  }
});

// ---- The two views

function showSignIn(message = "", inRoom) {
  // What could not be sent goes back to where it was typed.
  text.value = [...waiting.values()].map((m) => m.msg).concat(text.value).join("\n").trim();
  onInput();
  me = "";
  people = [];
  known.clear();
  waiting.clear();
  $("pending").replaceChildren();
  clearLog();
  setUnread(0);
  $("room").hidden = true;
  $("signin").hidden = false;
  nickError(message);
  $("crowd").textContent = inRoom ? `${inRoom} ${inRoom === 1 ? "person is" : "people are"} in the room.` : "";
  nickField.select();
}

function showRoom() {
  $("signin").hidden = true;
  $("room").hidden = false;
  text.focus();
  link.connect();
}

// ---- The connection

const link = new Link(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/chatcom`, {
  admit,
  onPackage,
  onEnded: (reason) => {
    remember("");
    showSignIn(reason);
  },
  onState({ name, until }) {
    clearInterval(countdown);
    told = false;
    lost = name !== "open" && name !== "ended" && (lost || name !== "connecting");
    state.dataset.state = name;
    const says = { open: "Connected", offline: "Offline", ended: "Signed out" }[name] ?? (lost ? "Reconnecting" : "Connecting");
    if (stateText.textContent !== says) stateText.textContent = says; // it is read out
    setBusy(name !== "open");
    $("trouble").hidden = !lost;
    $("retry").hidden = name !== "waiting";
    if (name === "connecting") $("trouble-text").textContent = "Trying to connect. What you send waits here.";
    if (name === "offline") $("trouble-text").textContent = "This device is offline. What you send waits here.";
    if (name === "waiting") {
      countdown = setInterval(() => countDown(until), 1000);
      countDown(until);
    }
    for (const m of waiting.values()) m.note(name === "open" ? "Sending…" : "Waits for the connection");
  },
});

function countDown(until) {
  const seconds = Math.max(1, Math.ceil((until - Date.now()) / 1000));
  $("trouble-text").textContent = `The connection is lost. Next try in ${seconds} s. What you send waits here.`;
}

$("retry").addEventListener("click", () => {
  link.connect();
  text.focus();
});

function onPackage({ package: { type, data }, time }) {
  switch (type) {
    case "message":
      return onMessage(data, time);
    case "participant-joined":
      if (!people.includes(data)) people.push(data);
      addEvent(data, "joined", time);
      return showPeople();
    case "participant-left":
      people = people.filter((nick) => nick !== data);
      addEvent(data, "left", time);
      return showPeople();
    case "participant-update":
      people = data;
      showPeople();
      if (!told) onTold();
      return;
    case "message-refused":
      return waiting.get(data.id)?.fail(data.reason);
  }
}

// onTold runs when the history is in: send what has waited.
function onTold() {
  told = true;
  setBusy(false);
  $("quiet").hidden = known.size > 0;
  for (const m of waiting.values()) if (!m.failed) m.transmit();
}

function onMessage(data, time) {
  const key = `${data.nick}\n${data.id}`;
  if (data.nick === me) waiting.get(data.id)?.done();
  if (known.has(key)) return;
  known.add(key);
  $("quiet").hidden = true;
  addMessage(data, time, data.nick === me);
  if (document.hidden && told) setUnread(unread + 1);
}

function showPeople() {
  $("people-count").textContent = people.length;
  $("people").replaceChildren(...people.map((nick) => {
    const item = el("li", "", disc(nick), nameOf(nick), nick === me ? el("span", "you", " you") : null);
    item.title = nick;
    item.style.setProperty("--hue", hueOf(nick));
    return item;
  }));
}

function setUnread(n) {
  unread = n;
  document.title = n ? `(${n}) Turbo chat` : "Turbo chat";
}

document.addEventListener("visibilitychange", () => document.hidden || setUnread(0));

// ---- Saying something

// An Outgoing is a message of mine until its echo comes back.
class Outgoing {
  failed = false;
  #timer = 0;
  #note = el("span", "note");
  #again = el("button", "", "Send again");
  #item;

  constructor(id, msg) {
    this.id = id;
    this.msg = msg;
    this.#again.type = "button";
    this.#again.hidden = true;
    this.#again.addEventListener("click", () => {
      this.#again.hidden = true;
      this.failed = false;
      if (told) this.transmit();
      else this.note("Waits for the connection");
      text.focus();
    });
    const body = el("p", "text", msg);
    body.dir = "auto";
    const notes = el("p", "notes", this.#note, " ", this.#again);
    notes.setAttribute("role", "status");
    this.#item = el("li", "said pending", body, notes);
    $("pending").append(this.#item);
    toEnd();
  }

  note(message) {
    if (!this.failed) this.#note.textContent = message;
  }

  transmit() {
    this.note("Sending…");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => link.open && link.drop(), echoTimeout);
    link.send({ package: { data: { msg: this.msg, id: this.id } } });
  }

  fail(reason) {
    clearTimeout(this.#timer);
    this.note(`Not sent. ${reason}`);
    this.failed = true;
    this.#again.hidden = false;
  }

  done() {
    clearTimeout(this.#timer);
    waiting.delete(this.id);
    this.#item.remove();
  }
}

$("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const msg = text.value.trim();
  const tooMany = length(msg) - maxMessage;
  if (!msg) return text.focus();
  if (tooMany > 0) return textError(`This message is ${tooMany} ${tooMany === 1 ? "character" : "characters"} too long.`);
  if (waiting.size >= maxWaiting) return textError("Too many messages are waiting to be sent.");
  const m = new Outgoing(newID(), msg);
  waiting.set(m.id, m);
  if (told) m.transmit();
  else m.note("Waits for the connection");
  text.value = "";
  onInput();
  text.focus();
});

const newID = () => Array.from(crypto.getRandomValues(new Uint32Array(3)), (n) => n.toString(36)).join("");
const length = (s) => [...s].length;

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("say").requestSubmit();
});

text.addEventListener("input", onInput);

function onInput() {
  const left = maxMessage - length(text.value.trim());
  const near = left <= maxMessage - countFrom;
  $("counter").textContent = left < 0 ? `${-left} too many` : near ? `${left} left` : "";
  $("counter").classList.toggle("over", left < 0);
  textError("");
  if (!CSS.supports("field-sizing", "content")) {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  }
}

function textError(message) {
  $("text-error").textContent = message;
  text.setAttribute("aria-invalid", String(message !== ""));
}

// ---- The theme

const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (document.documentElement.dataset.theme ?? (darkSystem.matches ? "dark" : "light")) === "dark";
const showTheme = () => $("theme").setAttribute("aria-pressed", String(isDark()));

$("theme").addEventListener("click", () => {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("theme", theme);
  } catch { /* no storage: it holds until the page is closed */ }
  showTheme();
});
darkSystem.addEventListener("change", showTheme);
showTheme();

// ---- Begin

try {
  const answer = await ask("GET", "/signin");
  if (answer.ok) {
    become(answer.nick);
    showRoom();
  } else {
    nickField.value = recall() ?? "";
    showSignIn("", answer.people);
  }
} catch {
  showSignIn("The server cannot be reached. Please try again.");
}
