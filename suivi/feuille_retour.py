"""What a returned follow-up sheet would change, cell by cell, and applying it in one transaction."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime

from django.core import signing
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from gab.models import Mission
from qualit.echanges.lecture import SANS_RESULTAT, SANS_VALEUR
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import cle_de_tri
from qualit.web.formulaires import ChampDate

from . import missions as lectures
from . import services
from .feuille import CHAMPS, CHAMPS_DEVENIR, SEL, devenir_actuel, listes, valeurs_de
from .forms import DevenirForm, EtapeForm
from .models import Devenir, Etape

JOUR = ChampDate(futur=True)
REGLE_PENDANT = 90 * 24 * 3600  # seconds that a choice for the stored value is remembered


@dataclass
class Cellule:
    """A cell of an outcome: what the sheet showed, what it holds, what is stored now."""

    champ: str
    titre: str
    avant: str
    mien: str
    leur: str
    vu: str | None = None
    """The stored value that the page showed when the choice was made."""
    choix: str = ""
    regle: bool = False
    """The choice was made when this row came before."""

    def __post_init__(self):
        if self.vu != self.leur:  # stored since: the value of today is to be seen before it is overwritten
            self.choix = ""

    @property
    def conflit(self):
        """Both changed it, differently."""
        return self.mien not in (self.avant, self.leur) and self.leur != self.avant

    @property
    def retenu(self):
        """The value to store; that of the choice in a conflict."""
        if self.conflit:
            return self.mien if self.choix == "mien" else self.leur
        return self.leur if self.mien == self.avant else self.mien


@dataclass
class Rang:
    """One row of the sheet: what it would do."""

    numero: int
    reference: str
    marque: str = ""
    mission: Mission | None = None
    identite: object = None
    erreurs: list = field(default_factory=list)
    cellules: list = field(default_factory=list)
    etape: dict | None = None
    etape_deja: Etape | None = None
    devenir: dict = field(default_factory=dict)
    actuel: Devenir | None = None
    entre_temps: list = field(default_factory=list)

    @property
    def conflits(self):
        return [c for c in self.cellules if c.conflit]

    @property
    def reglees(self):
        """Cells whose conflict was settled before, for the stored value."""
        return [c for c in self.conflits if c.regle]

    @property
    def changements(self):
        """Cells of the outcome whose stored value would change."""
        return [c for c in self.cellules if c.retenu != c.leur]

    @property
    def effet(self):
        """refusee, conflit, enregistree, identique."""
        if self.erreurs:
            return "refusee"
        if any(not c.choix for c in self.conflits):
            return "conflit"
        nouvelle_etape = self.etape is not None and self.etape_deja is None
        return "enregistree" if nouvelle_etape or self.changements else "identique"


def comparer(releve, missions, choix=None, *, par):
    """What these rows would do, sent by `par`, for the missions (queryset) of that person: [Rang].

    choix: {(mission, field): (stored value that was shown, mien|leur)}.
    """
    choix = choix or {}
    connues = {
        ligne.mission.reference: ligne
        for ligne in lectures.lignes(
            missions.filter(reference__in=[r["reference"] for r in releve if r["reference"]])
        )
    }
    codes = {
        genre: {cle_de_tri(libelle): code for libelle, code in paires.items()}
        | {c: c for c in paires.values()}
        for genre, paires in listes().items()
    }
    rangs, vues = [], set()
    for r in releve:
        rang = Rang(r["numero"], r["reference"], r["marque"])
        rangs.append(rang)
        ligne = connues.get(r["reference"])
        marque = _marque(r)
        if ligne is None:
            rang.erreurs.append("Cette mission n’est pas, ou plus, de votre structure.")
        elif marque is None:
            rang.erreurs.append(
                "La ligne a été mélangée ou recopiée : repartez d’une nouvelle feuille pour ce jeune."
            )
        elif r["reference"] in vues:
            rang.erreurs.append("Cette mission est déjà plus haut dans la feuille.")
        vues.add(r["reference"])
        if rang.erreurs:
            continue
        rang.mission, rang.identite = ligne.mission, ligne.identite
        _comparer(rang, r["valeurs"], marque, codes, choix, par)
    return rangs


def _marque(r):
    """The content of a row's mark, None when it is not ours or of another mission."""
    try:
        marque = signing.loads(r["marque"], salt=SEL)
    except signing.BadSignature:
        return None
    return marque if marque["m"] == r["reference"] else None


