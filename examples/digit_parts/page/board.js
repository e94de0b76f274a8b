// The board: strokes of mouse, finger or pen, or a picture; over them the heat of what the network made of them.

import { variable } from "/colours.js";
import { sharp } from "/dom.js";

export class Board {
  // onchange(): what is drawn has changed.
  constructor(canvas, onchange) {
    Object.assign(this, { canvas, onchange, side: 280, pen: 26, strokes: [], picture: null, heat: null, place: null, stroke: null });
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#follow(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) canvas.addEventListener(name, (event) => this.#end(event));
    new ResizeObserver(() => this.paint()).observe(canvas);
  }

  get empty() { return !this.strokes.length && !this.picture; }

  #point(event) {
    const box = this.canvas.getBoundingClientRect();
    const at = (value, from, size) => Math.round(((value - from) / size) * this.side * 10) / 10;
    return [at(event.clientX, box.left, box.width), at(event.clientY, box.top, box.height)];
  }

  #begin(event) {
    if (event.button !== 0 || this.stroke) return;
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    try { this.canvas.setPointerCapture(event.pointerId); } catch { /* a pointer that a test has made up */ }
    if (this.picture) this.clear();
    this.stroke = { pointer: event.pointerId, points: this.#point(event) };
    this.strokes.push(this.stroke.points);
    this.#changed();
  }

  #follow(event) {
    if (this.stroke?.pointer !== event.pointerId) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const each of passed.length ? passed : [event]) {
      const [x, y] = this.#point(each), points = this.stroke.points;
      if (Math.hypot(x - points.at(-2), y - points.at(-1)) >= 1.5) points.push(x, y);
    }
    this.#changed();
  }

  #end(event) {
    if (this.stroke?.pointer === event.pointerId) this.stroke = null;
  }

  #changed() {
    this.paint();
    this.onchange();
  }

  undo() {
    if (this.picture) return this.clear();
    this.strokes.pop();
    this.stroke = null;
    if (this.empty) this.heat = this.place = null;
    this.#changed();
  }

  clear() {
    this.picture?.image.close?.();
    Object.assign(this, { strokes: [], picture: null, stroke: null, heat: null, place: null });
    this.#changed();
  }

  // A picture instead of strokes: `size` is that of the picture as the server measures it.
  show(image, size) {
    Object.assign(this, { strokes: [], stroke: null, heat: null, place: null });
    const scale = this.side / Math.max(...size);
    this.picture = { image, scale, left: (this.side - size[0] * scale) / 2, top: (this.side - size[1] * scale) / 2, size };
    this.paint();
  }

  // heat: a canvas of 28 x 28, or null; place: [left, top, scale] of it in the picture's pixels or on the board.
  warm(heat, place) {
    this.heat = heat;
    const { left, top, scale } = this.picture ?? { left: 0, top: 0, scale: 1 };
    this.place = place && [left + place[0] * scale, top + place[1] * scale, place[2] * scale];
    this.paint();
  }

  paint() {
    const { context, width } = sharp(this.canvas);
    if (!width) return;
    context.scale(width / this.side, width / this.side);
    if (this.picture) {
      const { image, left, top, scale, size } = this.picture;
      context.globalAlpha = this.heat ? 0.45 : 1;
      context.drawImage(image, left, top, size[0] * scale, size[1] * scale);
      context.globalAlpha = 1;
    }
    context.lineCap = context.lineJoin = "round";
    context.lineWidth = this.pen;
    context.strokeStyle = variable(this.heat ? "--ink-faint" : "--ink-drawn");
    for (const points of this.strokes) {
      context.beginPath();
      context.moveTo(points[0], points[1]);
      for (let i = 0; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
      if (points.length === 2) context.lineTo(points[0] + 0.01, points[1]);
      context.stroke();
    }
    if (!this.place) return;
    const [left, top, scale] = this.place;
    if (this.heat) {
      context.imageSmoothingQuality = "high";
      context.drawImage(this.heat, left, top, 28 * scale, 28 * scale);
    }
    context.setLineDash([3, 4]);
    context.lineWidth = 1;
    context.strokeStyle = variable("--grey");
    context.globalAlpha = 0.45;
    context.strokeRect(left, top, 28 * scale, 28 * scale);
    context.globalAlpha = 1;
  }
}
