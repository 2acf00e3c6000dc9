// Triage by keyboard: the letters of the current line (data-touche) become shortcuts of the page. Without this file the lines work by click.
"use strict";
(() => {
  const liste = document.querySelector("[data-tri]");
  if (!liste) return;
  const lignes = () => [...liste.querySelectorAll("[data-tri-ligne]")];
  let courante = null;
  const choisir = (ligne, montrer) => {
    document.querySelectorAll("[data-touche][data-raccourci]").forEach((e) => e.removeAttribute("data-raccourci"));
    if (courante) courante.removeAttribute("aria-current");
    courante = ligne || null;
    if (!courante) { const fini = document.querySelector("[data-tri-fini]"); if (fini) fini.hidden = false; return; }
    courante.setAttribute("aria-current", "true");
    courante.querySelectorAll("[data-touche]").forEach((e) => e.setAttribute("data-raccourci", e.dataset.touche));
    if (montrer) { courante.focus({ preventScroll: true }); courante.scrollIntoView({ block: "nearest" }); }
  };
  document.addEventListener("click", (e) => {
    const bouton = e.target.closest("[data-ligne]");
    if (!bouton) return;
    const toutes = lignes(), rang = toutes.indexOf(courante) + Number(bouton.dataset.ligne);
    if (toutes[rang]) choisir(toutes[rang], true);
  });
  // An unfolded form takes the focus, so that one types at once.
  liste.addEventListener("toggle", (e) => { if (e.target.open) { const champ = e.target.querySelector("textarea, select"); if (champ) champ.focus(); } }, true);
  liste.addEventListener("focusin", (e) => { const ligne = e.target.closest("[data-tri-ligne]"); if (ligne && ligne !== courante) choisir(ligne, false); });
  // The line just answered is no longer one: the next takes its place, without leaving the page.
  let suivante = null;
  liste.addEventListener("htmx:beforeSwap", (e) => { const toutes = lignes(), rang = toutes.indexOf(e.target.closest("[data-tri-ligne]")); suivante = toutes[rang + 1] || toutes[rang - 1] || null; });
  document.addEventListener("htmx:afterSettle", (e) => {
    const encore = e.target.matches && e.target.matches("[data-tri-ligne]") ? e.target : null;
    if (encore) { choisir(encore, false); const champ = encore.querySelector("details[open] textarea, details[open] select"); if (champ) champ.focus(); return; }
    choisir(suivante && suivante.isConnected ? suivante : lignes()[0], true);
  });
  choisir(lignes()[0], false);
})();
