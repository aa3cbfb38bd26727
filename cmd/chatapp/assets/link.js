// A connection to the room that comes back by itself.
//
// admit() is asked before each attempt whether this browser may come in. It
// answers true or false (then the link ends), or fails when the server cannot
// be reached. onState hears {name, until}: "connecting", "open", "waiting"
// (until that time, in ms), "offline" or "ended". onEnded gets the reason with
// which the server sent us away.

const firstDelay = 500; // ms; doubled for each attempt that fails
const lastDelay = 20_000;
const patience = 8_000; // ms for one attempt
const getOut = 4001; // the close code after which there is no coming back

export class Link {
  #url;
  #hooks;
  #socket = null;
  #timer = 0;
  #failures = 0;
  #state = "ended";

  constructor(url, hooks) {
    this.#url = url;
    this.#hooks = hooks;
    addEventListener("online", () => this.#state === "offline" && this.connect());
    addEventListener("offline", () => this.#socket && this.drop());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#state === "waiting") this.connect();
    });
  }

  get open() {
    return this.#state === "open";
  }

  // connect makes an attempt now. It ends the one that is under way.
  async connect() {
    this.#forget();
    const attempt = new AbortController();
    const socket = (this.#socket = { attempt, close: () => attempt.abort() });
    this.#timer = setTimeout(() => this.drop(), patience);
    this.#enter("connecting");
    try {
      if (!(await this.#hooks.admit(attempt.signal))) {
        if (this.#socket === socket) this.end();
        return;
      }
    } catch {
      if (this.#socket === socket) this.drop();
      return;
    }
    if (this.#socket === socket) this.#dial();
  }

  #dial() {
    const socket = (this.#socket = new WebSocket(this.#url));
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      if (!this.open) this.#opened(); // the server's first word says that we are in
      this.#hooks.onPackage(JSON.parse(data));
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.#socket) return;
      if (code !== getOut) return this.drop();
      this.end();
      this.#hooks.onEnded(reason);
    };
  }

  #opened() {
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#enter("open");
  }

  send(envelope) {
    this.#socket.send(JSON.stringify(envelope));
  }

  // drop gives the connection up and plans the next attempt.
  drop() {
    this.#forget();
    if (!navigator.onLine) return this.#enter("offline");
    const ceiling = Math.min(lastDelay, firstDelay * 2 ** this.#failures++);
    const delay = ceiling / 2 + (Math.random() * ceiling) / 2;
    this.#timer = setTimeout(() => this.connect(), delay);
    this.#enter("waiting", Date.now() + delay);
  }

  // end closes the connection for good; connect() opens it again.
  end() {
    this.#forget();
    this.#failures = 0;
    this.#enter("ended");
  }

  #forget() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #enter(name, until) {
    this.#state = name;
    this.#hooks.onState({ name, until });
  }
}
