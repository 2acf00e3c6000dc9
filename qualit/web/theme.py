"""Builds `static/theme/dsfr.css`: the State design system cut down to what the portal shows.

The full `dsfr.min.css` weighs 717 kB, its utilities 458 kB more, and each icon is one more request. A page here
must stay under 300 kB, so the components listed below are joined into one file, the rules and colour variables
that no page can use are dropped, and the icons in use are written inside it as data URIs. The design system's
JavaScript is not loaded: menus and accordions are `<details>`, which work without it.

Run `python manage.py construire_theme` after adding a component, an icon, or upgrading django-dsfr.
"""

import base64
import re
from pathlib import Path

import dsfr

DIST = Path(dsfr.__file__).resolve().parent / "static" / "dsfr" / "dist"
COMPOSANTS = [
    "core", "link", "button", "badge", "alert", "breadcrumb", "header", "footer", "logo", "navigation", "input",
    "select", "checkbox", "radio", "form", "pagination", "table", "tile", "card", "callout", "notice", "stepper",
    "skiplink", "summary", "upload", "tag",
]  # fmt: skip
# The icons that templates may use as `fr-icon-<name>`; each costs about 0.5 kB.
ICONES = [
    "arrows/arrow-down-s-line", "arrows/arrow-go-back-line", "arrows/arrow-left-line", "arrows/arrow-left-right-line",
    "arrows/arrow-right-line", "arrows/arrow-up-line", "buildings/building-line", "buildings/school-line",
    "business/archive-line", "business/attachment-line", "business/bar-chart-box-line", "business/calendar-event-line",
    "business/inbox-line", "business/mail-line", "business/printer-line", "business/send-plane-line",
    "communication/question-answer-line", "design/edit-line", "document/clipboard-line", "document/draft-line",
    "document/file-text-line", "document/folder-2-line", "map/map-pin-2-line", "system/add-line", "system/alert-line",
    "system/check-line", "system/checkbox-circle-line", "system/close-line", "system/delete-bin-line",
    "system/download-line", "system/error-warning-line", "system/eye-line", "system/filter-line",
    "system/fr--error-line", "system/fr--info-line", "system/fr--success-line", "system/fr--warning-line",
    "system/information-line", "system/lock-line", "system/logout-box-r-line", "system/menu-fill",
    "media/notification-3-line", "system/question-line", "system/refresh-line", "system/search-line",
    "system/settings-5-line", "system/share-line", "system/star-line", "system/time-line", "system/timer-line",
    "system/upload-line", "user/account-circle-line", "user/group-line", "user/parent-line", "user/team-line",
    "user/user-add-line", "user/user-line", "user/user-search-line",
]  # fmt: skip
# Selectors that no page uses: accent colours (badges and callouts use the semantic ones), legacy icon names,
# responsive "first-…" spacings, artwork, editors' content.
JAMAIS = re.compile(
    r"-first-|\.fr-fi-|\bfr-fi-|fr-artwork|contenteditable|type=range|fr-connect|fr-share|fr-follow|fr-consent"
    r"|data-fr-mourning|data-fr-theme=.light|fr-radio-rich|fr-table--(green|blue|purple|pink|yellow|orange|brown|beige|bordered|layout)"
    r"|--(green|purple|pink|yellow|orange|brown|beige)-|--blue-(?!france)|:not\(:disabled\):active|fr-header__operator|fr-btns-group--icon|fr-link--download|fr-stepper--|fr-mega-menu|fr-display"
)
ECART_RESPONSIVE = re.compile(r"\.fr-[mp][trblxy]?-(sm|md|lg|xl)-")
# The value of a declaration: strings and parentheses may hold ";" (data URIs do).
VALEUR = r"""(?:[^;{}"(]|"[^"]*"|\((?:[^()"]|"[^"]*"|\((?:[^()]|\([^()]*\))*\))*\))*"""
DEFINITION = re.compile(rf"(?<=[{{;])(--[\w-]+):({VALEUR})(;?)")
FEUILLES_LOCALES = ["css/qualit.css", "css/statistiques.css"]


