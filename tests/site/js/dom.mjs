// As much of a document as the site's scripts use, so that they run without a browser.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const SCRIPTS = new URL("../../../site_assets/js/", import.meta.url);
const PART = /([a-z]+)|\.([\w-]+)|\[([\w-]+)(?:="?([^"\]]*)"?)?\]/g;

export class Element extends EventTarget {
  constructor(tag, attributes = {}, ...children) {
    super();
    Object.assign(this, { tag, children: [], parent: null, text: "", isConnected: true, disabled: false });
    this.attributes = new Map();
    this.dataset = {};
    const classes = new Set();
    this.classList = {
      add: (...names) => names.forEach((name) => classes.add(name)),
      contains: (name) => classes.has(name),
      toggle: (name, on) => (on ? classes.add(name) : classes.delete(name)),
    };
    this.style = { setProperty: (name, value) => (this.style[name] = value) };
    for (const [name, value] of Object.entries(attributes)) this.setAttribute(name, value);
    this.append(...children);
  }

  get cells() {
    return this.children;
  }
  get options() {
    return this.children;
  }
  get tagName() {
    return this.tag.toUpperCase();
  }
  get textContent() {
    return this.text + this.children.map((child) => child.textContent).join("");
  }
  set textContent(words) {
    [this.text, this.children] = [words, []];
  }
  get parentElement() {
    return this.parent;
  }
  get nextElementSibling() {
    return this.parent.children[this.parent.children.indexOf(this) + 1] ?? null;
  }
  get hash() {
    return this.href ?? "";
  }
  append(...children) {
    for (const child of children) {
      if (typeof child === "string") this.text += child;
      else this.children.push(Object.assign(child, { parent: this }));
    }
  }
  replaceChildren(...children) {
    this.textContent = "";
    this.append(...children);
  }
  focus() {
    Element.focused = this;
  }
  click() {
    this.fire("click");
  }
  setAttribute(name, value) {
    this.attributes.set(name, String(value));
    if (name === "class") this.classList.add(...String(value).split(" "));
    else if (name.startsWith("data-")) this.dataset[name.slice(5).replace(/-(\w)/g, (_, letter) => letter.toUpperCase())] = String(value);
    else this[name] = name === "hidden" || String(value);
  }
  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }
  removeAttribute(name) {
    this.attributes.delete(name);
  }
  matches(selector) {
    const way = selector.split(" ");
    const last = way.pop();
    const fits = [...last.matchAll(PART)].every(([, tag, name, attribute, value]) => {
      if (tag) return this.tag === tag;
      if (name) return this.classList.contains(name);
      if (attribute === "hidden") return this.hidden === true;
      return this.attributes.has(attribute) && (value === undefined || this.attributes.get(attribute) === value);
    });
    return fits && (!way.length || Boolean(this.parent?.closest(way.join(" "))));
  }
  closest(selector) {
    return this.matches(selector) ? this : this.parent?.closest(selector) ?? null;
  }
  querySelectorAll(selector) {
    return this.children.flatMap((child) => [
      ...(child.matches(selector) ? [child] : []),
      ...child.querySelectorAll(selector),
    ]);
  }
  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }
  cloneNode() {
    return new this.constructor(this.tag, Object.fromEntries(this.attributes));
  }
  replaceWith(other) {
    this.parent.children[this.parent.children.indexOf(this)] = Object.assign(other, { parent: this.parent });
  }
  /** Let something happen here, as if it came from `target`. Returns the event. */
  fire(type, init = {}, target = this) {
    const event = Object.assign(new Event(type, { cancelable: true }), init);
    Object.defineProperty(event, "target", { value: target });
    this.dispatchEvent(event);
    return event;
  }
}

export const el = (tag, attributes, ...children) => new Element(tag, attributes, ...children);

/** A video that loads nothing by itself and is as long as one likes. */
export class Video extends Element {
  constructor(...children) {
    super("video", {}, ...children);
    Object.assign(this, { currentTime: 0, paused: true, playbackRate: 1, readyState: 0 });
    Object.assign(this, { controls: true, seeking: false, textTracks: [{ kind: "captions", mode: "hidden" }] });
    this.spans = [];
  }
  get buffered() {
    const { spans } = this;
    return { length: spans.length, start: (at) => spans[at][0], end: (at) => spans[at][1] };
  }
  canPlayType(type) {
    return type.includes("avc1") ? "probably" : "";
  }
  async play() {
    this.paused = false;
    this.fire("play");
  }
  pause() {
    this.paused = true;
    this.fire("pause");
  }
  /** Begin anew, with nothing of the film. */
  load() {
    Object.assign(this, { readyState: 0, spans: [] });
  }
  /** Let the network bring a part of the film. */
  bring(start, end) {
    Object.assign(this, { readyState: 4, seeking: false });
    this.spans.push([start, end]);
    this.fire("seeked");
  }
}

/** A canvas that remembers what was put onto it, and the outlines. */
export class Canvas extends Element {
  constructor(attributes, width, height) {
    super("canvas", attributes);
    Object.assign(this, { width, height, outlines: [] });
  }
  getContext() {
    return {
      createImageData: (width, height) => ({ data: new Uint8ClampedArray(4 * width * height) }),
      putImageData: ({ data }) => Object.assign(this, { pixels: data.slice(), outlines: [] }),
      strokeRect: (...rectangle) => this.outlines.push(rectangle),
    };
  }
  getBoundingClientRect() {
    return { left: 0, top: 0, width: 2 * this.width, height: 2 * this.height };
  }
  setPointerCapture() {}
}

/** Everything is seen at once. */
class IntersectionObserver {
  constructor(told) {
    this.told = told;
  }
  observe(target) {
    this.told([{ target, isIntersecting: true }]);
  }
  disconnect() {}
}

/** Run scripts of the site on a body, in order. Returns the window's events, the address, what was handed to others, and what an
 *  expression is there. */
export function run(scripts, body, { hash = "", reduced = false, upright = false, without = "", clipboard, connection, more = {} } = {}) {
  const page = new EventTarget();
  const location = { hash, href: `https://site.example/scene/${hash}` };
  const mounts = [];
  const held = Object.assign(new EventTarget(), { matches: upright });
  const turn = () => (held.matches = !held.matches, held.dispatchEvent(new Event("change")));
  const session = { actions: {}, setActionHandler: (name, act) => (session.actions[name] = act) };
  const history = { replaceState: (_, __, hash) => (location.hash = hash) };
  Object.assign(body, {
    head: el("head"),
    createElement: (tag) => el(tag),
    createElementNS: (_, tag) => el(tag),
  });
  const context = vm.createContext({
    document: body,
    location,
    history,
    navigator: { mediaSession: session, clipboard, connection },
    MediaMetadata: Object,
    matchMedia: (query) => (query.includes("orientation") ? held : { matches: reduced, addEventListener() {} }),
    window: { document$: { subscribe: (mount) => (mounts.push(mount), mount()) } },
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
    requestAnimationFrame: (draw) => draw(),
    ...{ atob, Blob, DecompressionStream, Event, Response, TextDecoder, setInterval, clearInterval, setTimeout },
    IntersectionObserver,
    ...more,
  });
  delete context[without];
  const value = (expression) => vm.runInContext(expression, context);
  const load = (script) => value(readFileSync(new URL(script, SCRIPTS), "utf8"));
  [scripts].flat().forEach(load);
  return { page, location, session, value, load, turn, again: () => mounts.forEach((mount) => mount()) };
}
