// The return was really shown (not prefetched, not in a background tab): post the marker of reading, once.
"use strict";
(() => {
  const form = document.querySelector("form[data-lu]");
  if (!form) return;
  const marquer = () => {
    if (document.hidden) return;
    document.removeEventListener("visibilitychange", marquer);
    setTimeout(async () => {
      try {
        const reponse = await fetch(form.action, {
          method: "POST", body: new FormData(form), credentials: "same-origin", redirect: "manual",
          headers: { "X-Requested-With": "fetch" },
        });
        if (reponse.ok) form.hidden = true;
      } catch { /* the button stays */ }
    }, 1000);
  };
  document.addEventListener("visibilitychange", marquer);
  marquer();
})();
