// As much of a document as the site's scripts use, so that they run without a browser.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const SCRIPTS = new URL("../../../site_assets/js/", import.meta.url);
const PART = /([a-z]+)|\.([\w-]+)|\[([\w-]+)(?:="?([^"\]]*)"?)?\]/g;

export class Element extends EventTarget {
  constructor(tag, attributes = {}, ...children) {
    super();
    Object.assign(this, { tag, children: [], parent: null, text: "", isConnected: true, disabled: false });
    this.attributes = new Map(Object.entries(attributes).map(([name, value]) => [name, String(value)]));
    this.dataset = {};
    for (const [name, value] of this.attributes) {
      if (name.startsWith("data-")) this.dataset[name.slice(5)] = value;
      else if (name !== "class") this[name] = value;
    }
    if (this.attributes.has("hidden")) this.hidden = true;
    const classes = new Set((attributes.class ?? "").split(" "));
    this.classList = {
      contains: (name) => classes.has(name),
      toggle: (name, on) => (on ? classes.add(name) : classes.delete(name)),
    };
    this.style = { setProperty: (name, value) => (this.style[name] = value) };
    for (const child of children) {
      if (typeof child === "string") this.text += child;
      else this.children.push(Object.assign(child, { parent: this }));
    }
  }

  get cells() {
    return this.children;
  }
  get textContent() {
    return this.text + this.children.map((child) => child.textContent).join("");
  }
  set textContent(words) {
    [this.text, this.children] = [words, []];
  }
  get nextElementSibling() {
    return this.parent.children[this.parent.children.indexOf(this) + 1] ?? null;
  }
  get hash() {
    return this.href ?? "";
  }
  append(...children) {
    for (const child of children) this.children.push(Object.assign(child, { parent: this }));
  }
  createElement(tag) {
    return new Element(tag);
  }
  focus() {}
  click() {
    this.fire("click");
  }
  setAttribute(name, value) {
    this.attributes.set(name, value);
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
  /** Let something happen here, as if it came from `target`. Returns the event. */
  fire(type, init = {}, target = this) {
    const event = Object.assign(new Event(type, { cancelable: true }), init);
    Object.defineProperty(event, "target", { value: target });
    this.dispatchEvent(event);
    return event;
  }
}

export const el = (tag, attributes, ...children) => new Element(tag, attributes, ...children);

/** A video that loads nothing and is as long as one likes. */
export class Video extends Element {
  constructor() {
    super("video");
    Object.assign(this, { currentTime: 0, paused: true, playbackRate: 1, readyState: 0, poster: "first.webp" });
    this.textTracks = [{ kind: "chapters" }, { kind: "captions", mode: "hidden" }];
  }
  async play() {
    this.paused = false;
  }
  pause() {
    this.paused = true;
  }
  focus() {}
}

/** Run one of the site's scripts on a body, after those it needs. Returns the window's events, the address, and a look inside. */
export function run(script, body, { hash = "", reduced = false, after = [] } = {}) {
  const page = new EventTarget();
  const location = { hash };
  const mounts = [];
  const context = vm.createContext({
    document: body,
    location,
    matchMedia: () => ({ matches: reduced }),
    window: { document$: { subscribe: (mount) => (mounts.push(mount), mount()) } },
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
    ...{ atob, TextDecoder, setInterval, clearInterval, setTimeout },
  });
  for (const each of [...after, script]) vm.runInContext(readFileSync(new URL(each, SCRIPTS), "utf8"), context);
  return { page, location, again: () => mounts.forEach((mount) => mount()), look: (words) => vm.runInContext(words, context) };
}
