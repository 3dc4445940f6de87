// @ts-check
/**
 * Some seconds of the film beside the text that speaks of them, over and over, without sound.
 *
 * A loop is loaded, and plays, while it is seen. A button below each stops them all. Without this script, where motion is
 * not welcome, and where data are to be saved, the still stays.
 */
(() => {
  const line = /** @type {any} */ (navigator).connection;
  const unwelcome = matchMedia("(prefers-reduced-motion: reduce)").matches || line?.saveData || /2g/.test(line?.effectiveType);
  const loops = /** @type {HTMLVideoElement[]} */ ([...document.querySelectorAll("video.loop")]);
  const buttons = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll(".loop__stop")]);
  const seen = new Set();
  let stopped = false;

  /** Play what is seen, unless all are stopped. */
  function follow() {
    for (const loop of loops) {
      if (stopped || !seen.has(loop.parentElement)) loop.pause();
      else {
        loop.hidden = false;
        loop.play().catch(() => {}); // the still stays
      }
    }
  }

  /** Watch the places of loops. */
  function begin() {
    const watch = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) seen[isIntersecting ? "add" : "delete"](target);
      follow();
    }, { threshold: 0.5 });
    for (const loop of loops) {
      loop.muted = true; // the attribute alone sets only what it begins with
      loop.addEventListener("playing", () => loop.classList.add("is-playing"));
      watch.observe(/** @type {Element} */ (loop.parentElement));
    }
    for (const button of buttons) {
      button.hidden = false;
      button.addEventListener("click", () => {
        stopped = !stopped;
        for (const each of buttons) each.textContent = stopped ? "Let the pictures move" : "Stop the moving pictures";
        follow();
      });
    }
  }

  if (!loops.length || unwelcome) return;
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin); // what the page needs at once comes first
})();
