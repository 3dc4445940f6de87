// @ts-check
/**
 * The scene player: the page follows the video, and the video follows the page.
 *
 * Without this script the page is whole: native controls, steps that link to their stills, text. With it, the page's
 * own controls stand below the picture, a step seeks the video, the playing step and its legend entries light up, and
 * keys do the rest while the player or one of its steps has the focus: 1 to 9 go to a step, space plays, arrows go five
 * seconds, comma and full stop one frame, < and > change the speed, c shows captions, f fills the screen. Until the
 * film is there, the still of the moment is shown. Captions are written below the picture: nothing covers them, and
 * they are in the page itself, so that a copy on a disk has them, too.
 */
(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  /** Seconds as on a clock. @param {number} time */
  const clock = (time) => `${Math.floor(time / 60)}:${String(Math.floor(time % 60)).padStart(2, "0")}`;

  /**
   * The moment that an address names, in seconds: #t=65, #t=65.5, #t=1:05 or #t=1:01:05.
   * @param {string} hash
   */
  function moment(hash) {
    const found = /^#t=(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)$/.exec(hash);
    return found ? 3600 * Number(found[1] ?? 0) + 60 * Number(found[2] ?? 0) + Number(found[3]) : undefined;
  }

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
    /** @param {string} selector */
    const part = (selector) => /** @type {any} */ (scene.querySelector(selector));
    const steps = /** @type {HTMLAnchorElement[]} */ ([...scene.querySelectorAll(".rail a")]);
    const found = /** @type {HTMLElement[]} */ ([...scene.querySelectorAll("[data-mark]")]);
    const marks = found.map((mark) => ({
      mark,
      times: (mark.dataset.times ?? "").split(" ").map((span) => span.split("-").map(Number)),
    }));
    const starts = steps.map((step) => Number(step.dataset.start));

    const [fps, length] = [Number(scene.dataset.fps), Number(scene.dataset.length)];
    /** @type {[number, string, string][]} */
    const stills = JSON.parse(scene.dataset.stills ?? "[]");
    /** @type {[number, number, string][]} */
    const captions = JSON.parse(scene.dataset.captions ?? "[]");
    const [screen, controls, line, said] = [".scene__screen", ".controls", ".controls input", "output"].map(part);
    const [speed, words, time, load] = ["select", ".scene__words", ".controls__time", ".controls__load"].map(part);
    const speeds = [...speed.options].map((option) => Number(option.value));
    const [play, caption, smaller] = ["[data-does=play]", "[data-does=captions]", "[data-does=smaller]"].map(part);
    const sources = /** @type {HTMLSourceElement[]} */ ([...video.querySelectorAll("source")]);
    const upright = matchMedia(sources[0].media || "not all"); // the sources of the upright cut come first

    /** Say something to everybody. @param {string} what */
    const say = (what) => (said.value = what);

    /** Show, and say, what belongs to the current time. */
    function light() {
      const now = video.currentTime + 0.001;
      let current = "";
      for (const step of steps) {
        const [start, end] = [Number(step.dataset.start), Number(step.dataset.end)];
        step.style.setProperty("--part", String(Math.min(1, Math.max(0, (now - start) / (end - start)))));
        if (start <= now && now < end) {
          step.setAttribute("aria-current", "step");
          current = `, step ${step.textContent?.trim()}`;
        } else step.removeAttribute("aria-current");
      }
      for (const { mark, times } of marks)
        mark.classList.toggle("is-lit", times.some(([start, end]) => start <= now && now < end));
      line.value = String(video.currentTime);
      line.style.setProperty("--part", String(video.currentTime / length));
      line.setAttribute("aria-valuetext", `${clock(now)} of ${clock(length)}${current}`);
      time.textContent = `${clock(now)} / ${clock(length)}`;
      const spoken = captions.find(([start, end]) => start <= now && now < end)?.[2] ?? "";
      if (!words.hidden && words.textContent !== spoken) words.textContent = spoken;
    }

    /** Whether the film is there at a time. @param {number} at */
    function loaded(at) {
      const { buffered } = video;
      if (video.readyState < 2) return false;
      for (let n = 0; n < buffered.length; n++) if (buffered.start(n) <= at && at <= buffered.end(n)) return true;
      return false;
    }

    /**
     * Show the still of a time: a picture of its own each time, for one that changes shows the old until it has the new.
     * @param {number} at
     */
    function cover(at) {
      const [old, file] = [part(".scene__still"), stills.filter(([start]) => start <= at).pop()?.[upright.matches ? 2 : 1]];
      if (!file) return;
      const picture = old.cloneNode();
      Object.assign(picture, { src: file, hidden: false });
      old.replaceWith(picture);
    }

    /** The film is there: neither a still nor a word about loading. */
    function arrive() {
      if (video.readyState < 2 || video.seeking) return;
      part(".scene__still").hidden = true;
      scene.dataset.there = "";
      load.textContent = "";
    }

    /** Play; from the start where the end is reached. */
    function start() {
      if (video.currentTime >= length - 1 / fps) seek(0, false);
      video.play().catch(() => {});
    }

    /** Play, or stop. */
    const toggle = () => (video.paused ? start() : video.pause());

    /**
     * Go to a time within the video. Nothing is loaded for it until it plays; with reduced motion it waits there.
     * @param {number} wanted seconds
     * @param {boolean} go whether it plays from there; else it goes on as it was
     */
    function seek(wanted, go) {
      const at = Math.min(Math.max(0, wanted), length);
      video.currentTime = at;
      if (!loaded(at)) cover(at);
      if (go) video.play().catch(() => {});
      light();
    }

    /** Show captions, or hide them. */
    function toggleCaptions() {
      words.hidden = !words.hidden;
      caption.setAttribute("aria-pressed", String(!words.hidden));
      light();
    }

    /** Fill the screen with picture, captions and controls; telephones that cannot fill it with the picture alone. */
    function fill() {
      if (document.fullscreenElement) return document.exitFullscreen();
      video.focus({ preventScroll: true }); // what has the focus must be on the screen for its keys to be heard
      if (screen.requestFullscreen) return screen.requestFullscreen().catch(() => {});
      const track = [...video.textTracks].find((each) => each.kind === "captions");
      if (track) track.mode = words.hidden ? "hidden" : "showing";
      return /** @type {any} */ (video).webkitEnterFullscreen?.();
    }

    /** Play the smaller file, or the film again, from where it is. */
    function shrink() {
      smaller.setAttribute("aria-pressed", String(!small()));
      choose();
    }

    /** Whether the smaller file plays. */
    const small = () => smaller?.getAttribute("aria-pressed") === "true";

    /** Let the browser choose anew among the files, and go on where it was. */
    function choose() {
      const [at, paused] = [video.currentTime, video.paused];
      if (small()) video.src = upright.matches ? smaller.dataset.uprightFile : smaller.dataset.file;
      else video.removeAttribute("src");
      video.load();
      load.textContent = weight();
      seek(at, !paused);
    }

    /** The bytes of what would be played, in words. */
    function weight() {
      if (small()) return upright.matches ? smaller.dataset.uprightSize : smaller.dataset.size;
      const plays = sources.find((each) => (!each.media || upright.matches) && video.canPlayType(each.type));
      return plays?.dataset.size ?? "";
    }

    /** Copy the address of this moment; where that is not allowed, leave it where addresses are. */
    async function link() {
      const hash = `#t=${Math.round(video.currentTime * 10) / 10}`;
      try {
        await navigator.clipboard.writeText(location.href.split("#")[0] + hash);
        say(`Link to ${clock(video.currentTime)} copied`);
      } catch {
        history.replaceState(null, "", hash);
        say("The link is in the address bar");
      }
    }

    /** The next speed up or down, from whatever it is now. @param {boolean} up */
    function change(up) {
      const now = video.playbackRate;
      const next = up ? speeds.find((each) => each > now) : speeds.filter((each) => each < now).pop();
      if (next) video.playbackRate = next;
    }

    /**
     * Do what a key stands for; says whether it stands for anything.
     * @param {string} key
     * @param {boolean} button whether a button has the focus: the space is its own
     */
    function press(key, button) {
      const step = steps[Number(key) - 1];
      if (step) seek(Number(step.dataset.start), !still.matches);
      else if (key === "," || key === ".") {
        video.pause();
        // The middle of the frame: a time on its edge may show either neighbour.
        seek((Math.floor(video.currentTime * fps + 0.01) + (key === "." ? 1.5 : -0.5)) / fps, false);
      } else if (key === "<" || key === ">") change(key === ">");
      else if (key === "f") fill();
      else if (key === "c") toggleCaptions();
      else if (key === " " && !button) toggle();
      else if (key === "ArrowLeft" || key === "ArrowRight")
        seek(video.currentTime + (key === "ArrowRight" ? 5 : -5), false);
      else return false;
      return true;
    }

    /** Tell the system what plays, and obey its keys: those of a headset, of a lock screen. */
    function announce() {
      const session = navigator.mediaSession;
      if (!session) return;
      const artwork = [{ src: part(".scene__poster img").currentSrc, type: "image/webp" }];
      session.metadata = new MediaMetadata({ title: scene.dataset.title, artist: "Stagelight", artwork });
      /** @type {Record<string, MediaSessionActionHandler>} */
      const actions = {
        play: start,
        pause: () => video.pause(),
        seekbackward: ({ seekOffset }) => seek(video.currentTime - (seekOffset ?? 5), false),
        seekforward: ({ seekOffset }) => seek(video.currentTime + (seekOffset ?? 5), false),
        seekto: ({ seekTime }) => seek(seekTime ?? 0, false),
        previoustrack: () => seek(starts.filter((each) => each < video.currentTime - 1).pop() ?? 0, false),
        nexttrack: () => seek(starts.find((each) => each > video.currentTime) ?? length, false),
      };
      for (const [name, handler] of Object.entries(actions)) {
        try {
          session.setActionHandler(/** @type {MediaSessionAction} */ (name), handler);
        } catch {
          // A browser that does not know an action has no key for it.
        }
      }
    }

    /** Follow the address: a moment, or #step-02. */
    function followAddress() {
      if (!scene.isConnected) return removeEventListener("hashchange", followAddress);
      const at = moment(location.hash) ?? starts[steps.findIndex((each) => each.hash === location.hash)];
      if (at !== undefined) seek(at, false);
    }

    for (const step of steps) {
      step.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        seek(Number(step.dataset.start), !still.matches);
      });
    }
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("a[data-seek]"))) {
      place.addEventListener("click", (event) => {
        event.preventDefault();
        scene.scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "center" });
        play.focus({ preventScroll: true });
        seek(Number(place.dataset.seek), !still.matches);
      });
    }
    scene.addEventListener("keydown", (event) => {
      const tag = /** @type {HTMLElement} */ (event.target).tagName;
      if (tag === "SELECT" || event.altKey || event.ctrlKey || event.metaKey) return;
      if (!press(event.key, tag === "BUTTON")) return;
      event.preventDefault();
      event.stopPropagation(); // the theme has uses of its own for f, comma and full stop
    });
    const does = { play: toggle, captions: toggleCaptions, link, fill, smaller: shrink };
    for (const [name, act] of Object.entries(does)) part(`[data-does=${name}]`)?.addEventListener("click", act);
    line.addEventListener("input", () => seek(Number(line.value), false));
    speed.addEventListener("change", () => (video.playbackRate = Number(speed.value)));

    for (const name of ["timeupdate", "seeking", "seeked", "play"]) video.addEventListener(name, light);
    for (const name of ["loadeddata", "timeupdate", "seeked", "playing"]) video.addEventListener(name, arrive);
    for (const name of ["play", "pause", "ended"])
      video.addEventListener(name, () => (play.textContent = video.paused ? "Play" : "Pause"));
    video.addEventListener("play", announce);
    video.addEventListener("click", toggle);
    video.addEventListener("waiting", () => (load.textContent = "Loading"));
    video.addEventListener("ratechange", () => {
      speed.value = String(video.playbackRate);
      say(`Speed ${video.playbackRate}`);
    });
    addEventListener("hashchange", followAddress);
    upright.addEventListener("change", choose); // a telephone is turned

    const connection = /** @type {any} */ (navigator).connection;
    if (smaller && (connection?.saveData || /[23]g/.test(connection?.effectiveType))) shrink();
    load.textContent = weight();
    Object.assign(video, { controls: false, tabIndex: -1 }); // a click gives it the focus, and so the keys
    controls.hidden = false;
    light();
    followAddress();
  }

  const mountAll = () => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".scene")).forEach(mount);
  // The theme announces each page, the first one included, also when it swaps pages without a reload.
  const pages = /** @type {any} */ (window).document$;
  if (pages) pages.subscribe(mountAll);
  else mountAll();
})();
