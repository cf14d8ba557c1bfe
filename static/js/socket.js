// The live connection: stays up by itself, with longer and longer pauses while nobody answers.
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const SESSION_ENDED = 4401;

export class LiveSocket {
  // onEvents(events) for each frame, onState("live" | "lost"), onEnded() when the session is over,
  // onRefused() when a connection closed before its first frame.
  constructor(path, { onEvents, onState, onEnded, onRefused }) {
    this.url = new URL(path, location.href);
    this.url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.url.searchParams.set("language", document.documentElement.lang); // for the sentences in events
    Object.assign(this, { onEvents, onState, onEnded, onRefused });
    this.failures = 0;
    this.watched = null; // all panels that are shown
    addEventListener("online", () => this.retryNow());
    addEventListener("visibilitychange", () => document.hidden || this.retryNow());
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => this.askFor();
    socket.onmessage = (message) => {
      this.failures = 0;
      this.onState("live");
      this.onEvents(JSON.parse(message.data).events ?? []);
    };
    socket.onclose = (close) => socket === this.socket && this.closed(close.code);
  }

  // From now on only what concerns these panels, and how many messages arrive; also after a reconnect.
  watch(panels) {
    this.watched = panels;
    if (this.socket?.readyState === WebSocket.OPEN) this.askFor();
  }

  askFor() {
    if (this.watched) this.socket.send(JSON.stringify({ action: "watch", panels: this.watched, status: true }));
  }

  closed(code) {
    if (code === SESSION_ENDED) {
      this.onEnded();
      return;
    }
    this.onState("lost");
    if (this.failures) this.onRefused();
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failures);
    this.failures += 1;
    // Jitter: after a restart of the server its pages must not all come back in the same moment.
    this.timer = setTimeout(() => this.connect(), pause * (0.5 + Math.random() / 2));
  }

  retryNow() {
    if (this.timer !== undefined) this.connect();
  }

  // After the machine slept, the connection may be dead without anybody having said so.
  renew() {
    const old = this.socket;
    this.connect();
    old?.close();
  }
}
