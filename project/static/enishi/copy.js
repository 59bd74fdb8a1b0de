// A button with data-copy="<id>" copies the text of that element. Without JavaScript, or where the browser does not
// allow it, there is no button: one click on the text selects all of it.
(function () {
  "use strict";

  if (!navigator.clipboard) {
    return;
  }
  document.documentElement.classList.add("can-copy");
  document.addEventListener("click", async function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button) {
      return;
    }
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      button.textContent = "Copied";
    } catch (error) {
      button.remove();
    }
  });
})();
