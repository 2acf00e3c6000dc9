// Light or dark before the first paint: the stored choice, else the system's. Loaded in <head>, not deferred.
(() => {
  const html = document.documentElement;
  const sombre = window.matchMedia("(prefers-color-scheme: dark)");
  html.classList.add("avec-js");
  window.qualitTheme = () => {
    let choix = null;
    try { choix = localStorage.getItem("scheme"); } catch { /* storage refused: automatic */ }
    const theme = choix === "light" || choix === "dark" ? choix : sombre.matches ? "dark" : "light";
    html.dataset.frScheme = choix || "system";
    html.dataset.frTheme = theme;
  };
  window.qualitTheme();
  sombre.addEventListener("change", window.qualitTheme);
})();
