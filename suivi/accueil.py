"""What each role has to do today, in order: the lines of the home page. Each count is a link to the list that it counts."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format

from dedoublonnage.models import Paire
from gab.models import Dossier, Entretien, EtatDossier, Mission, Seance, Tache, Transfert
from gab.surveillance import echeances_depassees, transferts_sans_reponse
from qualit.acteurs import passation
from qualit.notifications.services import a_surveiller
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.territoire.models import Structure
from qualit.territoire.roles import Role
from qualit.web.navigation import au_plus, nombre_lisible
from signalements.models import EtatSignalement, Question, Signalement

from . import fin_annee, missions, rappels, relances, retours


@dataclass(frozen=True)
class Tuile:
    """One thing to do. urgent puts a badge on it; the tile shows even at zero when `toujours`.

    unite: what is counted, "one|several" where the words agree with the number; adhesion: id of another membership of
    the person, under which the page opens (the tile then holds a button); plafonne: counted `au_plus`.
    """

    titre: str
    nombre: int
    unite: str
    url: str
    texte: str = ""
    urgent: bool = False
    toujours: bool = False
    adhesion: int | None = None
    plafonne: bool = False

    @property
    def compte(self):
        """The number as shown."""
        return nombre_lisible(self.nombre, self.plafonne)

    @property
    def accord(self):
        """The words of `unite` that go with the number."""
        un, _, plusieurs = self.unite.partition("|")
        return plusieurs if plusieurs and self.nombre >= 2 else un


def adresse(*noms, suite="", **kwargs):
    """The first of these routes that exists (a later step may not be installed), else ''."""
    for nom in noms:
        try:
            return reverse(nom, kwargs=kwargs or None) + suite
        except NoReverseMatch:
            continue
    return ""


def a_faire(user, adhesion):
    """The tiles of the person's membership, in the order of the day."""
    if adhesion is None:
        return []
    tuiles = [*_invitations(user, adhesion), *PAR_ROLE.get(adhesion.role, lambda *_: [])(user, adhesion)]
    if fin_annee.de_saison() and (points := fin_annee.points(user, adhesion)):
        restants = sum(not p.fait for p in points)
        tuiles.append(
            Tuile(
                "Fin d’année",
                restants,
                "point à régler avant l’été|points à régler avant l’été",
                reverse("suivi:fin_annee"),
                toujours=True,
            )
        )
    if adhesion.role in ORGANISENT:
        tuiles.append(_a_reprendre(user))
    return [t for t in tuiles if t.url and (t.nombre or t.toujours)]


def raccourcis(user):
    """The large buttons on top: [(label, url, icon)]."""
    boutons = []
    if droits.a_le_droit(user, Droit.ACCUEILLIR):
        boutons.append(("Un jeune se présente", adresse("gab:accueillir"), "fr-icon-user-add-line"))
    if droits.a_le_droit(user, Droit.SIGNALER):
        boutons.append(("Signaler un jeune", adresse("signalements:nouveau"), "fr-icon-add-line"))
    if droits.a_le_droit(user, Droit.IMPORTER):
        boutons.append(("Importer une liste", adresse("imports:liste"), "fr-icon-upload-line"))
    if droits.a_le_droit(user, Droit.REPONDRE_MISSION):
        boutons.append(("Un jeune appelle", adresse("suivi:numero"), "fr-icon-user-search-line"))
    if droits.a_le_droit(user, Droit.RECHERCHER):
        boutons.append(("Rechercher un jeune", adresse("suivi:recherche"), "fr-icon-search-line"))
    return [(texte, url, icone) for texte, url, icone in boutons if url]


def _invitations(user, adhesion):
    """One tile a coming séance that names the person: a guest reads it as a guest, whatever else they are."""
    seances = list(
        Seance.objects.filter(invites=user)
        .filter(
            Q(etat=Seance.Etat.OUVERTE) | Q(etat=Seance.Etat.PREPAREE, quand__date__gte=timezone.localdate())
        )
        .select_related("bassin")
        .annotate(dossiers=Count("lignes"))
        .order_by("quand", "pk")
    )
    # the GAB's own are counted among its own tiles
    seances = [s for s in seances if s.bassin_id != adhesion.bassin_id]
    invite = adhesion
    if seances and adhesion.role != Role.INVITE_SEANCE:
        invite = user.adhesions.actives().filter(role=Role.INVITE_SEANCE).order_by("pk").first()
    if invite is None:
        return []
    return [
        Tuile(
            f"Séance du GAB de {s.bassin}", s.dossiers, "dossier à l’ordre du jour|dossiers à l’ordre du jour",
            reverse("gab:seance", args=[s.reference]),
            f"Vous êtes invité le {date_format(timezone.localtime(s.quand), 'l j F à H:i')}{f', {s.lieu}' if s.lieu else ''}.",
            toujours=True, adhesion=None if invite == adhesion else invite.pk,
        )
        for s in seances
    ]  # fmt: skip


