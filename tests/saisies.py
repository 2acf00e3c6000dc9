"""The forms of a page, filled in as a person in a hurry would: what a browser sends."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.utils import timezone

#: Typed in a field of text: the beginning of the canary names, so that a search meets them all, and echoes none.
TEXTE = "CANAR"
DATES = ("date", "le", "jour", "quand", "debut", "fin", "du", "au", "depuis", "jusqu_au")


@dataclass
class Saisie:
    """One form (or one of its buttons): where it goes, how, and what it sends."""

    action: str
    methode: str
    champs: dict = field(default_factory=dict)


class _Lecteur(HTMLParser):
    def __init__(self):
        super().__init__()
        self.saisies, self.form, self.choix = [], None, None

    def handle_starttag(self, balise, attributs):
        a = dict(attributs)
        if balise == "form":
            self.form = Saisie(a.get("action") or "", (a.get("method") or "get").upper())
            self.saisies.append(self.form)
        for vers in (a.get("hx-post"), a.get("data-brouillon-url")):
            if vers and self.form:
                self.saisies.append(Saisie(vers, "POST", [self.form, {}]))
        if balise == "form" or self.form is None:
            return
        elif balise == "button":
            champs = {a["name"]: a.get("value") or ""} if a.get("name") else {}
            if a.get("formaction") or champs:
                # the fields are those of the form, also the ones that come after the button
                self.saisies.append(
                    Saisie(a.get("formaction") or self.form.action, self.form.methode, [self.form, champs])
                )
        elif balise == "select":
            self.choix = a.get("name")
        elif balise == "option" and self.choix and a.get("value"):
            if "selected" in a or self.choix not in self.form.champs:
                self.form.champs[self.choix] = a["value"]
        elif balise in ("input", "textarea") and a.get("name"):
            self._champ(a, a.get("type") or ("text" if balise == "input" else "textarea"))

    def _champ(self, a, genre):
        nom, valeur = a["name"], a.get("value")
        if genre in ("file", "submit", "button"):
            return
        if genre in ("radio", "checkbox"):
            if "checked" in a or nom not in self.form.champs:
                self.form.champs[nom] = valeur or "on"
        elif valeur or genre == "hidden":
            self.form.champs[nom] = valeur or ""
        elif genre == "number":
            self.form.champs[nom] = a.get("min") or "1"
        elif genre == "email":
            self.form.champs[nom] = "essai@example.invalid"
        elif genre == "date" or nom.rpartition("-")[2].split("_")[0] in DATES:
            self.form.champs[nom] = f"{timezone.localdate():%d/%m/%Y}"
        else:
            self.form.champs[nom] = TEXTE

    def handle_endtag(self, balise):
        if balise == "form":
            self.form = None
        elif balise == "select":
            self.choix = None


def saisies(html):
    """The `Saisie`s of a page: each form as it is, then once a button that goes elsewhere or says more."""
    lecteur = _Lecteur()
    lecteur.feed(html)
    for une in lecteur.saisies:
        if isinstance(une.champs, list):
            forme, champs = une.champs
            une.champs = forme.champs | champs
    return lecteur.saisies