def _cle_du_choix(rang, cellule):
    """What tells a settled conflict: the row as it went out, and both values; another one is another question."""
    contenu = json.dumps([rang.marque, cellule.champ, cellule.mien, cellule.leur])
    return f"feuille-choix:{hashlib.sha256(contenu.encode()).hexdigest()}"


def _comparer(rang, saisies, marque, codes, choix, par):
    valeurs = _coder(rang, saisies, codes)
    mission = rang.mission
    rang.actuel = devenir_actuel(mission)
    avant = dict(zip(CHAMPS_DEVENIR, marque["d"], strict=True))
    leurs = valeurs_de(rang.actuel)
    depuis = datetime.fromisoformat(marque["q"])
    rang.entre_temps = list(
        Etape.objects.valables().filter(mission=mission, quand__gt=depuis).select_related("par")
    )
    rang.cellules = [
        Cellule(c, titre, avant[c], valeurs[c], leurs[c], *choix.get((mission.reference, c), ()))
        for c, (titre, *_) in CHAMPS_DEVENIR.items()
    ]
    for cellule in rang.conflits:
        if not cellule.choix and cache.get(_cle_du_choix(rang, cellule)):
            cellule.choix, cellule.regle = "leur", True
    _verifier_le_devenir(rang)
    _lire_l_etape(rang, valeurs, depuis, par)
    if mission.etat != Mission.Etat.ACCEPTEE and (rang.etape or rang.changements):
        rang.erreurs.append("Cette mission n’est plus en cours : rien ne s’y note plus.")


def _coder(rang, saisies, codes):
    """Labels → codes, dates → ISO; what cannot be read goes to the errors."""
    valeurs = {}
    for champ, (titre, genre, _) in CHAMPS.items():
        saisie = saisies[champ].removeprefix("'")
        if not saisie:
            valeurs[champ] = ""
        elif saisie == SANS_VALEUR:
            valeurs[champ] = ""
            rang.erreurs.append(f"{titre} : {SANS_RESULTAT}")
        elif genre == "date":
            try:
                valeurs[champ] = JOUR.to_python(saisie.removesuffix(" 00:00:00")).isoformat()
            except ValidationError as erreur:
                valeurs[champ] = ""
                rang.erreurs.append(f"{titre} : {erreur.messages[0]}")
        elif cle_de_tri(saisie) in codes[genre]:
            valeurs[champ] = codes[genre][cle_de_tri(saisie)]
        else:
            valeurs[champ] = ""
            rang.erreurs.append(f"{titre} : « {saisie[:60]} » n’est pas dans la liste.")
    return valeurs


def _verifier_le_devenir(rang):
    """The outcome as it would be stored, by the form of the page."""
    if not rang.changements or rang.erreurs:
        return
    retenues = {c.champ: c.retenu for c in rang.cellules}
    if not retenues["code"]:
        rang.erreurs.append(
            "Devenir : choisissez-le dans la liste, ou effacez ses autres cases."
            if rang.actuel is None
            else "Devenir : il ne s’efface pas d’ici ; corrigez-le, ou écrivez le nouveau."
        )
        return
    form = DevenirForm(retenues | {"precision": "", "vu": ""})
    if rang.actuel is not None and not form.fields["code"].valid_value(rang.actuel.code):
        form.fields["code"].choices = [*form.fields["code"].choices, (rang.actuel.code, str(rang.actuel))]
    for champ, erreurs in form.errors.as_data().items():
        titre = CHAMPS_DEVENIR.get(champ, ("",))[0]
        for erreur in erreurs:
            if erreur.code == "required" and titre:
                rang.erreurs.append(f"« {titre} » va avec le devenir : remplissez cette case.")
            else:
                rang.erreurs += [f"{titre} : {e}".removeprefix(" : ") for e in erreur.messages]
    rang.devenir = {c: form.cleaned_data[c] for c in CHAMPS_DEVENIR if c in form.cleaned_data}


