// @ts-nocheck
// What Material for MkDocs 9.8.1 (MIT, Martin Donath) writes into every page, here in a file of its own: where the
// site begins, and how its scripts remember what a reader chose. These names are the theme's; its bundle wants them.
var __md_scope = new URL(document.currentScript.dataset.base, location);
var __md_hash = (text) => [...text].reduce((hash, letter) => (hash << 5) - hash + letter.charCodeAt(0), 0);
// A browser that keeps nothing for a page throws as soon as its storage is named: then nothing was chosen, or is kept.
var __md_get = (key, storage, scope = __md_scope) => {
  try {
    return JSON.parse((storage ?? localStorage).getItem(scope.pathname + "." + key));
  } catch {
    return null;
  }
};
var __md_set = (key, value, storage, scope = __md_scope) => {
  try {
    (storage ?? localStorage).setItem(scope.pathname + "." + key, JSON.stringify(value));
  } catch {
    // A reader who keeps nothing keeps no choice either.
  }
};

// The theme wraps tables that may scroll sideways; what scrolls has to be reached by keyboard, too.
addEventListener("load", () => {
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap")) wrap.setAttribute("tabindex", "0");
});

// The theme fetches its search index and the worker that searches it on every page. Together they are as large as the
// page itself, so they wait here until somebody means to search. It also asks for the sitemap, which a page on a disk
// is not given: there that request waits for ever, and the search is left alone, for a browser allows no worker there.
(() => {
  const disk = location.protocol === "file:";
  const meant = new Promise((resolve) => {
    if (disk) return;
    const listen = (event) => {
      if (event.target.closest?.("#__search, .md-search")) resolve();
    };
    for (const kind of ["change", "focusin"]) document.addEventListener(kind, listen);
  });
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.late = String(url).endsWith(disk ? "/sitemap.xml" : "/search/search_index.json");
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (...body) {
    if (this.late) meant.then(() => send.apply(this, body));
    else send.apply(this, body);
  };
  if (disk) return;
  const Prompt = Worker;
  // It begins with the first message, and that is the index.
  window.Worker = function (...how) {
    const late = new EventTarget();
    let worker;
    late.postMessage = (message) => {
      if (!worker) {
        worker = new Prompt(...how);
        worker.addEventListener("message", ({ data }) => late.dispatchEvent(new MessageEvent("message", { data })));
      }
      worker.postMessage(message);
    };
    return late;
  };
})();
