"""One timeline of everything about a jeune, each part shown or not by right."""

from dataclasses import dataclass
from datetime import datetime, time

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from dedoublonnage.arbitrage import separables
from dedoublonnage.models import Fusion, Paire, Rattachement
from gab.lecture import motifs_lisibles
from gab.models import Convocation, Dossier, Entretien, Mission, Preconisation, Transfert
from qualit.journal.models import Action, Passage, Trace
from qualit.territoire import champs, droits
from qualit.territoire.droits import Droit
from qualit.territoire.nomenclatures import libelle
from qualit.territoire.roles import NIVEAU_DU_ROLE, Niveau, Role
from signalements.models import EtatSignalement, Signalement

from .models import Devenir, Etape

FAMILLES = {
    "signalement": "Signalements",
    "identite": "Identité",
    "gab": "GAB",
    "mission": "Missions",
    "suivi": "Suivi et devenir",
}


@dataclass
class Evenement:
    """One line of the timeline. famille: key of FAMILLES; texte may hold several lines; separer: page that separates."""

    quand: datetime
    famille: str
    titre: str
    texte: str = ""
    par: str = ""
    url: str = ""
    separer: str = ""

    @property
    def famille_libelle(self):
        return FAMILLES[self.famille]


def lit_tout(user):
    """Whether this person reads the whole file (GAB, rectorat): motives, interviews, refusals."""
    return any(NIVEAU_DU_ROLE[a.role] in {Niveau.BASSIN, Niveau.ACADEMIE} for a in droits.adhesions(user))


def frise(jeune, user):
    """The events that this person may read about a jeune, latest first, and what was shown (for the journal)."""
    tout = lit_tout(user)
    signalements = list(
        Signalement.objects.visibles_par(user)
        .envoyes()
        .filter(rattachements__jeune=jeune, rattachements__defait_le__isnull=True)
        .select_related("structure", "auteur")
        .distinct()
    )
    dossiers = list(
        Dossier.objects.visibles_par(user).filter(jeune=jeune).select_related("bassin", "referent")
    )
    lignes = _signalements(signalements, user, tout, separables(jeune, signalements, user))
    if tout:
        lignes += _identite(jeune, signalements)
    for dossier in dossiers:
        lignes += _dossier(dossier, tout)
        lignes += _entretiens(dossier, user, tout)
        lignes += _missions(dossier, user, tout)
        lignes += _suivi(dossier, user)
    lignes.sort(key=lambda e: e.quand, reverse=True)
    return lignes, signalements, dossiers


def _instant(jour):
    """A date as a moment, for sorting (noon: after what was recorded in the morning)."""
    return timezone.make_aware(datetime.combine(jour, time(12)))


def _nom(personne):
    return personne.get_full_name() if personne else ""


def _signalements(signalements, user, tout, a_separer):
    lignes, lit_les_motifs = [], champs.peut_lire(user, "motifs")
    for s in signalements:
        motifs = motifs_lisibles(s.motifs, s.envoye_le, operateur=not tout) if lit_les_motifs else []
        nature = s.libelle("natures_sortie", "nature_sortie")
        if not tout:
            nature = champs.nature_lisible(s.nature_sortie, nature)
        details = [
            ("Classe", libelle("classes", s.classe)),
            ("Sortie", f"{s.date_sortie:%d/%m/%Y}" if s.date_sortie else ""),
            ("Nature", nature),
            ("Motifs", ", ".join(motifs)),
            ("Message au GAB", s.message if tout else ""),
        ]
        texte = "\n".join(f"{t} : {v}" for t, v in details if v)
        lignes.append(
            Evenement(
                s.envoye_le,
                "signalement",
                f"Signalement de {s.structure}",
                texte,
                _nom(s.auteur) if tout else "",
                separer=reverse("dedoublonnage:separer", args=[s.reference]) if s.pk in a_separer else "",
            )
        )
        if tout and s.etat == EtatSignalement.HORS_CHAMP and s.trie_le:
            lignes.append(
                Evenement(
                    s.trie_le, "gab", f"Signalement de {s.structure} : hors champ",
                    libelle("motifs_hors_champ", s.motif_hors_champ),
                )
            )  # fmt: skip
        if tout:
            lignes += [
                Evenement(
                    q.posee_le, "signalement", f"{q.get_type_display()} à {s.structure}",
                    q.texte + (f"\nRéponse : {q.reponse}" if q.reponse else ""), _nom(q.posee_par),
                )
                for q in s.questions.select_related("posee_par")
            ]  # fmt: skip
    return lignes


