// Keeps what is at work up to date. A section with data-live="<seconds>" is fetched again and replaced by the
// section of the same id, until the server no longer marks it. Without JavaScript, one reloads by hand.
// data-live-focused: also while something in it has the focus, which goes to what has the same id afterwards.
(function () {
  "use strict";

  function watch(section) {
    var seconds = Number(section.dataset.live) || 3;
    window.setTimeout(function () { refresh(section); }, seconds * 1000);
  }

  async function refresh(section) {
    // Nobody looks, or someone is about to press a button in it: wait.
    if (document.hidden || (section.contains(document.activeElement) && !("liveFocused" in section.dataset))) {
      return watch(section);
    }
    try {
      var answer = await fetch(window.location.href, { credentials: "same-origin", redirect: "error" });
      if (!answer.ok) {
        return;
      }
      var page = new DOMParser().parseFromString(await answer.text(), "text/html");
      var fresh = page.getElementById(section.id);
      if (!fresh) {
        return;
      }
      if (fresh.outerHTML === section.outerHTML) {
        return watch(section);
      }
      var held = section.contains(document.activeElement) && document.activeElement.id;
      section.replaceWith(fresh);
      if (held && document.getElementById(held)) {
        document.getElementById(held).focus();
      }
      if (fresh.dataset.live) {
        watch(fresh);
      }
    } catch (error) {
      watch(section);
    }
  }

  document.querySelectorAll("[data-live]").forEach(watch);
})();
