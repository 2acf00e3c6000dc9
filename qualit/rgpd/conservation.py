"""How long things are kept: what is due, what the purge does, and the proof that it prints.

A jeune is *active* while a dossier is open and for 24 months after the last one closed, *archived* for 12 more, then
anonymised (settings). The slips of 2009-2010 are exempt, as archives of the experiment (decisions.md 20); so is a
person whose processing is limited (RGPD, article 18: the data must then be kept).
"""

from dataclasses import dataclass
from datetime import datetime, time

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from dedoublonnage.models import Jeune
from dedoublonnage.services import detacher
from gab.models import ETATS_OUVERTS, Dossier
from qualit.journal.models import Action, Trace
from qualit.journal.services import noter
from qualit.notifications.models import Avis, Courriel
from qualit.territoire.models import DemandeAcces, Invitation
from qualit.web.navigation import compter
from signalements.models import Origine, Signalement

from . import grand_livre
from .effacement import Bilan, effacer, effacer_texte_du_journal, renouveler_instantane
from .inventaire import signalements_de
from .models import Alerte, Demande


@dataclass(frozen=True)
class Duree:
    """One line of the retention table. reglage: key of `settings.QUALIT`, in months; quoi, depuis, ensuite: in French."""

    reglage: str
    quoi: str
    depuis: str
    ensuite: str

    @property
    def mois(self):
        return settings.QUALIT[self.reglage]


DUREES = (
    Duree(
        "CONSERVATION_ACTIVE_MOIS",
        "Dossier d’un jeune et tout ce qui s’y rattache",
        "la clôture du dernier dossier",
        "archivé : lu par le rectorat et, avec un motif, par le délégué à la protection des données",
    ),
    Duree(
        "CONSERVATION_ARCHIVE_MOIS",
        "Dossier archivé",
        "l’archivage",
        "anonymisé : le nom, les coordonnées, les textes et les références sont effacés, les statistiques restent",
    ),
    Duree("CONSERVATION_BROUILLONS_MOIS", "Brouillon de signalement", "la dernière modification", "supprimé"),
    Duree("CONSERVATION_JOURNAL_MOIS", "Journal des accès", "l’accès", "supprimé par mois entier"),
    Duree("CONSERVATION_INVITATIONS_MOIS", "Invitation d’un agent, acceptée ou non", "l’envoi", "supprimée"),
    Duree(
        "CONSERVATION_ACCES_MOIS", "Demande d’accès à un dossier hors territoire", "la demande", "supprimée"
    ),
    Duree("CONSERVATION_COURRIELS_MOIS", "Courriel envoyé et avis lu", "l’envoi ou la lecture", "supprimé"),
    Duree("CONSERVATION_ALERTES_MOIS", "Consultation inhabituelle traitée", "le traitement", "supprimée"),
    Duree(
        "CONSERVATION_DEMANDES_MOIS",
        "Demande d’une personne au délégué",
        "la réponse",
        "anonymisée : le type, les dates et la suite restent",
    ),
)


def _limite(reglage, au):
    return au - relativedelta(months=settings.QUALIT[reglage])


def _instant(jour):
    return timezone.make_aware(datetime.combine(jour, time()))


def _termines():
    """Jeunes kept, not erased, all of whose dossiers ended; annotated with the day the last one did (`fin`)."""
    ouverts = Dossier.objects.filter(jeune=OuterRef("pk"), etat__in=ETATS_OUVERTS)
    reprise = Signalement.objects.filter(
        rattachements__jeune=OuterRef("pk"), rattachements__defait_le__isnull=True, origine=Origine.REPRISE
    )
    return (
        Jeune.objects.vivants()
        .filter(anonymise_le__isnull=True, dossiers__isnull=False)
        .filter(~Exists(ouverts), ~Exists(reprise))
        .annotate(fin=Max("dossiers__clos_le"))
        .filter(fin__isnull=False)
    )


def archives(au=None):
    """Jeunes in the archived stage on that day."""
    au = au or timezone.localdate()
    limite = _limite("CONSERVATION_ACTIVE_MOIS", au)
    return _termines().filter(fin__lt=_instant(limite))


@transaction.atomic
def archiver(au=None):
    """Close the reading of what entered the archived stage to all but the rectorat; returns how many jeunes."""
    jeunes = list(archives(au).filter(archive_le__isnull=True).values_list("pk", flat=True))
    maintenant = timezone.now()
    Dossier.objects.filter(jeune__in=jeunes).update(archive_le=maintenant)
    return Jeune.objects.filter(pk__in=jeunes).update(archive_le=maintenant)


def a_anonymiser(au=None):
    """Jeunes whose retention is over on that day, but those under limitation."""
    au = au or timezone.localdate()
    limite = _limite("CONSERVATION_ACTIVE_MOIS", au) - relativedelta(
        months=settings.QUALIT["CONSERVATION_ARCHIVE_MOIS"]
    )
    return _termines().filter(fin__lt=_instant(limite), limite_le__isnull=True)


