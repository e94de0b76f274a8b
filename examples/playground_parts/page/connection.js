// The line to the server: questions with answers, and frames that are acknowledged when they have been drawn.

const KINDS = { f4: Float32Array, i4: Int32Array, i1: Int8Array, u1: Uint8Array };

// A frame's header, with each of its arrays as {shape, values}.
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const frame = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  for (const [name, kind, shape] of frame.arrays) {
    const size = shape.reduce((product, side) => product * side, 1);
    const values = new KINDS[kind](buffer, at, size);
    frame[name] = { shape, values };
    at += Math.ceil(values.byteLength / 4) * 4;
  }
  return frame;
}

export class Connection {
  // path: where the socket is. onframe(frame). onopen(): may send. onlost(why): closed for good, `open()` opens it again.
  constructor({ path, onframe, onopen, onlost }) {
    Object.assign(this, { path, onframe, onopen, onlost, waiting: new Map(), next: 1, pending: null });
    this.open();
  }

  open() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${this.path}`);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.onopen?.());
    socket.addEventListener("message", ({ data }) => (typeof data === "string" ? this.#answered(JSON.parse(data)) : this.#arrived(data)));
    socket.addEventListener("close", ({ code, reason }) => this.#closed(code, reason));
    this.socket = socket;
  }

  get alive() { return this.socket.readyState === WebSocket.OPEN; }

  // Asks for something: a promise of the answer.
  send(what, message = {}) {
    if (!this.alive) return Promise.reject(new Error("The server isn't there."));
    const id = this.next++;
    this.socket.send(JSON.stringify({ ...message, do: what, id }));
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve, reject }));
  }

  // Tells something whose answer doesn't matter; an error is still shown.
  tell(what, message = {}) {
    if (this.alive) this.socket.send(JSON.stringify({ ...message, do: what }));
  }

  #answered({ id, error, re, ...answer }) {
    const asked = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) asked?.resolve(answer);
    else if (asked) asked.reject(new Error(error));
    else document.dispatchEvent(new CustomEvent("complaint", { detail: error }));
  }

  #arrived(data) {
    const socket = this.socket;
    requestAnimationFrame(() => {
      try {
        this.onframe(unpack(data));
      } finally {
        if (socket.readyState === WebSocket.OPEN) socket.send('{"do": "drawn"}');
      }
    });
  }

  #closed(code, reason) {
    for (const { reject } of this.waiting.values()) reject(new Error("The connection was lost."));
    this.waiting.clear();
    this.onlost?.(code === 1006 || code === 1012 ? "The server is gone." : reason || "The connection was lost.");
  }
}
