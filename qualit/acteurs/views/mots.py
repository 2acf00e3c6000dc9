"""The page of the words that the free-text guard looks for."""

import re

from django import forms
from django.contrib import messages
from django.shortcuts import redirect, render

from qualit.echanges.tableaux import Colonne, telecharger
from qualit.territoire.controles import numero
from qualit.territoire.droits import Droit
from qualit.territoire.models import Terme
from qualit.territoire.regles import regle
from qualit.web.formulaires import ChampTexte, ChampTexteLong, FormulaireDSFR
from qualit.web.texte_libre import FAMILLES, marquer, reperer

from .. import mots as services

MOTS = [
    Colonne("Famille", lambda mot: FAMILLES.get(mot[0].plus.get("famille"), ""), 30),
    Colonne("Mots", lambda mot: mot[0].libelle, 30),
    Colonne("Sauf dans", lambda mot: " ; ".join(mot[0].plus.get("sauf") or ()), 40),
    Colonne("Repéré", lambda mot: mot[1], 8),
]


def _normaliser(texte):
    """Words separated by one space, lower case; '*' may end a word. Raises ValidationError."""
    texte = " ".join(texte.lower().replace("’", " ").replace("'", " ").split())
    if not re.fullmatch(r"[^\W_]+\*?( [^\W_]+\*?)*", texte):
        raise forms.ValidationError(
            "Des mots séparés par des espaces ; une étoile à la fin d’un mot accepte ses suites."
        )
    if any(len(mot) < 4 for mot in texte.split() if mot.endswith("*")):
        raise forms.ValidationError(
            "Au moins trois lettres avant l’étoile, sinon presque tout serait repéré."
        )
    return texte


class MotForm(FormulaireDSFR):
    famille = forms.ChoiceField(
        label="Ce que ces mots touchent", choices=[(c, t[0].upper() + t[1:]) for c, t in FAMILLES.items()]
    )
    motif = ChampTexte(
        label="Mot ou suite de mots",
        max_length=80,
        help_text="Sans accents ni majuscules. « depress* » repère dépression, dépressif…",
    )
    sauf = ChampTexte(
        label="Sauf dans",
        required=False,
        max_length=300,
        help_text="Suites de mots où il n’y a rien à dire, séparées par un point-virgule : « enceinte du lycée ».",
    )

    def clean_motif(self):
        return _normaliser(self.cleaned_data["motif"])

    def clean_sauf(self):
        return [_normaliser(s) for s in self.cleaned_data["sauf"].split(";") if s.strip()]


class EssaiForm(FormulaireDSFR):
    champs_gardes = ("phrase",)  # tried on purpose, and saved nowhere

    phrase = ChampTexteLong(label="Essayer une phrase", lignes=2, max_length=500)


@regle(Droit.GERER_NOMENCLATURES, methodes=("GET", "POST"))
def mots_sensibles(request):
    """The list by family; add, take off, put back; try a sentence."""
    action = request.POST.get("action", "")
    if action in {"retirer", "remettre"}:
        terme = Terme.objects.de(services.LISTE).filter(pk=numero(request.POST.get("mot"))).first()
        if terme is not None:
            getattr(services, action)(terme, par=request.user)
            fait = "n’est plus repéré" if action == "retirer" else "est de nouveau repéré"
            messages.success(request, f"« {terme} » {fait}.")
        return redirect("territoire:mots_sensibles")
    form = MotForm(request.POST if action == "ajouter" else None)
    if action == "ajouter" and form.is_valid():
        d = form.cleaned_data
        terme = services.ajouter(d["famille"], d["motif"], d["sauf"], par=request.user)
        messages.success(request, f"« {terme} » est maintenant repéré.")
        return redirect("territoire:mots_sensibles")
    essai = EssaiForm(request.POST if action == "essayer" else None)
    resultat = None
    if action == "essayer" and essai.is_valid():
        phrase = essai.cleaned_data["phrase"]
        resultat = marquer(phrase, reperer(phrase))
    mots = services.mots()
    if fichier := telecharger(request, "mots-sensibles", "Mots sensibles", MOTS, mots, droit=None):
        return fichier
    familles = {code: [] for code in FAMILLES}
    for terme, actif in mots:
        familles.setdefault(terme.plus.get("famille", ""), []).append((terme, actif))
    contexte = {
        "form": form,
        "essai": essai,
        "essaye": action == "essayer" and essai.is_valid(),
        "resultat": resultat,
        "familles": [(FAMILLES.get(code, code), lignes) for code, lignes in familles.items()],
        "fil": [("Mots sensibles", None)],
    }
    return render(request, "acteurs/mots_sensibles.html", contexte)