def _declarant(user, adhesion):
    structure = adhesion.structure
    miens = retours.mes_signalements(user).filter(structure=structure)
    brouillons = Signalement.objects.visibles_par(user).brouillons().filter(structure=structure)
    questions = Question.objects.ouvertes().filter(signalement__structure=structure)
    questions = questions.exclude(type=Question.Type.RETRAIT)
    liste = reverse("suivi:mes_signalements")
    aujourdhui = timezone.localdate()
    premier = relances.premier_du_mois(aujourdhui)
    dernier_mois = relances.mois_recents(1)[0]
    muet = (
        structure.est_declarante
        and relances.sans_reponse(Structure.objects.filter(pk=structure.pk), dernier_mois).exists()
    )
    du_mois = miens.filter(envoye_le__date__gte=premier).count()
    return [
        Tuile(
            "Questions du GAB", questions.count(), "à répondre", f"{liste}?etat=a_completer"
            if questions.filter(type=Question.Type.COMPLETER).exists() else liste,
            "Un complément ou des coordonnées à corriger.", urgent=True,
        ),
        Tuile(
            "Des nouvelles de vos signalements", retours.non_lus(retours.avec_nouvelles(miens, user)).count(),
            "à lire", f"{liste}?nouveau=on",
        ),
        Tuile(
            "Brouillons", brouillons.count(), "à terminer et envoyer", adresse("signalements:brouillons"),
            "Partagés avec vos collègues de l’établissement.",
        ),
        Tuile(
            f"Aucune réponse pour {nom_du_mois(dernier_mois)}", 1 if muet else 0, "mois sans réponse",
            adresse("signalements:neant"),
            "Signalez les départs du mois, ou déclarez qu’il n’y en a pas eu.",
        ),
        Tuile(
            "Mes signalements", miens.count(), f"envoyé, dont {du_mois} ce mois-ci|envoyés, dont {du_mois} ce mois-ci", liste,
            toujours=True,
        ),
    ]  # fmt: skip


def _operateur(user, adhesion):
    siennes = Mission.objects.filter(structure=adhesion.structure)
    comptes = missions.comptes(siennes)
    liste = reverse("suivi:missions")
    urgentes = siennes.filter(etat=Mission.Etat.PROPOSEE).filter(
        Q(urgente=True) | Q(expire_le__lte=timezone.localdate() + timedelta(days=3))
    )
    tuiles = [
        Tuile(
            "Missions à répondre", comptes["a_repondre"], "proposée par le GAB|proposées par le GAB", f"{liste}?vue=a_repondre",
            f"Dont {n} à répondre sous trois jours." if (n := urgentes.count()) else "", urgent=bool(n),
        ),
        Tuile(
            "Coordonnées corrigées", comptes["corrigees"],
            "jeune à appeler de nouveau|jeunes à appeler de nouveau", f"{liste}?vue=corrigees",
            "L’établissement a répondu : un autre numéro, ou rien de mieux.", plafonne=True,
        ),
        Tuile("À rappeler", comptes["rappels"], "aujourd’hui ou avant", f"{liste}?vue=rappels", plafonne=True),
        Tuile(
            "Sans nouvelles", comptes["sans_nouvelles"], "depuis plus de 30 jours", f"{liste}?vue=sans_nouvelles", plafonne=True,
        ),
        Tuile(
            "Devenirs à revérifier", comptes["a_reverifier"], "dont la date est passée", f"{liste}?vue=a_reverifier",
            plafonne=True,
        ),
        Tuile("Missions en cours", comptes["en_cours"], "jeune suivi|jeunes suivis", f"{liste}?vue=en_cours", toujours=True),
        Tuile(
            "Places vacantes", adhesion.structure.places.filter(retiree_le__isnull=True, nombre__gt=0).count(),
            "publiée par votre structure|publiées par votre structure", adresse("gab:places"), toujours=True,
        ),
    ]  # fmt: skip
    if adhesion.structure.est_declarante or retours.mes_signalements(user).exists():
        tuiles.insert(
            4,
            Tuile(
                "Des nouvelles de vos signalements",
                retours.non_lus(retours.avec_nouvelles(retours.mes_signalements(user), user)).count(),
                "à lire",
                reverse("suivi:mes_signalements") + "?nouveau=on",
            ),
        )
    return tuiles


