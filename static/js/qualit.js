// Comfort only: every page works without this file. No eval, no inline handler, no dependency.
"use strict";
(() => {
  const annonces = document.getElementById("qualit-annonces");
  const annoncer = (texte) => { if (annonces) { annonces.textContent = ""; setTimeout(() => { annonces.textContent = texte; }, 50); } };
  const heure = () => new Date().toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit" });

  // What needs JavaScript was printed hidden.
  const reveler = (racine) => racine.querySelectorAll("[data-avec-js][hidden]").forEach((e) => { e.hidden = false; });

  // The menu is open without JavaScript; on a narrow screen it starts folded.
  const etroit = window.matchMedia("(max-width: 47.98em)");
  const plier = () => document.querySelectorAll("details[data-menu]").forEach((d) => { d.open = !etroit.matches; });
  plier();
  etroit.addEventListener("change", plier);

  // Selects that send their form (membership chooser).
  document.addEventListener("change", (e) => {
    if (e.target.matches("select[data-envoi-auto]")) e.target.form.requestSubmit();
  });

  // Double-click guard: a form being sent is not sent again. The server has its own (jetons).
  document.addEventListener("submit", (e) => {
    const form = e.target;
    if (e.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.envoi) { e.preventDefault(); return; }
    form.dataset.envoi = "1";
    const boutons = [...form.querySelectorAll("button:not([type=button]), input[type=submit]")];
    // After this event, so that the name and value of the pressed button are sent.
    setTimeout(() => boutons.forEach((b) => { b.setAttribute("aria-disabled", "true"); }), 0);
    // A download leaves the page in place: give the form back.
    setTimeout(() => liberer(form), 8000);
  });
  const liberer = (form) => {
    delete form.dataset.envoi;
    form.querySelectorAll("[aria-disabled=true]").forEach((b) => b.removeAttribute("aria-disabled"));
  };
  window.addEventListener("pageshow", (e) => { if (e.persisted) document.querySelectorAll("form[data-envoi]").forEach(liberer); });

  // Unsaved changes: forms with data-modifications.
  const modifies = new Set();
  document.addEventListener("input", (e) => { const f = e.target.form; if (f && f.hasAttribute("data-modifications")) modifies.add(f); });
  document.addEventListener("submit", (e) => modifies.delete(e.target));
  window.addEventListener("beforeunload", (e) => { if (modifies.size) e.preventDefault(); });

  // What was typed or chosen before the scripts were there, on a slow line, is told again to those who listen.
  const change = (c) => {
    if (c.matches("[type=checkbox], [type=radio]")) return c.checked !== c.defaultChecked;
    if (!c.matches("select")) return c.type !== "hidden" && c.value !== c.defaultValue;
    const premier = !c.multiple && !c.querySelector("option[selected]");
    return [...c.options].some((o, i) => o.selected !== (o.defaultSelected || (premier && i === 0)));
  };
  window.addEventListener("load", () => document.querySelectorAll("main :is(input, select, textarea):not([data-envoi-auto])").forEach((c) => {
    if (change(c)) for (const nom of ["input", "change"]) c.dispatchEvent(new Event(nom, { bubbles: true }));
  }));

  // Drafts: <form data-brouillon-url="…"> is posted there 1.5 s after the last change. 2xx: saved. The status line says so.
  document.querySelectorAll("form[data-brouillon-url]").forEach((form) => {
    const etat = form.querySelector("[data-brouillon-etat]");
    const dire = (texte) => { if (etat) etat.textContent = texte; };
    let minuteur = 0, enCours = null, encore = false;
    const enregistrer = async () => {
      if (form.dataset.envoi) return;
      if (enCours) { encore = true; return; }
      const requete = enCours = new AbortController();
      const donnees = new FormData(form);
      for (const [nom, valeur] of [...donnees]) if (valeur instanceof File) donnees.delete(nom);
      try {
        const reponse = await fetch(form.dataset.brouillonUrl, {
          method: "POST", body: donnees, credentials: "same-origin", redirect: "manual", signal: requete.signal,
          headers: { "X-Requested-With": "fetch", Accept: "application/json" },
        });
        if (reponse.ok) {
          if (!encore) modifies.delete(form);
          dire(`Brouillon enregistré à ${heure()}.`);
          const texte = (reponse.headers.get("content-type") || "").includes("json") ? await reponse.json() : null;
          if (texte && texte.url) form.dataset.brouillonUrl = texte.url;
        } else if (reponse.type === "opaqueredirect" || reponse.status === 403 || reponse.status === 401) {
          dire("Votre session a pris fin : le brouillon n’est plus enregistré. Reconnectez-vous dans un autre onglet, puis continuez ici.");
        } else if (reponse.status === 409) {
          dire((await reponse.json()).message);
        } else {
          dire("Le brouillon n’a pas pu être enregistré. Votre saisie reste sur cette page.");
        }
      } catch {
        if (requete.signal.aborted) return;
        dire("Pas de réseau : le brouillon sera enregistré à votre prochaine saisie.");
      }
      enCours = null;
      if (encore) { encore = false; enregistrer(); }
    };
    form.addEventListener("input", () => { clearTimeout(minuteur); minuteur = setTimeout(enregistrer, 1500); });
    // The whole form leaves: a saving still under way would only come after it, and be refused as late.
    form.addEventListener("submit", () => { clearTimeout(minuteur); if (enCours) enCours.abort(); enCours = null; encore = false; });
    document.addEventListener("visibilitychange", () => { if (document.hidden && modifies.has(form)) { clearTimeout(minuteur); enregistrer(); } });
  });

  // Copy to the clipboard.
  document.addEventListener("click", async (e) => {
    const bouton = e.target.closest("[data-copier]");
    if (!bouton) return;
    try { await navigator.clipboard.writeText(bouton.dataset.copier); annoncer("Copié."); bouton.textContent = "Copié"; } catch { annoncer("La copie a échoué."); }
  });

  // Printing: <button type="button" data-imprimer data-avec-js hidden>Imprimer</button>
  document.addEventListener("click", (e) => { if (e.target.closest("[data-imprimer]")) window.print(); });

  // Keyboard: data-raccourci="j" on a link, a button or a field; "?" lists them. Off while typing, and can be turned off (WCAG 2.1.4).
  const actifs = () => { try { return localStorage.getItem("raccourcis") !== "non"; } catch { return true; } };
  const porteurs = () => [...document.querySelectorAll("[data-raccourci]")].filter((e) => e.offsetParent !== null);
  const nom = (e) => e.dataset.raccourciNom || e.getAttribute("aria-label") || (e.labels && e.labels[0] && e.labels[0].textContent) || e.textContent;
  let dialogue = null;
  const montrer = () => {
    if (!dialogue) {
      dialogue = document.createElement("dialog");
      dialogue.className = "qualit-dialogue";
      dialogue.setAttribute("aria-labelledby", "qualit-raccourcis-titre");
      document.body.append(dialogue);
    }
    dialogue.replaceChildren();
    const titre = document.createElement("h2");
    titre.className = "fr-h5"; titre.id = "qualit-raccourcis-titre"; titre.textContent = "Raccourcis clavier";
    const liste = document.createElement("ul");
    for (const [touche, texte] of [...porteurs().map((p) => [p.dataset.raccourci, nom(p).trim().replace(/\s+/g, " ")]), ["?", "Cette liste"]]) {
      const li = document.createElement("li"), kbd = document.createElement("kbd");
      kbd.textContent = touche; li.append(kbd, ` ${texte}`); liste.append(li);
    }
    const groupe = document.createElement("div"); groupe.className = "qualit-actions";
    const bascule = document.createElement("button"); bascule.type = "button"; bascule.className = "fr-btn fr-btn--secondary";
    bascule.textContent = actifs() ? "Désactiver les raccourcis" : "Activer les raccourcis";
    bascule.addEventListener("click", () => { try { localStorage.setItem("raccourcis", actifs() ? "non" : "oui"); } catch { /* kept for this page only */ } dialogue.close(); annoncer(actifs() ? "Raccourcis activés." : "Raccourcis désactivés."); });
    const fermer = document.createElement("button"); fermer.type = "button"; fermer.className = "fr-btn"; fermer.textContent = "Fermer";
    fermer.addEventListener("click", () => dialogue.close());
    groupe.append(fermer, bascule);
    dialogue.append(titre, liste, groupe);
    dialogue.showModal();
  };
  document.querySelectorAll("[data-raccourcis-liste]").forEach((b) => b.addEventListener("click", montrer));
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey || e.isComposing || !actifs()) return;
    if (e.target.closest("input:not([type=radio]):not([type=checkbox]), select, textarea, [contenteditable], dialog")) return;
    if (e.key === "?") { e.preventDefault(); montrer(); return; }
    const cible = porteurs().find((p) => p.dataset.raccourci === e.key);
    if (!cible) return;
    e.preventDefault();
    if (cible.matches("input:not([type=radio]):not([type=checkbox]), select, textarea")) cible.focus(); else cible.click();
  });

  // Ctrl + Entrée presses the button of the form that says so (data-ctrl-entree), Ctrl + Maj + Entrée the other (data-ctrl-maj-entree).
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || !e.ctrlKey || e.altKey || e.isComposing || !e.target.form) return;
    const bouton = e.target.form.querySelector(e.shiftKey ? "[data-ctrl-maj-entree]" : "[data-ctrl-entree]");
    if (bouton) { e.preventDefault(); bouton.click(); }
  });

  // Light, dark, automatic.
  const NOMS = { system: "automatique", light: "clair", dark: "sombre" };
  document.querySelectorAll("[data-theme-suivant]").forEach((bouton) => {
    const dire = () => { bouton.querySelector("[data-theme-nom]").textContent = NOMS[document.documentElement.dataset.frScheme]; };
    dire();
    bouton.addEventListener("click", () => {
      const suite = ["system", "light", "dark"];
      const choix = suite[(suite.indexOf(document.documentElement.dataset.frScheme) + 1) % 3];
      try { if (choix === "system") localStorage.removeItem("scheme"); else localStorage.setItem("scheme", choix); } catch { return; }
      window.qualitTheme(); dire(); annoncer(`Affichage ${NOMS[choix]}.`);
    });
  });

  // The session is about to end: warned three minutes before, any request starts it anew.
  const duree = Number(document.body.dataset.sessionSecondes || 0);
  if (duree) {
    let fin = Date.now() + duree * 1000, avis = null;
    const repousser = () => { fin = Date.now() + duree * 1000; if (avis) { avis.remove(); avis = null; } };
    document.addEventListener("htmx:afterRequest", repousser);
    const origine = window.fetch;
    window.fetch = (...args) => origine(...args).then((r) => { if (r.ok) repousser(); return r; });
    setInterval(() => {
      const reste = fin - Date.now();
      if (reste > 180000) return;
      if (!avis) {
        avis = document.createElement("div");
        avis.className = "fr-alert fr-alert--warning fr-alert--sm qualit-session";
        avis.setAttribute("role", "alert");
        const p = document.createElement("p"), b = document.createElement("button");
        b.type = "button"; b.className = "fr-btn fr-btn--sm fr-mt-1w"; b.textContent = "Rester connecté";
        b.addEventListener("click", () => { fetch(location.pathname, { method: "HEAD", credentials: "same-origin", redirect: "manual" }); });
        avis.append(p, b);
        document.body.append(avis);
        avis.querySelector("p").textContent = "Votre session prendra fin dans moins de trois minutes.";
      }
      if (reste <= 0 && !avis.dataset.finie) { avis.dataset.finie = "1"; avis.querySelector("p").textContent = "Votre session a pris fin. Copiez votre saisie avant de vous reconnecter."; avis.querySelector("button").remove(); }
    }, 15000);
  }

  // After a refused form, go to the summary of errors.
  const erreurs = document.querySelector("[data-erreurs]");
  if (erreurs) erreurs.focus();

  // htmx: new pieces get the same comforts, and the CSRF token goes along.
  reveler(document);
  document.addEventListener("htmx:afterSwap", (e) => reveler(e.target));
  document.addEventListener("htmx:configRequest", (e) => {
    const jeton = document.querySelector("[name=csrfmiddlewaretoken]");
    if (jeton) e.detail.headers["X-CSRFToken"] = jeton.value;
  });
  // A live check (data-garder) that comes back the same leaves the page alone, so that no click is lost; when it differs, the answers given
  // while it was on its way are kept.
  const derniers = new WeakMap(), reponses = new WeakMap();
  document.addEventListener("htmx:beforeSwap", (e) => {
    const zone = e.detail.target;
    if (!zone.hasAttribute("data-garder")) return;
    if (derniers.get(zone) === e.detail.serverResponse) { e.detail.shouldSwap = false; return; }
    derniers.set(zone, e.detail.serverResponse);
    reponses.set(zone, [...zone.querySelectorAll("input:checked")].map((i) => i.id));
  });
  document.addEventListener("htmx:afterSwap", (e) => {
    for (const id of reponses.get(e.detail.target) || []) { const i = document.getElementById(id); if (i) i.checked = true; }
    reponses.delete(e.detail.target);
  });
  document.addEventListener("htmx:responseError", () => annoncer("La page n’a pas pu être mise à jour. Rechargez-la."));
})();