def perimes(au=None):
    """{name of the line: queryset} of what the purge deletes as it is."""
    au = au or timezone.localdate()

    def avant(reglage):
        return _instant(_limite(reglage, au))

    courriels = avant("CONSERVATION_COURRIELS_MOIS")
    return {
        "Brouillons": Signalement.objects.brouillons().filter(
            modifie_le__lt=avant("CONSERVATION_BROUILLONS_MOIS")
        ),
        "Invitations": Invitation.objects.filter(envoyee_le__lt=avant("CONSERVATION_INVITATIONS_MOIS")),
        "Demandes d’accès": DemandeAcces.objects.filter(cree_le__lt=avant("CONSERVATION_ACCES_MOIS")),
        "Courriels envoyés": Courriel.objects.filter(
            Q(etat__in=["envoye", "annule", "echec"]), cree_le__lt=courriels
        ),
        "Avis lus": Avis.objects.filter(lu_le__lt=courriels),
        "Consultations inhabituelles traitées": Alerte.objects.filter(
            traitee_le__lt=avant("CONSERVATION_ALERTES_MOIS")
        ),
        "Sessions finies": Session.objects.filter(expire_date__lt=timezone.now()),
    }


def demandes_a_anonymiser(au=None):
    """Requests answered long ago that still name somebody."""
    limite = _limite("CONSERVATION_DEMANDES_MOIS", au or timezone.localdate())
    return Demande.objects.filter(repondue_le__lt=limite, anonymisee_le__isnull=True)


def prevoir(au=None):
    """What a purge would do on that day: {line: number}. Changes nothing."""
    au = au or timezone.localdate()
    limite = _instant(_limite("CONSERVATION_JOURNAL_MOIS", au))
    lignes = {
        "Jeunes à anonymiser": a_anonymiser(au),
        "Jeunes archivés": archives(au),
        "Demandes à anonymiser": demandes_a_anonymiser(au),
        **perimes(au),
        "Lignes du journal": Trace.objects.filter(quand__lt=limite.replace(day=1)),
    }
    return dict(zip(lignes, compter(lignes.values()), strict=True))


def appliquer(au=None, *, base="default", par=None):
    """Run the purge. Returns ({line: number done}, `Bilan` of the rows emptied). Each jeune is a transaction of its own.

    base: alias of the connection of the owner, for the journal alone.
    """
    au = au or timezone.localdate()
    fait, bilan = {"Jeunes archivés": archiver(au)}, Bilan()
    jeunes = list(a_anonymiser(au).order_by("pk"))
    for jeune in jeunes:
        bilan.fusionner(effacer(jeune, par=par, raison="conservation", instantane=False))
    fait["Jeunes anonymisés"] = len(jeunes)
    if jeunes:
        renouveler_instantane()
    with transaction.atomic():
        fait["Demandes anonymisées"] = demandes_a_anonymiser(au).update(
            demandeur="Effacé", coordonnees="", objet="", reponse="", identite_verifiee="", motif_prolongation="",
            anonymisee_le=timezone.now(),
        )  # fmt: skip
        for nom, objets in perimes(au).items():
            cles = list(objets.values_list("pk", flat=True))
            objets.model._base_manager.filter(pk__in=cles).delete()
            fait[nom] = len(cles)
    with transaction.atomic(using=base), connections[base].cursor() as curseur:
        limite = _instant(_limite("CONSERVATION_JOURNAL_MOIS", au)).replace(day=1)
        curseur.execute("SELECT journal_preparer(3)")
        curseur.execute("SELECT journal_expirer(%s)", [limite])
        fait["Lignes du journal"] = curseur.fetchone()[0]
        traces, passages = effacer_texte_du_journal(curseur)
        fait["Textes du journal effacés"] = traces + passages
    noter(Action.ECRITURE, "purge", par=par, fait=fait)
    return fait, bilan


@transaction.atomic
def _rejouer_une(signalements):
    """Erase again the reports of one jeune that the ledger names; a report that was detached since is detached again."""
    jeune = signalements[0].rattachements.actifs().get().jeune
    effaces = {s.pk for s in signalements}
    autres = [s for s in signalements_de([jeune.pk]) if s.pk not in effaces]
    if autres:
        seuls = [detacher(s, "Effacement rejoué", par=None) for s in signalements]
    else:
        seuls = [jeune]
    bilan = Bilan()
    for un in seuls:
        bilan.fusionner(effacer(un, par=None, raison="restauration", instantane=False))
    return bilan


def rejouer(base="default"):
    """After a restore: erase again what the ledger says was erased. Returns (people erased again, `Bilan`)."""
    vivants = (
        Signalement.objects.filter(
            rattachements__defait_le__isnull=True, rattachements__jeune__anonymise_le__isnull=True
        )
        .values_list("reference", "pk", "rattachements__jeune")
        .order_by("rattachements__jeune", "pk")
    )
    par_reference = {reference: (pk, jeune) for reference, pk, jeune in vivants}
    par_jeune = {}
    for reference in grand_livre.retrouver(par_reference):
        pk, jeune = par_reference[reference]
        par_jeune.setdefault(jeune, []).append(pk)
    bilan = Bilan()
    for jeune in sorted(par_jeune):
        bilan.fusionner(
            _rejouer_une(list(Signalement.objects.filter(pk__in=par_jeune[jeune]).order_by("pk")))
        )
    if par_jeune:
        renouveler_instantane()
    with transaction.atomic(using=base), connections[base].cursor() as curseur:
        effacer_texte_du_journal(curseur)
    noter(Action.ECRITURE, "effacements_rejoues", par=None, personnes=len(par_jeune))
    return len(par_jeune), bilan
