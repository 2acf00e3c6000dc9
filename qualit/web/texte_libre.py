"""The guard of free text: words of health, offence, nationality, family or social situation are shown before saving.

The list is the nomenclature `mots_sensibles` (fixtures/README.md says how it is written), which the rectorat edits.
A form takes `GardeTexteLibre`; saving anyway asks for a tick, and the view journals it with `journaliser_garde`.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import nomenclatures

FAMILLES = {
    "sante": "la santé",
    "infraction": "une infraction ou la justice",
    "nationalite": "la nationalité, l’origine ou la religion",
    "famille": "la vie familiale",
    "social": "la situation sociale",
}
EXPLICATION = (
    "Ce texte semble toucher à {familles}. Ces renseignements n’ont pas leur place ici : le jeune et sa famille "
    "liront ce texte. Reformulez, ou cochez la case pour enregistrer quand même."
)


@dataclass(frozen=True)
class Mot:
    """A sensitive run of words found in a text: where (characters), of which family, in which sentence."""

    debut: int
    fin: int
    famille: str
    extrait: str
    phrase_debut: int
    phrase_fin: int


@dataclass(frozen=True)
class _Motif:
    """A run of words; each word is (letters, any ending accepted)."""

    mots: tuple
    famille: str = ""
    sauf: tuple = ()

    def vaut_en(self, jetons, rang):
        """True when the run stands at that rank of the tokens."""
        if rang < 0 or rang + len(self.mots) > len(jetons):
            return False
        return all(
            jeton.startswith(mot) if ouvert else jeton == mot
            for (mot, ouvert), (jeton, _, _) in zip(self.mots, jetons[rang:], strict=False)
        )


def _plat(texte):
    """Lower case without accents, character for character (lengths never change)."""
    lettres = []
    for c in texte:
        base = unicodedata.normalize("NFD", c)[0].lower()
        lettres.append(base if len(base) == 1 else c)
    return "".join(lettres)


def _jetons(texte):
    """The words of a text: [(letters, first character, one past the last)]."""
    return [(m[0], m.start(), m.end()) for m in re.finditer(r"[a-z0-9]+", _plat(texte))]


def _mots(ecrit):
    return tuple((mot.rstrip("*"), mot.endswith("*")) for mot in ecrit.split())


@lru_cache(maxsize=4)
def _compiler(lignes):
    """Patterns by their first word: (exact: {word: [motifs]}, open: [motifs])."""
    exacts, ouverts = {}, []
    for famille, ecrit, sauf in lignes:
        motif = _Motif(_mots(ecrit), famille, tuple(_Motif(_mots(s)) for s in sauf if s.strip()))
        if not motif.mots:
            continue
        premier, ouvert = motif.mots[0]
        if ouvert:
            ouverts.append(motif)
        else:
            exacts.setdefault(premier, []).append(motif)
    return exacts, ouverts


def motifs():
    """The list in force, as (family, run of words, exceptions)."""
    return tuple(
        (t.plus.get("famille", ""), t.libelle, tuple(t.plus.get("sauf", ())))
        for t in nomenclatures.en_vigueur("mots_sensibles")
    )


def reperer(texte, lignes=None):
    """The sensitive runs of words of a text: a list of `Mot`, in order, without overlaps.

    lignes: the list to use (default: the nomenclature).
    """
    exacts, ouverts = _compiler(motifs() if lignes is None else tuple(lignes))
    jetons = _jetons(texte)
    trouves, libre = [], 0
    for rang, (lettres, debut, _) in enumerate(jetons):
        if rang < libre:
            continue
        candidats = exacts.get(lettres, []) + [m for m in ouverts if lettres.startswith(m.mots[0][0])]
        retenus = [m for m in candidats if m.vaut_en(jetons, rang) and not _excepte(m, jetons, rang)]
        if not retenus:
            continue
        motif = max(retenus, key=lambda m: len(m.mots))
        libre = rang + len(motif.mots)
        fin = jetons[libre - 1][2]
        debut_phrase = max((texte.rfind(c, 0, debut) for c in ".!?\n;"), default=-1) + 1
        fins = [i for i in (texte.find(c, fin) for c in ".!?\n;") if i >= 0]
        trouves.append(
            Mot(debut, fin, motif.famille, texte[debut:fin], debut_phrase, min(fins, default=len(texte)))
        )
    return trouves


def _excepte(motif, jetons, rang):
    """True when an exception of the pattern covers the words that matched."""
    fin = rang + len(motif.mots)
    return any(
        exception.vaut_en(jetons, depart)
        for exception in motif.sauf
        for depart in range(max(0, fin - len(exception.mots)), rang + 1)
    )


def marquer(texte, trouves):
    """The sentences that hold the words found, the words in <mark> (safe HTML)."""
    morceaux = []
    for debut, fin in sorted({(m.phrase_debut, m.phrase_fin) for m in trouves}):
        html, i = mark_safe(""), debut
        for mot in (m for m in trouves if debut <= m.debut < fin):
            html += format_html("{}<mark>{}</mark>", texte[i : mot.debut].lstrip("\n"), mot.extrait)
            i = mot.fin
        morceaux.append((html + format_html("{}", texte[i:fin]),))
    return format_html_join(" ", "« {} »", morceaux)


def avertissement(texte, trouves):
    """The warning shown under the field: why, and the sentence marked (safe HTML)."""
    familles = [FAMILLES.get(f, f) for f in dict.fromkeys(m.famille for m in trouves)]
    debut = ", ".join(familles[:-1])
    enumeration = f"{debut} et {familles[-1]}" if debut else familles[-1]
    return format_html("{} {}", EXPLICATION.format(familles=enumeration), marquer(texte, trouves))


class GardeTexteLibre:
    """Mixin of forms, before the form class: `champs_gardes` names the text fields that are looked at.

    class MonForm(GardeTexteLibre, FormulaireDSFR):
        champs_gardes = ("note", "message")

    The first sending of a text with sensitive words is an error that shows the sentence; the tick
    `enregistrer_quand_meme` then lets the same words through. After the service, the view calls
    `form.journaliser_garde(objet, par=request.user)`.
    """

    champs_gardes = ()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.mots_sensibles = {}
        self.fields["enregistrer_quand_meme"] = forms.BooleanField(required=False, widget=forms.HiddenInput)
        self.fields["mots_vus"] = forms.CharField(required=False, max_length=16, widget=forms.HiddenInput)

    def clean(self):
        donnees = super().clean()
        donnees = self.cleaned_data if donnees is None else donnees
        for nom in self.champs_gardes:
            if (texte := donnees.get(nom)) and (trouves := reperer(texte)):
                self.mots_sensibles[nom] = trouves
        vus = self._empreinte()
        if self.mots_sensibles and not (
            donnees.get("enregistrer_quand_meme") and donnees.get("mots_vus") == vus
        ):
            for nom, trouves in self.mots_sensibles.items():
                self.add_error(nom, forms.ValidationError(avertissement(donnees[nom], trouves)))
            self._proposer_la_case(vus)
        return donnees

    def _empreinte(self):
        """Which words the person was shown: other words ask again."""
        mots = sorted(m.extrait.casefold() for trouves in self.mots_sensibles.values() for m in trouves)
        return sha256("|".join(mots).encode()).hexdigest()[:16]

    def _proposer_la_case(self, vus):
        """Show the tick, empty, and remember which words it is about."""
        self.fields["enregistrer_quand_meme"] = forms.BooleanField(
            label="Ces mots sont nécessaires : enregistrer quand même",
            help_text="Votre choix est noté dans le journal du portail, sans le texte.",
        )
        self.data = self.data.copy()
        self.data.pop(self.add_prefix("enregistrer_quand_meme"), None)
        self.data[self.add_prefix("mots_vus")] = vus
        for nom in ("enregistrer_quand_meme", "mots_vus"):
            self._bound_fields_cache.pop(nom, None)

    def journaliser_garde(self, objet, *, par, jeunes=()):
        """Note that sensitive words were saved on purpose: families and fields, never the text."""
        if self.mots_sensibles:
            noter(
                Action.ECRITURE,
                "texte_sensible_confirme",
                objet,
                par=par,
                jeunes=jeunes,
                champs=sorted(self.mots_sensibles),
                familles=sorted({m.famille for trouves in self.mots_sensibles.values() for m in trouves}),
            )
