// @ts-check
/**
 * The scene player: the page follows the video, and the video follows the page.
 *
 * Without this script the page is whole: native controls, steps that link to their stills, text. With it, a step
 * seeks the video, the playing step and its legend entries light up, and the keys 1 to 9 go to a step while the
 * player has the focus. Which entries belong to which moment is read from the video's own metadata track.
 */
(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  /**
   * @typedef {{section: string, step: string | null, legend: string[]}} Moment what a cue of the metadata track holds
   */

  /** Bring one player to life. @param {HTMLElement} scene */
  function mount(scene) {
    const video = scene.querySelector("video");
    const track = video && [...video.textTracks].find((each) => each.kind === "metadata");
    if (!video || !track || scene.dataset.live !== undefined) return;
    scene.dataset.live = "";
    const steps = /** @type {HTMLAnchorElement[]} */ ([...scene.querySelectorAll(".rail a")]);
    const marks = /** @type {HTMLElement[]} */ ([...scene.querySelectorAll("[data-mark]")]);

    /** Light what belongs to the current time. */
    function follow() {
      const now = video.currentTime + 0.001;
      for (const step of steps) {
        const [start, end] = [Number(step.dataset.start), Number(step.dataset.end)];
        step.style.setProperty("--part", String(Math.min(1, Math.max(0, (now - start) / (end - start)))));
        if (start <= now && now < end) step.setAttribute("aria-current", "step");
        else step.removeAttribute("aria-current");
      }
      const cues = [...(track.cues ?? [])].filter((cue) => cue.startTime <= now && now < cue.endTime);
      const lit = cues.flatMap((cue) => /** @type {Moment} */ (JSON.parse(/** @type {VTTCue} */ (cue).text)).legend);
      for (const mark of marks) mark.classList.toggle("is-lit", lit.includes(mark.dataset.mark ?? ""));
    }

    /**
     * Go to a time. Nothing is loaded for it until it plays; with reduced motion it waits, on the still of the step.
     * @param {number} time seconds
     * @param {boolean} play
     */
    function seek(time, play) {
      track.mode = "hidden";
      video.currentTime = time;
      const step = steps.find((each) => Number(each.dataset.start) <= time && time < Number(each.dataset.end));
      if (!play && step?.dataset.still && video.readyState === 0) video.poster = step.dataset.still;
      if (play) video.play().catch(() => {});
      follow();
    }

    /** Follow the address: #t=12.5 or #step-02. */
    function followAddress() {
      if (!scene.isConnected) return removeEventListener("hashchange", followAddress);
      const time = /^#t=([\d.]+)$/.exec(location.hash);
      const step = steps.find((each) => each.hash === location.hash);
      if (time) seek(Number(time[1]), false);
      else if (step) seek(Number(step.dataset.start), false);
    }

    for (const step of steps) {
      step.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        seek(Number(step.dataset.start), !still.matches);
      });
    }
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("a[data-seek]"))) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        scene.scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "center" });
        video.focus({ preventScroll: true });
        seek(Number(link.dataset.seek), !still.matches);
      });
    }
    scene.addEventListener("keydown", (event) => {
      const step = steps[Number(event.key) - 1];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      seek(Number(step.dataset.start), !still.matches);
    });
    for (const name of ["timeupdate", "seeking", "seeked", "play"]) video.addEventListener(name, follow);
    video.addEventListener("play", () => (track.mode = "hidden"), { once: true });
    scene.querySelector("track[kind=metadata]")?.addEventListener("load", follow);
    addEventListener("hashchange", followAddress);
    followAddress();
  }

  const mountAll = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".scene")).forEach(mount);
  // The theme announces each page, the first one included, also when it swaps pages without a reload.
  const pages = /** @type {any} */ (window).document$;
  if (pages) pages.subscribe(mountAll);
  else mountAll();
})();
