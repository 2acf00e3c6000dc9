// Progress of a list: asks where it is, or carries it step by step where the worker does not; then shows the result.
(() => {
  const zone = document.querySelector("[data-import-suivi]");
  if (!zone) return;
  const avancer = zone.dataset.importAvancer;
  const jeton = zone.querySelector("[name=csrfmiddlewaretoken]");
  const reprise = zone.querySelector("[data-import-reprise]");
  const bloque = zone.querySelector("[data-import-bloque]");
  const montrer = (enPanne) => {
    if (reprise) reprise.hidden = enPanne;
    if (bloque) bloque.hidden = !enPanne;
  };
  montrer(false);
  let echecs = 0;
  const suivre = async () => {
    let attente = avancer ? 100 : 2000;
    try {
      const options = { headers: { Accept: "application/json" }, credentials: "same-origin" };
      if (avancer) {
        options.method = "POST";
        options.headers["X-CSRFToken"] = jeton.value;
      }
      const reponse = await fetch(avancer || zone.dataset.importSuivi, options);
      if (!reponse.ok || !(reponse.headers.get("Content-Type") || "").includes("json")) throw new Error();
      const ou = await reponse.json();
      echecs = 0;
      zone.querySelector("[data-import-faites]").textContent = ou.faites;
      zone.querySelector("progress").value = ou.pourcentage;
      if (ou.fini || (ou.arrete && !avancer)) return window.location.assign(zone.dataset.importSuivi);
      if (ou.occupe) attente = 2000;
    } catch {
      echecs += 1;
      if (echecs > 3) return avancer ? montrer(true) : window.location.assign(zone.dataset.importSuivi);
      attente = 2000;
    }
    window.setTimeout(suivre, attente);
  };
  window.setTimeout(suivre, avancer ? 100 : 1000);
})();
