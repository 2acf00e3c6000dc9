"""Erase a person: one function for the request of the person and for the end of the retention.

The rows stay, without anybody in them, because the statistics count them (decisions.md 16): names, contacts, free
text and references go, codes and dates stay, the birth date is blurred. The ledger (`grand_livre`) is written before
the database commits.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dedoublonnage.models import Import, Instantane, Jeune, LigneImport
from dedoublonnage.services import rafraichir_instantane, verrouiller_identites
from gab import services as gab
from gab.models import Dossier, Seance
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications.models import Avis, Courriel

from . import grand_livre
from .inventaire import (
    NEUVE,
    TABLES,
    brouillons_de,
    courriels_de,
    demandes_d_acces_de,
    ids_de,
    lignes_d_import_de,
    signalements_de,
    valeur_neuve,
)


class EffacementImpossible(Exception):
    """The message, in French, says why."""


@dataclass
class Bilan:
    """What an erasure changed: {table: rows}, for the proof. Holds no name."""

    lignes: dict = field(default_factory=dict)

    def ajouter(self, nom, nombre):
        if nombre:
            self.lignes[nom] = self.lignes.get(nom, 0) + nombre

    def fusionner(self, autre):
        for nom, nombre in autre.lignes.items():
            self.ajouter(nom, nombre)


def naissance_floue(signalement):
    """A birth date that gives the same age at the exit and the same minority at the report, and says no more.

    Two dates are tried: the youngest and the oldest person of that age on the day of the exit.
    """
    vraie = signalement.date_naissance
    if vraie is None:
        return None
    envoi = timezone.localdate(signalement.envoye_le) if signalement.envoye_le else None
    sortie = signalement.date_sortie or envoi
    if sortie is None:
        return vraie.replace(month=1, day=1)
    age = relativedelta(sortie, vraie).years
    jeune = sortie - relativedelta(years=age)
    ancien = sortie - relativedelta(years=age + 1) + timedelta(days=1)
    for candidate in (jeune, ancien):
        memes = [relativedelta(sortie, candidate).years == age]
        if envoi:
            memes.append(
                (relativedelta(envoi, candidate).years < 18) == (relativedelta(envoi, vraie).years < 18)
            )
        if all(memes):
            return candidate
    return jeune


def _commune_gardee(commune):
    """A small commune would point at somebody: only the larger ones stay in the statistics."""
    minimum = settings.QUALIT["ANONYMISATION_COMMUNE_HABITANTS"]
    return commune if commune is not None and (commune.population or 0) >= minimum else None


@transaction.atomic
def effacer(jeune, *, par, raison, instantane=True):
    """Erase everything that names a person. Returns the `Bilan`.

    jeune: the one kept (those merged into it go with it); raison: "demande" or "conservation"; instantane: renew the
    frequencies of names now (the purge does it once at the end). The free text of the journal is erased by
    `effacer_texte_du_journal`, that only the owner of the database may run. Raises EffacementImpossible,
    GrandLivreIllisible.
    """
    verrouiller_identites()
    jeune = Jeune.objects.select_for_update(of=("self",)).get(pk=jeune.pk)
    if jeune.fusionne_dans_id:
        raise EffacementImpossible("Cette fiche a été réunie à une autre : effacez celle qui est gardée.")
    if jeune.anonymise_le:
        raise EffacementImpossible("Cette personne est déjà effacée.")
    ids = ids_de(jeune)
    bilan = Bilan()
    for dossier in Dossier.objects.filter(jeune__in=ids):
        if dossier.est_ouvert:
            gab.avancer(
                dossier, "clore", par=par, systeme=True, clos_le=timezone.now(), motif_cloture="autre"
            )
            gab.arreter_les_suites(dossier, par=par)
    references = _references(ids)
    lots = {ligne.lot_id for ligne in lignes_d_import_de(ids)}
    lots |= set(
        LigneImport.objects.filter(signalement__in=signalements_de(ids)).values_list("lot", flat=True)
    )
    grand_livre.inscrire(references["toutes"], raison=raison)
    for nom, lignes in {
        "notifications.Courriel": courriels_de(ids),
        "signalements.Signalement (brouillons)": brouillons_de(ids),
        "dedoublonnage.LigneImport (par le nom)": lignes_d_import_de(ids),
        "territoire.DemandeAcces": demandes_d_acces_de(ids),
    }.items():
        cles = [ligne.pk for ligne in lignes]
        if cles:
            type(lignes[0])._base_manager.filter(pk__in=cles).delete()
            bilan.ajouter(nom, len(cles))
    # the file itself: it holds the whole class; once its rows are read it serves no more
    bilan.ajouter(
        "dedoublonnage.Import (fichier)",
        Import.objects.filter(pk__in=lots, contenu__isnull=False).update(contenu=None),
    )
    _effacer_avis(references["toutes"], bilan)
    _caviarder_seances(references["dossiers"], bilan)
    for table in TABLES:  # first what only a link to the others leads to
        if table.supprime:
            bilan.ajouter(table.modele, table.lignes(ids).delete()[0])
    for table in TABLES:
        if table.efface:
            bilan.ajouter(table.modele, _vider(table, ids))
    Jeune.objects.filter(pk__in=ids).update(anonymise_le=timezone.now())
    if instantane:
        renouveler_instantane()
    noter(
        Action.ECRITURE,
        "effacement",
        list(Jeune.objects.filter(pk__in=ids)),
        par=par,
        jeunes=ids,
        raison=raison,
        lignes=sum(bilan.lignes.values()),
    )
    return bilan


def _references(ids):
    """The references that the rows of a person bear before they are renewed."""
    toutes, dossiers = set(), set()
    for table in TABLES:
        if table.efface.get("reference") == NEUVE:
            siennes = set(table.lignes(ids).values_list("reference", flat=True))
            toutes |= siennes
            if table.modele == "gab.Dossier":
                dossiers = siennes
    return {"toutes": toutes, "dossiers": dossiers}


def _vider(table, ids):
    lignes = list(table.lignes(ids))
    signalements = table.modele == "signalements.Signalement"
    champs = list(table.efface)
    for ligne in lignes:
        for champ, valeur in table.efface.items():
            setattr(ligne, champ, valeur_neuve(valeur))
        if signalements:
            ligne.date_naissance = naissance_floue(ligne)
            ligne.commune = _commune_gardee(ligne.commune)
    if signalements:
        champs += ["date_naissance", "commune"]
    table.classe._base_manager.bulk_update(lignes, champs, batch_size=200)
    return len(lignes)


def _effacer_avis(references, bilan):
    """Notices and their e-mails name nobody, but their links bear the references."""
    avis = Avis.objects.filter(reference__in=references)
    courriels = Courriel.objects.filter(pk__in=avis.exclude(courriel=None).values("courriel"))
    boites = [c.pk for r in references for c in Courriel.objects.filter(texte__contains=r).only("pk")]
    bilan.ajouter("notifications.Courriel", courriels.delete()[0])
    bilan.ajouter("notifications.Courriel", Courriel.objects.filter(pk__in=boites).delete()[0])
    bilan.ajouter("notifications.Avis", avis.delete()[0])


def _caviarder_seances(dossiers, bilan):
    """Signed minutes keep their decisions; the lines about the person lose the name, the birth date and the text."""
    seances = Seance.objects.filter(
        lignes__dossier__reference__in=dossiers, compte_rendu__isnull=False
    ).distinct()
    for seance in seances:
        for ligne in seance.compte_rendu.get("lignes", []):
            if ligne.get("reference") in dossiers:
                ligne.update(nom="Effacé", naissance="", message="", effet="", reference="")
        Seance.objects.filter(pk=seance.pk).update(compte_rendu=seance.compte_rendu)
        bilan.ajouter("gab.Seance (lignes du compte rendu)", 1)


def renouveler_instantane():
    """Frequencies of names without the erased; the former snapshots, which count them, go."""
    dernier = rafraichir_instantane()
    Instantane.objects.exclude(pk=dernier.pk).delete()


def effacer_texte_du_journal(curseur):
    """Blank the free text of the journal about erased people: (traces, changes of state). Owner of the database only.

    Who did what, when and about which number stays: the journal cannot be used to hide an access.
    """
    curseur.execute("SELECT traces, passages FROM journal_effacer_texte()")
    return curseur.fetchone()
