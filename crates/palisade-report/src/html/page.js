// Filters, moves by keys and changes the theme. Without it the whole page can be read all the same.
(() => {
  "use strict";
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];
  const kept = {
    get: () => { try { return localStorage.getItem("palisade-theme"); } catch { return null; } },
    set: (theme) => { try { localStorage.setItem("palisade-theme", theme); } catch { /* a file may keep nothing */ } },
  };
  let theme = themes.includes(kept.get()) ? kept.get() : "system";
  root.dataset.theme = theme;
  addEventListener("DOMContentLoaded", start);

  function start() {
    const byId = (id) => document.getElementById(id);
    const form = byId("filter");
    const help = byId("help");
    const places = [...document.querySelectorAll(".place")];
    const groups = [...document.querySelectorAll(".check, .cause, .remedy, .day, #open, #timeline")]
      .filter((group) => group.querySelector(".place"));
    let words;

    function showTheme() {
      root.dataset.theme = theme;
      byId("theme").textContent = { system: "Theme: auto", light: "Theme: light", dark: "Theme: dark" }[theme];
    }
    function nextTheme() {
      theme = themes[(themes.indexOf(theme) + 1) % themes.length];
      kept.set(theme);
      showTheme();
    }

    // A place is searched with the words of its group around it: the title of its check, what keeps it open.
    function wordsOf(place) {
      words ??= new Map();
      if (!words.has(place)) {
        const group = place.closest("details");
        const heading = group?.querySelector("summary")?.textContent ?? "";
        const id = group?.querySelector(".meta code")?.textContent ?? "";
        words.set(place, `${place.textContent} ${heading} ${id}`.toLowerCase());
      }
      return words.get(place);
    }
    function filter() {
      const wanted = new FormData(form);
      const boxes = ["s", "v"].filter((name) => form.elements[name]).map((name) => [name, wanted.getAll(name)]);
      const choices = [...form.querySelectorAll("select")].map((select) => [select.name, select.value])
        .filter(([, value]) => value !== "");
      const search = (wanted.get("q") ?? "").toLowerCase().split(/\s+/).filter(Boolean);
      let left = 0;
      for (const place of places) {
        const fits = boxes.every(([name, values]) => values.includes(place.dataset[name]))
          && choices.every(([name, value]) => place.dataset[name] === value)
          && search.every((word) => wordsOf(place).includes(word));
        place.hidden = !fits;
        left += fits;
      }
      for (const group of groups) group.hidden = !group.querySelector(".place:not([hidden])");
      for (const link of document.querySelectorAll(".contents a")) {
        link.parentElement.hidden = byId(decodeURIComponent(link.hash.slice(1)))?.hidden ?? false;
      }
      const isWhole = left === places.length;
      const what = byId("left").dataset.what;
      byId("left").textContent = isWhole ? `${left} ${what}` : `${left} of ${places.length} ${what}`;
      byId("clear").hidden = isWhole && !search.length;
    }
    let waiting;
    function filterSoon() {
      clearTimeout(waiting);
      waiting = setTimeout(filter, 60);
    }

    function reveal(element) {
      for (let at = element; at; at = at.parentElement) {
        if (at.tagName === "DETAILS") at.open = true;
        at.hidden = false;
      }
    }
    function follow() {
      const target = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
      if (!target) return;
      reveal(target);
      const own = target.querySelector(":scope > details");
      if (own) own.open = true;
      target.scrollIntoView();
    }
    function move(step) {
      const shown = places.filter((place) => !place.hidden && !place.closest("[hidden]"));
      if (!shown.length) return;
      const here = document.activeElement?.closest?.(".place");
      const at = shown.indexOf(here);
      const next = shown[at < 0 ? (step > 0 ? 0 : shown.length - 1) : Math.min(Math.max(at + step, 0), shown.length - 1)];
      reveal(next);
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
    }
    function fold() {
      const group = document.activeElement?.closest?.("details");
      if (!group) return;
      group.open = !group.open;
      group.querySelector("summary").focus();
    }

    const keys = {
      j: () => move(1),
      k: () => move(-1),
      o: fold,
      t: nextTheme,
      x: () => form?.reset(),
      "/": () => form?.elements.q.focus(),
      "?": () => help.showModal(),
    };
    addEventListener("keydown", (event) => {
      const isTyping = event.target.matches?.("input[type=search], select, textarea");
      if (event.key === "Escape" && isTyping) event.target.blur();
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || help.open || !Object.hasOwn(keys, event.key)) return;
      event.preventDefault();
      keys[event.key]();
    });

    // What is folded is printed too, and folded again afterwards.
    let folded = [];
    addEventListener("beforeprint", () => {
      folded = [...document.querySelectorAll("details:not([open])")];
      for (const group of folded) group.open = true;
    });
    addEventListener("afterprint", () => {
      for (const group of folded) group.open = false;
    });

    byId("theme").hidden = false;
    byId("theme").addEventListener("click", nextTheme);
    byId("help-button").hidden = false;
    byId("help-button").addEventListener("click", () => help.showModal());
    showTheme();
    if (form) {
      form.hidden = false;
      form.querySelector(".choices").open = matchMedia("(min-width: 62rem)").matches;
      form.addEventListener("input", filterSoon);
      form.addEventListener("reset", filterSoon);
      form.addEventListener("submit", (event) => event.preventDefault());
      form.reset();
      filter();
    }
    addEventListener("hashchange", follow);
    follow();
  }
})();
