// @ts-check
/**
 * The scene player: the page follows the video, and the video follows the page.
 *
 * Without this script the page is whole: native controls, steps that link to their stills, text. With it, a step
 * seeks the video, the playing step and its legend entries light up, and keys do the rest while the player or one of
 * its steps has the focus: 1 to 9 go to a step, space plays, arrows go five seconds, comma and full stop one frame,
 * < and > change the speed, c shows captions, f fills the screen. Space and arrows are the browser's own while the
 * video itself has the focus: its controls want them.
 */
(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];

  /** Bring one player to life, once. @param {HTMLElement} scene */
  function mount(scene) {
    const video = scene.querySelector("video");
    if (!video || scene.dataset.live !== undefined) return;
    scene.dataset.live = "";
    follow(scene, video);
  }

  /**
   * Let page and video follow each other.
   * @param {HTMLElement} scene
   * @param {HTMLVideoElement} video
   */
  function follow(scene, video) {
    const steps = /** @type {HTMLAnchorElement[]} */ ([...scene.querySelectorAll(".rail a")]);
    const found = /** @type {HTMLElement[]} */ ([...scene.querySelectorAll("[data-mark]")]);
    const marks = found.map((mark) => ({
      mark,
      times: (mark.dataset.times ?? "").split(" ").map((span) => span.split("-").map(Number)),
    }));

    const [fps, length] = [Number(scene.dataset.fps), Number(scene.dataset.length)];
    const speed = /** @type {HTMLOutputElement} */ (scene.querySelector("output"));

    /** Light what belongs to the current time. */
    function light() {
      const now = video.currentTime + 0.001;
      for (const step of steps) {
        const [start, end] = [Number(step.dataset.start), Number(step.dataset.end)];
        step.style.setProperty("--part", String(Math.min(1, Math.max(0, (now - start) / (end - start)))));
        if (start <= now && now < end) step.setAttribute("aria-current", "step");
        else step.removeAttribute("aria-current");
      }
      for (const { mark, times } of marks)
        mark.classList.toggle("is-lit", times.some(([start, end]) => start <= now && now < end));
    }

    /**
     * Go to a time. Nothing is loaded for it until it plays; with reduced motion it waits, on the still of the step.
     * @param {number} time seconds
     * @param {boolean} play
     */
    function seek(time, play) {
      video.currentTime = time;
      const step = steps.find((each) => Number(each.dataset.start) <= time && time < Number(each.dataset.end));
      if (!play && step?.dataset.still && video.readyState === 0) video.poster = step.dataset.still;
      if (play) video.play().catch(() => {});
      light();
    }

    /**
     * Stand at a time, within the video. A frame is looked at while nothing moves.
     * @param {number} time seconds
     */
    const place = (time) => seek(Math.min(Math.max(0, time), length), false);

    /**
     * Do what a key stands for; says whether it stands for anything.
     * @param {string} key
     * @param {boolean} native whether space and arrows are the browser's own
     */
    function press(key, native) {
      const step = steps[Number(key) - 1];
      const faster = key === ">" ? 1 : -1;
      if (step) seek(Number(step.dataset.start), !still.matches);
      else if (key === "," || key === ".") {
        video.pause();
        // The middle of the frame: a time on its edge may show either neighbour.
        place((Math.floor(video.currentTime * fps + 0.01) + (key === "." ? 1.5 : -0.5)) / fps);
      } else if (key === "<" || key === ">") {
        video.playbackRate = RATES[Math.min(RATES.length - 1, Math.max(0, RATES.indexOf(video.playbackRate) + faster))];
      } else if (key === "f") {
        if (document.fullscreenElement) document.exitFullscreen();
        else {
          video.focus(); // what has the focus must be on the screen for its keys to be heard
          video.requestFullscreen?.().catch(() => {});
        }
      } else if (key === "c") {
        const captions = [...video.textTracks].find((each) => each.kind === "captions");
        if (captions) captions.mode = captions.mode === "showing" ? "hidden" : "showing";
      } else if (native) return false;
      else if (key === " ") video.paused ? video.play().catch(() => {}) : video.pause();
      else if (key === "ArrowLeft" || key === "ArrowRight") place(video.currentTime + (key === "ArrowRight" ? 5 : -5));
      else return false;
      return true;
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
      if (event.altKey || event.ctrlKey || event.metaKey || !press(event.key, event.target === video)) return;
      event.preventDefault();
      event.stopPropagation(); // the theme has uses of its own for f, comma and full stop
    });
    for (const name of ["timeupdate", "seeking", "seeked", "play"]) video.addEventListener(name, light);
    video.addEventListener("ratechange", () => (speed.value = `Speed ${video.playbackRate}`));
    addEventListener("hashchange", followAddress);
    followAddress();
  }

  const mountAll = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".scene")).forEach(mount);
  // The theme announces each page, the first one included, also when it swaps pages without a reload.
  const pages = /** @type {any} */ (window).document$;
  if (pages) pages.subscribe(mountAll);
  else mountAll();
})();