def _lire_l_etape(rang, valeurs, depuis, par):
    """The step that the row adds, if any; known already when the same sheet came before."""
    type_, le, rappel = valeurs["etape"], valeurs["etape_le"], valeurs["rappeler_le"]
    if not type_:
        if le or rappel:
            rang.erreurs.append("Nouvelle étape : dites laquelle, ou effacez ses dates.")
        return
    form = EtapeForm({"type": type_, "date": le or timezone.localdate().isoformat(), "rappeler_le": rappel})
    deja = Etape.objects.valables().filter(
        mission=rang.mission, type=type_, rappeler_le=rappel or None, quand__gt=depuis
    )
    if not le and (autre := deja.exclude(par=par).select_related("par").first()):
        rang.erreurs.append(
            f"Nouvelle étape : {autre.par} a noté la même le {autre.date:%d/%m/%Y}, depuis que vous avez pris la feuille. "
            "Si la vôtre en est une autre, écrivez sa date dans « Étape du » ; sinon, effacez-la."
        )
        return
    rang.etape_deja = (deja.filter(date=le) if le else deja).first()
    if rang.etape_deja is None and not form.is_valid():
        for champ, erreurs in form.errors.items():
            titre = {"date": "Étape du", "rappeler_le": "Rappeler le"}.get(champ, "Nouvelle étape")
            rang.erreurs += [f"{titre} : {e}" for e in erreurs]
        return
    rang.etape = {"type": type_} if rang.etape_deja else form.cleaned_data


# --- Applying ------------------------------------------------------------------------------------------------


class EncoreDesConflits(Exception):
    """Somebody wrote in between: the rows are to be shown again."""


@transaction.atomic
def appliquer(releve, missions, choix, *, par):
    """Write what the rows change, through the services of the follow-up. Returns the counts of the report.

    Compared anew under lock. Refused rows are left out; raises EncoreDesConflits when one still waits for a choice,
    and then nothing is written.
    """
    list(
        missions.filter(reference__in=[r["reference"] for r in releve])
        .order_by("pk")
        .select_for_update(of=("self",))
        .values_list("pk")
    )
    rangs = comparer(releve, missions, choix, par=par)
    if any(r.effet == "conflit" for r in rangs):
        raise EncoreDesConflits
    bilan = {"etapes": 0, "devenirs": 0, "identiques": 0, "refusees": []}
    for rang in rangs:
        if rang.effet == "refusee":
            nom = rang.identite.nom_complet if rang.identite else ""
            bilan["refusees"].append({"numero": rang.numero, "nom": nom, "raisons": rang.erreurs})
        elif rang.effet == "identique":
            bilan["identiques"] += 1
        else:
            bilan["etapes"] += _noter_l_etape(rang, par)
            bilan["devenirs"] += _noter_le_devenir(rang, par)
    gardees = {_cle_du_choix(r, c): True for r in rangs for c in r.conflits if c.choix == "leur"}
    cache.set_many(gardees, REGLE_PENDANT)
    noter(
        Action.ECRITURE,
        "feuille_de_suivi",
        [r.mission for r in rangs if r.effet == "enregistree"],
        par=par,
        jeunes=[r.mission.dossier.jeune_id for r in rangs if r.effet == "enregistree"],
        objet_type="gab.mission",
        etapes=bilan["etapes"],
        devenirs=bilan["devenirs"],
        refusees=len(bilan["refusees"]),
    )
    return bilan


def _noter_l_etape(rang, par):
    if rang.etape is None or rang.etape_deja is not None:
        return 0
    services.noter_etape(
        rang.mission.dossier,
        rang.etape["type"],
        par=par,
        mission=rang.mission,
        date=rang.etape["date"],
        rappeler_le=rang.etape["rappeler_le"],
    )
    return 1


def _noter_le_devenir(rang, par):
    """Another outcome when its kind changed or somebody else recorded it, else a correction of the one in force."""
    changes = {c.champ for c in rang.changements}
    if not changes:
        return 0
    autre = rang.actuel is None or "code" in changes
    if autre or not droits.peut(par, Droit.SUIVRE, rang.actuel):
        connu = rang.actuel.reference if rang.actuel else ""
        services.enregistrer_devenir(
            rang.mission.dossier,
            par=par,
            mission=rang.mission,
            precision="" if autre else rang.actuel.precision,
            vu=None if rang.mission.a_confirmer else connu,
            **rang.devenir,
        )
    else:
        services.corriger_devenir(
            rang.actuel, par=par, version=rang.actuel.version, **{c: rang.devenir[c] for c in changes}
        )
    return 1