def _identite(jeune, signalements):
    visibles = {s.pk for s in signalements}
    lignes = []
    rattachements = Rattachement.objects.filter(jeune=jeune, signalement__in=visibles).select_related(
        "signalement__structure", "par", "defait_par"
    )
    for r in rattachements:
        if r.mode != Rattachement.Mode.NOUVEAU:
            lignes.append(
                Evenement(
                    r.quand,
                    "identite",
                    r.get_mode_display(),
                    f"Signalement de {r.signalement.structure}",
                    _nom(r.par),
                )
            )
        if r.defait_le:
            lignes.append(
                Evenement(
                    r.defait_le,
                    "identite",
                    "Signalement séparé de ce jeune",
                    r.defait_motif,
                    _nom(r.defait_par),
                )
            )
    for fusion in Fusion.objects.filter(garde=jeune).select_related("par", "annulee_par"):
        lignes.append(Evenement(fusion.quand, "identite", "Deux fiches réunies", "", _nom(fusion.par)))
        if fusion.annulee_le:
            lignes.append(
                Evenement(fusion.annulee_le, "identite", "Réunion annulée", "", _nom(fusion.annulee_par))
            )
    return lignes


MOTS_DU_DOSSIER = {
    "ouvrir": "Dossier ouvert",
    "rouvrir": "Dossier rouvert",
    "retablir": "Dossier rétabli",
    "clore": "Dossier clos",
    "perdre_de_vue": "Dossier clos, sans nouvelles",
    "ecarter": "Dossier hors champ",
    "retenir": "Signalement retenu par le GAB",
    "reprendre_suivi": "Le suivi reprend",
}


def _dossier(dossier, tout):
    lignes = []
    for p in Passage.objects.de(dossier).filter(action__in=MOTS_DU_DOSSIER).select_related("par"):
        motif = ""
        if tout and p.motif:
            motif = libelle("raisons_cloture", p.motif)
            motif = libelle("motifs_hors_champ", p.motif) if motif == p.motif else motif
        lignes.append(Evenement(p.quand, "gab", MOTS_DU_DOSSIER[p.action], motif, _nom(p.par)))
    if tout:
        for t in Transfert.objects.filter(dossier=dossier).select_related("de", "vers", "propose_par"):
            lignes.append(
                Evenement(
                    t.propose_le, "gab", f"Transfert proposé de {t.de} à {t.vers} : {t.get_etat_display().lower()}",
                    t.motif, _nom(t.propose_par),
                )
            )  # fmt: skip
    for p in Preconisation.objects.filter(dossier=dossier).select_related("par"):
        lignes.append(Evenement(p.quand, "gab", f"Préconisation : {p}", p.synthese, _nom(p.par)))
    return lignes


def _entretiens(dossier, user, tout):
    lignes = []
    entretiens = Entretien.objects.filter(dossier=dossier).select_related("mene_par")
    if not tout:
        entretiens = entretiens.filter(etat=Entretien.Etat.TENU)
    for e in entretiens:
        synthese = [
            ("Projet", e.projet),
            ("Démarches faites", e.demarches),
            ("Prochaine étape", e.prochaine_etape),
        ]
        if tout:
            motifs = ", ".join(libelle("motifs", m) for m in e.motifs_jeune)
            synthese.insert(0, ("Motifs selon le jeune", motifs))
        texte = "\n".join(f"{t} : {v}" for t, v in synthese if v)
        lignes.append(
            Evenement(
                e.quand, "gab", f"Entretien ({e.get_mode_display().lower()}) : {e.get_etat_display().lower()}",
                texte, _nom(e.mene_par),
            )
        )  # fmt: skip
    if tout:
        convocations = Convocation.objects.filter(entretien__dossier=dossier).select_related("par")
        for c in convocations:
            lignes.append(
                Evenement(
                    c.envoyee_le,
                    "gab",
                    f"Convocation {c.rang} ({c.get_canal_display().lower()})",
                    c.resultat,
                    _nom(c.par),
                )
            )
    return lignes


