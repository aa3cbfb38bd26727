// The log: what was said and who came and went, hung on one thread. All that
// people typed goes through textContent; nothing here makes HTML from text.

const keep = 500; // entries; older ones go
const together = 5 * 60_000; // ms; messages of one person closer than this share a name

const log = document.getElementById("log");
const entries = document.getElementById("entries");
const newer = document.getElementById("newer");
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const precise = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const letters = Intl.Segmenter && new Intl.Segmenter();

let last = {}; // what the next entry is compared with
let unseen = 0; // messages below what can be seen

// el makes an element with text and children.
export function el(tag, className, ...content) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  e.append(...content.filter((c) => c !== null && c !== undefined));
  return e;
}

// nameOf shows a nickname; <bdi> keeps its direction to itself.
export const nameOf = (nick) => el("bdi", "", nick);

// disc is the round mark of a person: their first character on their colour.
export function disc(nick) {
  const d = el("span", "disc");
  d.setAttribute("aria-hidden", "true");
  paint(d, nick);
  return d;
}

export function paint(d, nick) {
  const [first] = letters ? letters.segment(nick) : [{ segment: [...nick][0] }];
  d.textContent = first.segment.toLocaleUpperCase();
  d.style.setProperty("--hue", hueOf(nick));
}

// hueOf is the same on every screen: FNV-1a of the nickname, in steps of 24°.
export function hueOf(nick) {
  let h = 0x811c9dc5;
  for (const c of nick.toLowerCase()) h = Math.imul(h ^ c.codePointAt(0), 0x01000193) >>> 0;
  return ((h >>> 8) % 15) * 24;
}

export function addMessage({ nick, msg }, time, mine) {
  const follows = last.nick === nick && time - last.time < together && sameDay(time, last.time);
  const item = el("li", follows ? "said follows" : "said");
  item.style.setProperty("--hue", hueOf(nick));
  if (!follows) item.append(disc(nick));
  const name = el("strong", follows ? "sr" : "name", nameOf(nick), mine ? el("span", "you", " you") : null);
  const text = el("p", "text", msg);
  text.dir = "auto";
  item.append(name, timeOf(time), text);
  append(item, time, { nick, time }, !mine);
}

export function addEvent(nick, what, time) {
  append(el("li", "event", el("span", "", nameOf(nick), ` ${what}`), timeOf(time)), time, { time });
}

// quietly runs f while screen readers are not told of what is added.
export function setBusy(busy) {
  log.setAttribute("aria-busy", String(busy));
}

export function clearLog() {
  entries.replaceChildren();
  last = {};
  seen();
}

function append(item, time, next, counts = false) {
  const wasAtEnd = atEnd();
  if (last.time !== undefined && !sameDay(time, last.time)) {
    entries.append(el("li", "day", calendar.format(time)));
  }
  entries.append(item);
  last = next;
  while (entries.childElementCount > keep) entries.firstElementChild.remove();
  if (wasAtEnd) return toEnd();
  if (counts) {
    unseen++;
    newer.textContent = unseen === 1 ? "1 new message" : `${unseen} new messages`;
    newer.hidden = false;
  }
}

function timeOf(time) {
  const t = el("time", "", clock.format(time));
  t.dateTime = new Date(time).toISOString();
  t.title = precise.format(time);
  return t;
}

const sameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

export const atEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 48;

export function toEnd() {
  log.scrollTop = log.scrollHeight;
  seen();
}

function seen() {
  unseen = 0;
  newer.hidden = true;
}

log.addEventListener("scroll", () => atEnd() && seen(), { passive: true });
newer.addEventListener("click", () => {
  toEnd();
  document.getElementById("text").focus();
});

// What was at the end stays there when the keyboard or the composer takes room.
let pinned = true;
log.addEventListener("scroll", () => (pinned = atEnd()), { passive: true });
new ResizeObserver(() => pinned && toEnd()).observe(log);