def _gab(user, adhesion):
    bassin = adhesion.bassin
    dossiers = Dossier.objects.filter(bassin=bassin)
    ouverts = dossiers.ouverts()
    file = adresse("gab:file")
    maintenant = timezone.now()
    jour = timezone.localdate()
    coordonne = droits.a_le_droit(user, Droit.MISSIONNER)
    proches = dossiers.echeance_legale_proche(30)
    passes = Entretien.objects.filter(dossier__bassin=bassin, etat="prevu", quand__lt=maintenant)
    ancien = passes.order_by("quand").values_list("quand", flat=True).first()
    semaine = f"?semaine={timezone.localdate(ancien)}" if ancien else ""
    a_rappeler, ensuite = rappels.comptes(user)
    tuiles = [
        Tuile(
            "Échéance légale proche", proches.count(), "mineur à recevoir sous 30 jours|mineurs à recevoir sous 30 jours",
            adresse("gab:echeances", "gab:file"), "Réception avec le responsable légal sous trois mois (L313-8).",
            urgent=proches.filter(echeance_legale__lte=jour + timedelta(days=15)).exists(),
        ),
        Tuile(
            "Signalements à trier",
            Signalement.objects.filter(versement__dossier__bassin=bassin, etat=EtatSignalement.ENVOYE).count(),
            "à examiner", adresse("gab:tri", "gab:file"),
        ),
        Tuile(
            "Décisions attendues",
            Tache.objects.ouvertes().filter(dossier__bassin=bassin).count()
            + Question.objects.ouvertes().filter(
                type=Question.Type.RETRAIT, signalement__versement__dossier__bassin=bassin
            ).count(),
            "réorientations, retraits, reprises", adresse("gab:taches", "gab:file"), urgent=True,
        ),
        Tuile(
            "Transferts proposés à votre bassin", Transfert.objects.filter(vers=bassin, etat="propose").count(),
            "à accepter ou refuser", adresse("gab:transferts", "gab:file"),
        ),
        Tuile(
            "Identités à confirmer",
            Paire.objects.a_decider().filter(bassin=bassin, arbitre=Paire.Arbitre.BASSIN).count() if coordonne else 0,
            "paire de fiches qui se ressemblent|paires de fiches qui se ressemblent", adresse("dedoublonnage:identites"),
        ),
        Tuile(
            "Entretiens du jour",
            Entretien.objects.filter(dossier__bassin=bassin, etat="prevu", quand__date=jour).count(),
            "prévu aujourd’hui|prévus aujourd’hui", adresse("gab:agenda", "gab:file"),
        ),
        Tuile(
            "Entretiens passés à constater",
            passes.count(), "venu, absent ou reporté|venus, absents ou reportés", f"{adresse('gab:agenda', 'gab:file')}{semaine}",
        ),
        Tuile(
            "À recevoir", ouverts.filter(etat=EtatDossier.ENTRETIEN_A_TENIR).count(),
            "jeune sans entretien tenu|jeunes sans entretien tenu", file
            and f"{file}?etat=entretien_a_tenir",
        ),
        Tuile(
            "Solution à proposer", ouverts.filter(etat=EtatDossier.ENTRETIEN_TENU).count(),
            "jeune reçu, sans préconisation|jeunes reçus, sans préconisation", file and f"{file}?etat=entretien_tenu",
        ),
        Tuile(
            "Structure à trouver", ouverts.filter(etat=EtatDossier.PRECONISE).count(),
            "jeune préconisé, sans structure|jeunes préconisés, sans structure", file and f"{file}?etat=preconise",
        ),
        Tuile(
            "Missions sans réponse",
            Mission.objects.filter(dossier__bassin=bassin, etat=Mission.Etat.PROPOSEE).count() if coordonne else 0,
            "proposée, à relancer au besoin|proposées, à relancer au besoin", adresse("gab:missions", "gab:file"),
        ),
        Tuile(
            "En retard d’action", ouverts.filter(prochaine_echeance__lt=jour).count(), "dossier à reprendre|dossiers à reprendre",
            file and f"{file}?echeance=action",
        ),
        Tuile(
            "À rappeler", a_rappeler, "aujourd’hui ou avant", reverse("suivi:rappels"),
            f"Et {ensuite} plus tard." if ensuite else "", toujours=bool(ensuite),
        ),
        Tuile(
            "Devenirs à revérifier", au_plus(missions.devenirs_a_reverifier(user)).count(), "dont la date est passée",
            reverse("suivi:a_reverifier"), plafonne=True,
        ),
        Tuile(
            "Prochaine séance",
            Seance.objects.filter(bassin=bassin, etat="preparee", quand__gte=maintenant).count(),
            "en préparation", adresse("gab:seances"),
        ),
        Tuile("Dossiers ouverts", ouverts.count(), "dans votre bassin", file, toujours=True),
    ]  # fmt: skip
    if coordonne:
        tuiles.append(_muets(user))
    return tuiles


