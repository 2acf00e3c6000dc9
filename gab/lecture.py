"""What a page of a dossier shows, and to whom (decisions.md 9 and 26): identity, reports, timeline, next action."""

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Passage
from qualit.territoire import champs, droits
from qualit.territoire.droits import Droit
from qualit.territoire.nomenclatures import libelle, terme
from signalements.models import EtatSignalement, Question

from .models import Entretien, EtatDossier, Mission, Tache


def lit_les_syntheses(user, dossier):
    """The bassin in charge, operators with a live mission, guests of a séance, the pilot and those it is shared with."""
    if dossier.bassin_id in droits.bassins_pour(user, Droit.LIRE_DOSSIER):
        return True
    if droits.a_le_droit(user, Droit.LIRE_SEANCE) and not droits.bassins_pour(user, Droit.LIRE_DOSSIER):
        return True
    if dossier.bassin.academie_id in droits.academies_pour(user, Droit.LIRE_DOSSIER):
        return True
    structures = droits.structures_pour(user, Droit.REPONDRE_MISSION)
    return any(
        m.structure_id in structures and m.etat == Mission.Etat.ACCEPTEE and not m.a_confirmer
        for m in dossier.missions.all()
    )


def motifs_lisibles(codes, le, *, operateur):
    """Labels of motives; an operator does not read exclusion nor personal ones."""
    lisibles = []
    for code in codes:
        t = terme("motifs", code, le)
        reserve = code in champs.MOTIFS_RESERVES or (
            t is not None and str(t.plus.get("lecture_operateur", "1")) in {"0", "False", "false"}
        )
        if operateur and reserve:
            continue
        lisibles.append(t.libelle if t else code)
    return lisibles


def date_courte(jour):
    return f"{jour:%d/%m/%Y}" if jour else ""


def identite(dossier, signalements, *, reduite=False):
    """Lines of the summary: [(term, value)] from the report shown first, completed by the others.

    reduite: for an operator or a guest, who do not read that the jeune was excluded.
    """
    premier = dossier.jeune.identite or (signalements[0] if signalements else None)
    if premier is None:
        return []
    aujourdhui = timezone.localdate()
    age = premier.age_au(aujourdhui)
    naissance = date_courte(premier.date_naissance)
    nature = premier.libelle("natures_sortie", "nature_sortie")
    ine = next((s.ine for s in [premier, *signalements] if s.ine), "")
    adresse = {
        "sans": "Sans adresse stable",
        "etranger": f"{premier.adresse} {premier.ville} {premier.pays}".strip(),
    }.get(premier.domicile, " ".join(filter(None, [premier.adresse, premier.code_postal, premier.ville])))
    return [
        ("Naissance", f"{naissance} ({age} ans)" if age is not None else naissance),
        ("Sexe", premier.get_sexe_display()),
        ("INE", ine),
        ("Domicile", adresse),
        ("Classe", premier.classe),
        ("Sortie", date_courte(dossier.date_sortie or premier.date_sortie)),
        ("Nature de la sortie", champs.nature_lisible(premier.nature_sortie, nature) if reduite else nature),
        ("Diplôme", premier.libelle("diplomes", "diplome")),
    ]


def contacts(signalements):
    """Contacts of all the reports, each once: the verified first, the wrong ones last."""
    vus = {}
    for signalement in signalements:
        for contact in signalement.contacts.all():
            vus.setdefault((contact.type, contact.normalisee, contact.etat), contact)
    rang = {"verifie": 0, "non_verifie": 1, "faux": 2}
    return sorted(vus.values(), key=lambda c: (rang[c.etat], c.type != "telephone", c.pk))


def responsables(signalements):
    """Legal guardians of the reports, each once."""
    vus = {}
    for signalement in signalements:
        for r in signalement.responsables.all():
            vus.setdefault((r.nom.lower(), r.prenom.lower()), r)
    return list(vus.values())


@dataclass
class Prochaine:
    """The one next thing to do: a title, why, and where (None when there is nothing for this person to do)."""

    titre: str
    texte: str
    url: str = ""
    bouton: str = ""
    secondaires: list = field(default_factory=list)