def construire(static):
    """Return the CSS text of the theme. `static` is the folder whose local sheets also use the variables."""
    feuilles = []
    for nom in COMPOSANTS:
        dossier = DIST / "core" if nom == "core" else DIST / "component" / nom
        feuilles.append(_lire(dossier / f"{nom}.main.min.css"))
    feuilles.append(_lire(DIST / "scheme" / "scheme.min.css"))
    feuilles.append("".join(_icone(chemin) for chemin in ICONES))
    css = "\n".join(feuilles)
    css = re.sub(rf"-webkit-mask-(image|size):{VALEUR};?", "", css)
    css = _elaguer(css)
    css = _variables_utiles(css, "".join((static / nom).read_text() for nom in FEUILLES_LOCALES))
    entete = "/* Built by construire_theme from DSFR; use restricted to sites of the French State. Do not edit. */\n"
    return entete + css


def _lire(chemin):
    """One sheet, its comments removed, its images written inline, its fonts pointing at the collected DSFR files."""
    css = re.sub(r"/\*.*?\*/", "", chemin.read_text(encoding="utf-8"), flags=re.S)
    css = re.sub(r""":not\(\[class[*^]="? ?fr-fi-"?\]\)""", "", css)  # names of before 2022

    def remplacer(m):
        url = m.group(1).strip("\"'")
        if url.startswith("data:"):
            return m.group(0)
        cible = (chemin.parent / url).resolve()
        if cible.suffix == ".svg":
            return f"url({_donnees(cible)})"
        return f"url(../dsfr/dist/{cible.relative_to(DIST).as_posix()})"

    return re.sub(r"url\(([^)]*)\)", remplacer, css)


def _donnees(svg):
    texte = re.sub(r"\s+", " ", svg.read_text(encoding="utf-8")).encode()
    return "data:image/svg+xml;base64," + base64.b64encode(texte).decode()


def _icone(chemin):
    nom = chemin.split("/")[1].removeprefix("fr--")
    image = _donnees(DIST / "icons" / f"{chemin}.svg")
    return f".fr-icon-{nom}:before,.fr-icon-{nom}:after{{mask-image:url({image})}}"


def _elaguer(css):
    """Drop the rules whose selectors never match."""
    sortie = []
    for prelude, corps in _regles(css):
        if prelude.startswith("@font-face"):
            if "Spectral" in corps or "Light" in corps or "Italic" in corps:
                continue
            corps = re.sub(r",\s*url\([^)]*\.woff\) format\(\"woff\"\)", "", corps)
            sortie.append(f"{prelude}{{{corps}}}")
        elif prelude.startswith("@media"):
            if "-ms-high-contrast" in prelude and "forced-colors" not in prelude:
                continue
            if "-ms-high-contrast" in prelude:
                prelude = "@media (forced-colors:active)"
            if dedans := _elaguer(corps):
                sortie.append(f"{prelude}{{{dedans}}}")
        elif prelude.startswith("@"):
            sortie.append(f"{prelude}{{{corps}}}")
        else:
            gardes = [
                s for s in _selecteurs(prelude) if not JAMAIS.search(s) and not ECART_RESPONSIVE.search(s)
            ]
            if gardes and corps.strip():
                sortie.append(f"{','.join(gardes)}{{{corps}}}")
    return "".join(sortie)


def _selecteurs(prelude):
    """Split on the commas outside parentheses and brackets."""
    return [s for s in re.split(r",(?![^(\[]*[)\]])", prelude) if s.strip()]


def _regles(css):
    """Yield (prelude, body) of each top-level block. Statements without a block (@charset, @import) are dropped."""
    i, n = 0, len(css)
    while i < n:
        ouvrante = css.find("{", i)
        if ouvrante < 0:
            return
        profondeur, j, guillemet = 1, ouvrante + 1, ""
        while j < n and profondeur:
            c = css[j]
            if guillemet:
                guillemet = "" if c == guillemet else guillemet
            elif c in "\"'":
                guillemet = c
            elif c == "{":
                profondeur += 1
            elif c == "}":
                profondeur -= 1
            j += 1
        yield css[i:ouvrante].split(";")[-1].strip(), css[ouvrante + 1 : j - 1]
        i = j


def _variables_utiles(css, locales):
    """Drop the custom properties that nothing reads, directly or through another one."""
    definitions = {}
    for m in DEFINITION.finditer(css):
        definitions.setdefault(m[1], []).append(m[2])
    a_voir = set(re.findall(r"var\((--[\w-]+)", DEFINITION.sub("", css) + locales))
    utiles = set()
    while a_voir:
        nom = a_voir.pop()
        utiles.add(nom)
        for valeur in definitions.get(nom, ()):
            a_voir |= set(re.findall(r"var\((--[\w-]+)", valeur)) - utiles
    return DEFINITION.sub(lambda m: m[0] if m[1] in utiles else "", css)