def _a_reprendre(user):
    nombre = passation.nombre_a_reprendre(user)
    return Tuile(
        "À reprendre",
        nombre,
        "tenu par une personne partie|tenus par une personne partie",
        reverse("territoire:a_reprendre"),
        "Missions, entretiens et brouillons à confier à un collègue.",
        urgent=True,
    )


def _muets(user):
    mois = relances.mois_recents(1)[0]
    return Tuile(
        "Établissements sans réponse",
        relances.sans_reponse(relances.structures_a_relancer(user), mois).count(),
        f"pour {nom_du_mois(mois)}",
        reverse("suivi:sans_reponse"),
        "Ni signalement, ni état néant.",
    )


def _pilote(user, adhesion):
    academie = adhesion.academie
    return [
        Tuile(
            "Identités à confirmer entre bassins",
            Paire.objects.a_decider().filter(academie=academie, arbitre=Paire.Arbitre.ACADEMIE).count(),
            "paire à décider|paires à décider", adresse("dedoublonnage:identites"),
        ),
        Tuile(
            "Transferts sans réponse", transferts_sans_reponse(user).count(), "depuis plus de 7 jours",
            f"{reverse('gab:a_surveiller')}#transferts", urgent=True,
        ),
        _muets(user),
        Tuile(
            "Courriels bloqués", a_surveiller().count(), "à renvoyer ou abandonner", reverse("territoire:envois")
        ),
        Tuile(
            "Échéances légales dépassées",
            echeances_depassees(user).count(),
            "mineur non reçu à temps|mineurs non reçus à temps", f"{reverse('gab:a_surveiller')}#echeances",
        ),
        Tuile(
            "Tableau de bord", Dossier.objects.filter(bassin__academie=academie).ouverts().count(),
            "dossier ouvert|dossiers ouverts", adresse("statistiques:tableau"), toujours=True,
        ),
    ]  # fmt: skip


def _lecteur(user, adhesion):
    return [
        Tuile(
            "Tableau de bord", 0, "", adresse("statistiques:tableau"),
            "Jeunes repérés, reçus, avec solution, par bassin et par mois.", toujours=True,
        )
    ]  # fmt: skip


def _technique(user, adhesion):
    return [
        Tuile(
            "Courriels bloqués", a_surveiller().count(), "à renvoyer ou abandonner",
            reverse("territoire:envois"), toujours=True,
        )
    ]  # fmt: skip


#: Roles whose home page counts what was left without anybody.
ORGANISENT = {Role.REFERENT_STRUCTURE, Role.OPERATEUR, Role.COORDINATEUR_GAB, Role.RECTORAT_PILOTE}

PAR_ROLE = {
    Role.SIGNALEUR: _declarant,
    Role.REFERENT_STRUCTURE: _declarant,
    Role.OPERATEUR: _operateur,
    Role.COORDINATEUR_GAB: _gab,
    Role.MEMBRE_GAB: _gab,
    Role.RECTORAT_PILOTE: _pilote,
    Role.RECTORAT_LECTURE: _lecteur,
    Role.PARTENAIRE: _lecteur,
    Role.ADMIN_TECHNIQUE: _technique,
}

MOIS = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
]


def nom_du_mois(jour):
    """“octobre 2026”, for a day of that month."""
    return f"{MOIS[jour.month - 1]} {jour.year}"