def prochaine_action(dossier, user, *, signalements, entretiens, missions):
    """The next action on a dossier, in words, with its page when this person may do it."""

    def url(nom, objet=dossier):
        return reverse(nom, args=[objet.reference])

    def pour(droit, nom, objet=dossier):
        return url(nom, objet) if droits.peut(user, droit, dossier) else ""

    etat = EtatDossier(dossier.etat)
    retrait = next(
        (
            s
            for s in signalements
            for q in s.questions.all()
            if q.type == Question.Type.RETRAIT and q.close_le is None
        ),
        None,
    )
    if retrait and dossier.est_ouvert:
        return Prochaine(
            "Un retrait est demandé",
            "L’établissement dit que ce signalement n’a plus lieu d’être.",
            pour(Droit.TRIER, "gab:retrait", retrait),
            "Répondre à la demande",
        )
    if etat == EtatDossier.A_TRIER:
        attente = next((s for s in signalements if s.etat == EtatSignalement.ENVOYE), None)
        complement = next((s for s in signalements if s.etat == EtatSignalement.A_COMPLETER), None)
        if attente:
            return Prochaine(
                "Examiner le signalement",
                "Recevable, à compléter ou hors champ.",
                pour(Droit.TRIER, "gab:trier", attente),
                "Examiner",
            )
        if complement:
            return Prochaine(
                "Attendre le complément",
                "L’établissement doit répondre à votre question. Vous pouvez aussi trancher sans attendre.",
                pour(Droit.TRIER, "gab:trier", complement),
                "Examiner sans attendre",
            )
        return Prochaine(
            "Retenir le dossier",
            "Le dossier a été rouvert : dites s’il faut recevoir le jeune.",
            pour(Droit.TRIER, "gab:retenir"),
            "Retenir",
        )
    if etat == EtatDossier.ENTRETIEN_A_TENIR:
        prevu = next((e for e in entretiens if e.etat == Entretien.Etat.PREVU), None)
        if prevu is None:
            manques = sum(e.etat in {Entretien.Etat.ABSENT, Entretien.Etat.ABSENT_EXCUSE} for e in entretiens)
            texte = (
                "Aucun entretien n’est prévu."
                if not manques
                else f"Le jeune n’est pas venu ({manques} fois)."
            )
            return Prochaine("Convoquer le jeune", texte, pour(Droit.CONVOQUER, "gab:convoquer"), "Convoquer")
        passe = prevu.quand < timezone.now()
        return Prochaine(
            "Enregistrer l’entretien" if passe else "Tenir l’entretien",
            f"Prévu le {timezone.localtime(prevu.quand):%d/%m/%Y à %H h %M}.",
            pour(Droit.CONVOQUER, "gab:entretien", prevu),
            "Ouvrir l’entretien",
        )
    if etat == EtatDossier.ENTRETIEN_TENU:
        return Prochaine(
            "Donner une préconisation",
            "L’entretien a eu lieu : quel type de solution proposer ?",
            pour(Droit.PRECONISER, "gab:preconiser"),
            "Préconiser",
        )
    if etat == EtatDossier.PRECONISE:
        return Prochaine(
            "Missionner une structure",
            "Aucune structure n’est chargée du jeune.",
            pour(Droit.MISSIONNER, "gab:missionner"),
            "Missionner",
        )
    accueil = next((m for m in missions if m.a_confirmer and m.etat == Mission.Etat.ACCEPTEE), None)
    if accueil and dossier.est_ouvert:
        return Prochaine(
            "Confirmer l’accueil",
            f"{accueil.structure} a reçu ce jeune : confirmez sa mission pour qu’elle lise le dossier.",
            pour(Droit.MISSIONNER, "gab:accueil", accueil),
            "Confirmer",
        )
    if etat == EtatDossier.MISSIONNE:
        attente = [m for m in missions if m.etat == Mission.Etat.PROPOSEE]
        noms = ", ".join(str(m.structure) for m in attente)
        limite = min((m.expire_le for m in attente), default=None)
        return Prochaine(
            "Attendre la réponse de la structure",
            f"{noms} : réponse attendue avant le {date_courte(limite)}." if limite else "",
        )
    if etat == EtatDossier.PRIS_EN_CHARGE:
        return Prochaine("Suivi en cours", f"Structure référente : {dossier.referent or 'à désigner'}.")
    if etat == EtatDossier.EN_SOLUTION:
        return Prochaine("Jeune en solution", "Le devenir sera vérifié de nouveau à son échéance.")
    textes = {
        EtatDossier.CLOS: libelle("raisons_cloture", dossier.motif_cloture),
        EtatDossier.HORS_CHAMP: " – ".join(
            filter(
                None,
                [libelle("motifs_hors_champ", dossier.motif_hors_champ), dossier.hors_champ_precision],
            )
        ),
        EtatDossier.PERDU_DE_VUE: "Aucune nouvelle malgré les relances.",
    }
    return Prochaine(f"Dossier terminé : {etat.label}", textes.get(etat, ""))