def _missions(dossier, user, tout):
    lignes = []
    siennes = set(droits.structures_pour(user, Droit.REPONDRE_MISSION))
    for m in dossier.missions.select_related("structure", "proposee_par", "repondue_par"):
        mienne = m.structure_id in siennes
        if not tout and not mienne and (m.etat != Mission.Etat.ACCEPTEE or m.a_confirmer):
            continue
        url = reverse("suivi:mission", args=[m.reference]) if mienne else ""
        if tout or mienne:
            titre = (
                "se présente à"
                if m.message == "" and m.proposee_par_id == m.repondue_par_id
                else "proposée à"
            )
            titre = (
                f"Le jeune {titre} {m.structure}"
                if titre.startswith("se")
                else f"Mission {titre} {m.structure}"
            )
            lignes.append(Evenement(m.proposee_le, "mission", titre, m.message, _nom(m.proposee_par), url))
        if m.repondue_le and m.etat == Mission.Etat.REFUSEE:
            motif = libelle("motifs_refus_mission", m.motif_refus)
            texte = f"{motif}\n{m.precision_refus}".strip()
            lignes.append(
                Evenement(
                    m.repondue_le,
                    "mission",
                    f"Mission refusée par {m.structure}",
                    texte,
                    _nom(m.repondue_par),
                )
            )
        elif m.repondue_le:
            texte = m.get_connaissance_display() if m.connaissance else ""
            lignes.append(
                Evenement(
                    m.repondue_le,
                    "mission",
                    f"Pris en charge par {m.structure}",
                    texte,
                    _nom(m.repondue_par),
                    url,
                )
            )
        if m.terminee_le:
            lignes.append(
                Evenement(
                    m.terminee_le,
                    "mission",
                    f"Mission de {m.structure} : {m.get_etat_display().lower()}",
                    m.motif_fin,
                )
            )
    return lignes


def _suivi(dossier, user):
    lignes = []
    siennes = set(droits.structures_pour(user, Droit.REPONDRE_MISSION))
    gab = dossier.bassin_id in droits.bassins_pour(user, Droit.SUIVRE)
    etapes = Etape.objects.visibles_par(user).valables().filter(dossier=dossier)
    for e in etapes.select_related("structure", "par"):
        a_moi = e.structure_id in siennes if e.structure_id else gab
        parties = [e.synthese, f"Note interne : {e.note}" if e.note and a_moi else ""]
        if e.rappeler_le:
            parties.append(f"À rappeler le {e.rappeler_le:%d/%m/%Y}")
        titre = f"{e} ({e.structure})" if e.structure else str(e)
        lignes.append(
            Evenement(_instant(e.date), "suivi", titre, "\n".join(p for p in parties if p), _nom(e.par))
        )
    for d in Devenir.objects.visibles_par(user).valables().filter(dossier=dossier).select_related("par"):
        parties = [
            d.precision,
            f"Source : {d.get_source_display().lower()}",
            f"Vérifié le {d.verifie_le:%d/%m/%Y}",
        ]
        lignes.append(
            Evenement(
                _instant(d.date), "suivi", f"Devenir : {d}", "\n".join(p for p in parties if p), _nom(d.par)
            )
        )
    return lignes


@dataclass
class Consultation:
    """Somebody who read about the jeune: who, as what, how many times, last on."""

    qui: str
    role: str
    fois: int
    derniere: datetime


def consultations(jeune, limite=200):
    """Who was shown this jeune, latest first, from the journal: [Consultation]."""
    gens = {}
    traces = (
        Trace.objects.du_jeune(jeune.pk)
        .filter(action__in=[Action.LECTURE, Action.RECHERCHE, Action.EXPORT])
        .select_related("acteur")[:2000]
    )
    for trace in traces:
        cle = (trace.acteur_id, trace.role)
        if cle in gens:
            gens[cle].fois += 1
        else:
            role = dict(Role.choices).get(trace.role, trace.role)
            gens[cle] = Consultation(_nom(trace.acteur) or "Anonyme", role, 1, trace.quand)
    return list(gens.values())[:limite]


def identite_en_attente(jeune, user):
    """Pairs of look-alikes about this jeune that this person may decide."""
    return Paire.objects.visibles_par(user).a_decider().filter(Q(a=jeune) | Q(b=jeune))
