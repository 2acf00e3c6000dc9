// Progress of a list: asks where it is, or carries it step by step where no worker runs; then shows the result.
(() => {
  const zone = document.querySelector("[data-import-suivi]");
  if (!zone) return;
  const avancer = zone.dataset.importAvancer;
  const jeton = zone.querySelector("[name=csrfmiddlewaretoken]");
  const bouton = zone.querySelector("form button");
  if (bouton && avancer) bouton.hidden = true;
  let echecs = 0;
  const suivre = async () => {
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
      if (ou.fini || (ou.arrete && !("importArrete" in zone.dataset))) return window.location.assign(zone.dataset.importSuivi);
    } catch {
      echecs += 1;
      if (echecs > 3) return window.location.assign(zone.dataset.importSuivi);
    }
    window.setTimeout(suivre, avancer ? 100 : 2000);
  };
  window.setTimeout(suivre, avancer ? 100 : 1000);
})();