#: The page of each action of the dossier's table that has one; the others have their own place on the page.
PAGES = {
    "preconiser": ("gab:preconiser", "fr-icon-clipboard-line"),
    "missionner": ("gab:missionner", "fr-icon-send-plane-line"),
    "clore": ("gab:clore", "fr-icon-archive-line"),
    "rouvrir": ("gab:rouvrir", "fr-icon-refresh-line"),
    "retablir": ("gab:rouvrir", "fr-icon-refresh-line"),
    "ecarter": ("gab:ecarter", "fr-icon-close-line"),
}


def actions(dossier, user):
    """Buttons of the page, from `workflow.possibles`: [(label, url, icon)]."""
    boutons = []
    for transition in workflow.possibles(dossier, user):
        if transition.action in PAGES:
            nom, icone = PAGES[transition.action]
            boutons.append((transition.libelle, reverse(nom, args=[dossier.reference]), icone))
    if dossier.est_ouvert and droits.peut(user, Droit.CONVOQUER, dossier):
        boutons.insert(
            0,
            ("Convoquer", reverse("gab:convoquer", args=[dossier.reference]), "fr-icon-calendar-event-line"),
        )
    if dossier.est_ouvert and droits.peut(user, Droit.TRANSFERER, dossier):
        boutons.append(
            (
                "Proposer à un autre bassin",
                reverse("gab:transferer", args=[dossier.reference]),
                "fr-icon-arrow-left-right-line",
            )
        )
    return boutons


def frise(dossier, *, signalements, entretiens, preconisations, missions, transferts, syntheses, instruit):
    """One timeline, latest first: [{quand, titre, texte, par, url}]. Texts only for those who read the syntheses.

    instruit: the reader may open the pages of the interviews.
    """
    faits = []

    def fait(quand, titre, texte="", par="", url=""):
        faits.append({"quand": quand, "titre": titre, "texte": texte, "par": par, "url": url})

    for s in signalements:
        fait(s.envoye_le, "Signalement reçu", "", str(s.structure))
    for e in entretiens:
        url = reverse("gab:entretien", args=[e.reference]) if syntheses and instruit else ""
        titre = f"Entretien {e.get_etat_display().lower()}"
        if e.etat == Entretien.Etat.TENU and e.responsable_present == Entretien.Responsable.OUI:
            titre += ", avec le responsable légal"
        fait(e.quand, titre, e.prochaine_etape if syntheses else "", str(e.mene_par or ""), url)
        for c in e.convocations.all():
            details = c.resultat
            if c.revenue_le:
                details = f"{details} Courrier revenu le {date_courte(c.revenue_le)}.".strip()
            fait(c.envoyee_le, f"Convocation {c.rang} par {c.get_canal_display().lower()}", details)
    for p in preconisations:
        fait(p.quand, f"Préconisation : {p}", p.synthese if syntheses else "", str(p.par or ""))
    for m in missions:
        fait(m.proposee_le, f"Mission proposée à {m.structure}", m.message if syntheses else "")
        if m.repondue_le:
            motif = libelle("motifs_refus_mission", m.motif_refus)
            verbe = {"refusee": "refusée"}.get(m.etat, "acceptée")
            fait(
                m.repondue_le,
                f"Mission {verbe} par {m.structure}",
                " – ".join(filter(None, [motif, m.precision_refus if syntheses else ""])),
            )
        if m.terminee_le:
            fait(m.terminee_le, f"Mission {m.get_etat_display().lower()} : {m.structure}", m.motif_fin)
    for t in transferts:
        fait(t.propose_le, f"Transfert proposé : {t.de} → {t.vers}", t.motif if syntheses else "")
        if t.repondu_le:
            fait(t.repondu_le, f"Transfert {t.get_etat_display().lower()}", t.motif_refus)
    for etape in dossier.etapes.filter(annulee_le__isnull=True).select_related("structure"):
        fait(etape.quand, str(etape), etape.synthese if syntheses else "", str(etape.structure or "GAB"))
    for devenir in dossier.devenirs.filter(annule_le__isnull=True):
        fait(devenir.quand, f"Devenir : {devenir}", devenir.precision if syntheses else "")
    for passage in Passage.objects.de(dossier).filter(
        action__in=["rouvrir", "retablir", "clore", "ecarter", "perdre_de_vue"]
    ):
        fait(passage.quand, f"Dossier : {EtatDossier(passage.vers).label}")
    return sorted(faits, key=lambda f: f["quand"], reverse=True)


def taches_ouvertes(dossier):
    """Open tasks of the dossier."""
    return [t for t in dossier.taches.all() if t.close_le is None and t.type != Tache.Type.AUTRE]
