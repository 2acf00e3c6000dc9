"""The life of an import: dropped, its columns and values said, read, confirmed, sent, undone. Work goes in short steps.

A step (`avancer`) treats some rows in one transaction and says where it stopped; the worker runs one after the other,
and without a worker the page does. Only one goes on at a time for one list; stopped anywhere, the next resumes.
"""

import functools
import logging
import operator
import time
import traceback

from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from qualit.echanges.lecture import FichierIllisible, lire
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.territoire import droits
from qualit.territoire.droits import Droit
from qualit.web.texte import nettoyer_texte
from qualit.workflow import TransitionImpossible
from signalements.listes import colonnes as reconnaissance
from signalements.listes.colonnes import CHAMPS, Colonne, normaliser
from signalements.listes.lignes import EXIGES, NOMENCLATURES, Lecteur, Ligne, signalement_de
from signalements.listes.valeurs import texte
from signalements.models import EtatSignalement, Origine, Signalement
from signalements.services import PasEnvoyable, enregistrer_brouillon

from .. import services, suites
from ..models import Fusion, Paire, Rattachement
from ..services import DIT_A_LA_SAISIE
from . import memoire
from .analyse import Analyse, Verdict
from .modeles import Import, ImportImpossible, LigneImport
from .reponses import reponse_de, sans_reponse

Etape, Statut = Import.Etape, LigneImport.Statut
PAS_LECTURE, PAS_ENVOI = 200, 10
"""Rows of one transaction: reading takes no lock, sending holds that of the identities."""
ATTENTE = 1.0  # seconds, while another process works on the same list
SORTS = (Statut.NOUVELLE, Statut.CONNUE, Statut.A_DECIDER)
VALEURS_MAXIMUM = 60
INATTENDU = "Le portail n’a pas pu traiter cette ligne. Saisissez ce signalement au formulaire, ou signalez-le à l’assistance."
journal = logging.getLogger(__name__)


# --- Reading -----------------------------------------------------------------------------------------------


def deposer(structure, nom, contenu, *, par):
    """Open a file and find its columns. Returns an `Import`; raises FichierIllisible, and then nothing is stored."""
    nom = nettoyer_texte(nom.replace("\\", "/").rsplit("/", 1)[-1])[:120] or "liste"
    tableau = lire(contenu, nom)
    titres, _, _ = memoire.lire(structure)
    entete = reconnaissance.reconnaitre(tableau, titres)
    if entete is None:
        raise FichierIllisible(
            "Aucune ligne de titres n’est reconnue : la liste doit avoir des colonnes telles que « Nom », « Prénom », "
            "« Date de naissance »."
        )
    total = len(tableau.feuilles[entete.feuille].lignes) - entete.debut
    if total < 1:
        raise FichierIllisible("Ce fichier n’a aucune ligne sous ses titres.")
    with transaction.atomic():
        lot = Import.objects.create(
            structure=structure,
            auteur=par,
            nom_fichier=nom,
            contenu=contenu,
            feuille=entete.feuille,
            debut=entete.debut,
            colonnes=[vars(c) for c in entete.colonnes],
            total=total,
        )
        noter(Action.ECRITURE, "import_depose", lot, par=par, lignes=total)
    return lot


def colonnes(lot):
    """The `Colonne`s of an import."""
    return [Colonne(**c) for c in lot.colonnes]


def lignes_du_fichier(lot):
    """[(number, cells)] of the data rows, read again from the file."""
    return lire(bytes(lot.contenu), lot.nom_fichier).feuilles[lot.feuille].lignes[lot.debut :]


def choisir_colonnes(lot, champs, defauts, *, par):
    """Say which column is what: {rank: field or ''}, and the values for the whole list. Remembered for the structure.

    Raises ImportImpossible when a demanded field has neither.
    """
    siennes = colonnes(lot)
    pris = set()
    for colonne in siennes:
        champ = champs.get(colonne.rang, "")
        champ = champ if champ in CHAMPS else ""
        if champ and champ in pris and champ not in reconnaissance.MULTIPLES:
            raise ImportImpossible(f"Deux colonnes sont « {CHAMPS[champ].libelle} » : n’en gardez qu’une.")
        pris.add(champ)
        if champ != colonne.champ:
            colonne.origine = "memoire"
        colonne.champ = champ
    defauts = {c: v for c, v in defauts.items() if v}
    manques = manquants(siennes, defauts)
    if manques:
        raise ImportImpossible(f"Dites quelle colonne donne : {', '.join(manques)}.")
    with transaction.atomic():
        memoire.retenir(
            lot.structure,
            memoire.TITRES,
            {c.cle: c.champ for c in siennes if c.origine == "memoire"},
        )
        _mettre(lot, {Etape.COLONNES, Etape.VALEURS, Etape.PRET}, Etape.VALEURS,
                colonnes=[vars(c) for c in siennes], defauts=defauts)  # fmt: skip
        noter(Action.ECRITURE, "import_colonnes", lot, par=par)


def manquants(siennes, defauts):
    """Labels of the demanded fields that no column nor value for the whole list gives."""
    presents = {c.champ for c in siennes} | {c for c, v in defauts.items() if v}
    if "nom_prenom" in presents:
        presents |= {"nom_naissance", "prenom"}
    if "nom_usage" in presents:
        presents.add("nom_naissance")
    return [CHAMPS[c].libelle for c in EXIGES if c not in presents]


def valeurs_a_dire(lot):
    """What the file says that is not understood, and the classes whose formation the structure never said.

    Returns ({field: [(text, number of rows, likely code, [(code, label)])]}, [(class, number of rows, formation)]).
    """
    lecteur = lecteur_de(lot)
    inconnues, classes = {c: {} for c in NOMENCLATURES}, {}
    avec_formation = any(c.champ == "formation" for c in lecteur.colonnes)
    for _, cellules in lignes_du_fichier(lot):
        for colonne in lecteur.colonnes:
            if colonne.rang >= len(cellules) or cellules[colonne.rang] is None:
                continue
            if colonne.champ in NOMENCLATURES:
                ecrit = texte(cellules[colonne.rang])
                if lecteur.listes[colonne.champ].code(ecrit) is None:
                    inconnues[colonne.champ][ecrit] = inconnues[colonne.champ].get(ecrit, 0) + 1
            elif colonne.champ == "classe" and not avec_formation:
                ecrit = texte(cellules[colonne.rang])
                if normaliser(ecrit) in lecteur.formations:
                    continue
                classes[ecrit] = classes.get(ecrit, 0) + 1
    dire = {}
    for champ, textes in inconnues.items():
        liste = lecteur.listes[champ]
        if textes:
            plus = sorted(textes.items(), key=lambda t: (-t[1], t[0]))[:VALEURS_MAXIMUM]
            dire[champ] = [(ecrit, n, liste.proposition(ecrit), liste.termes) for ecrit, n in plus]
    plus = sorted(classes.items(), key=lambda t: (-t[1], t[0]))[:VALEURS_MAXIMUM]
    return dire, [(ecrit, n, "") for ecrit, n in plus]


def choisir_valeurs(lot, valeurs, formations, *, par):
    """Say what values mean ({field: {text: code}}) and which formation each class follows; then the reading may start."""
    with transaction.atomic():
        for champ, associations in valeurs.items():
            memoire.retenir(
                lot.structure, champ, {normaliser(t): code for t, code in associations.items() if code}
            )
        memoire.retenir(lot.structure, memoire.FORMATIONS, {normaliser(c): f for c, f in formations.items()})
        demarrer_lecture(lot, par=par)


def demarrer_lecture(lot, *, par):
    """Read the rows (again): nothing is sent."""
    _, correspondances, formations = memoire.lire(lot.structure)
    with transaction.atomic():
        lot.lignes.all().delete()
        _mettre(lot, {Etape.COLONNES, Etape.VALEURS, Etape.PRET}, Etape.LECTURE, faites=0,
                correspondances=correspondances, formations=formations)  # fmt: skip
        noter(Action.ECRITURE, "import_lecture", lot, par=par)


def lecteur_de(lot):
    """The reader of the rows of an import, with what its structure said."""
    correspondances, formations = lot.correspondances, lot.formations
    if lot.etape in (Etape.COLONNES, Etape.VALEURS):
        _, correspondances, formations = memoire.lire(lot.structure)
    return Lecteur(
        colonnes(lot),
        lot.structure,
        defauts=lot.defauts,
        correspondances=correspondances,
        formations=formations,
    )


# --- Working step by step ----------------------------------------------------------------------------------


def avancer(lot, *, pas=None, memo=None):
    """Treat some rows of the current step in one transaction. Returns True when there is more to do.

    pas: rows at most. memo: a dict that the caller keeps between steps, so that the file is opened once. When somebody
    else works on the same list, returns True at once, with memo["occupe"].
    """
    memo = {} if memo is None else memo
    with transaction.atomic():
        with connection.cursor() as curseur:
            curseur.execute(
                "SELECT pg_try_advisory_xact_lock(hashtext('qualit.import'), %s)", [lot.pk % 2**31]
            )
            if not curseur.fetchone()[0]:
                memo["occupe"] = True
                return True
        lot.refresh_from_db(fields=["etape", "faites", "total", "correspondances", "formations"])
        if lot.etape == Etape.LECTURE:
            return _lire_un_peu(lot, pas or PAS_LECTURE, memo)
        if lot.etape == Etape.ENVOI:
            return _envoyer_un_peu(lot, pas or PAS_ENVOI, memo)
        if lot.etape == Etape.ANNULATION:
            return _annuler_un_peu(lot, pas or PAS_ENVOI)
        return False


def mener_a_bien(lot):
    """Run the current step to its end (worker and command)."""
    memo = {}
    while avancer(lot, memo=memo):
        if memo.pop("occupe", False):
            time.sleep(ATTENTE)


def _lire_un_peu(lot, pas, memo):
    if memo.get("faites") != lot.faites:  # first step here, or another process went on meanwhile
        memo["lignes"] = lignes_du_fichier(lot)
        memo["analyse"] = Analyse(lecteur_de(lot), user=lot.auteur)
        for ligne in lot.lignes.all().iterator(2_000):
            memo["analyse"].reprendre(ligne)
    a_lire = memo["lignes"][lot.faites : lot.faites + pas]
    LigneImport.objects.bulk_create(
        [
            _ligne(lot, _examiner(lot, memo["analyse"], numero, cellules), cellules)
            for numero, cellules in a_lire
        ]
    )
    lot.faites += len(a_lire)
    finie = lot.faites >= lot.total
    if finie:
        _mettre(lot, {Etape.LECTURE}, Etape.PRET, bilan=comptes(lot))
    else:
        _mettre(lot, {Etape.LECTURE}, Etape.LECTURE)
    memo["faites"] = lot.faites
    return not finie


def _examiner(lot, analyse, numero, cellules):
    """The verdict on a row; one that cannot be examined is refused, and does not stop the others."""
    try:
        return analyse.examiner(numero, cellules)
    except (DatabaseError, InterfaceError, OSError):
        raise
    except Exception as erreur:
        _signaler_inattendu(lot, numero, erreur)
        return Verdict(Ligne(numero, raisons=[INATTENDU]), Statut.REFUSEE)


def _signaler_inattendu(lot, numero, erreur):
    """Log where it failed, never the message of the error: it may hold what the row says."""
    place = traceback.extract_tb(erreur.__traceback__)[-1]
    journal.error(
        "import %s, ligne %s : %s (%s:%s)", lot.reference, numero, type(erreur).__name__, place.name, place.lineno
    )  # fmt: skip


def revenir_aux_colonnes(lot):
    """Leave a reading whose file can no longer be opened: the user may say the columns again, or abandon."""
    with transaction.atomic():
        lot.lignes.all().delete()
        _mettre(lot, {Etape.VALEURS, Etape.LECTURE, Etape.PRET}, Etape.COLONNES, faites=0)


def _ligne(lot, verdict, cellules):
    ligne = verdict.ligne
    refusee = verdict.statut == Statut.REFUSEE
    return LigneImport(
        lot=lot,
        numero=ligne.numero,
        cellules=cellules,
        donnees=ligne.donnees,
        contacts=ligne.contacts,
        responsables=ligne.responsables,
        raisons=ligne.raisons,
        remarques=ligne.remarques,
        statut=verdict.statut,
        empreinte="" if refusee else ligne.empreinte,
        candidat_id=verdict.candidat,
        candidats=verdict.candidats,
        jumelle=verdict.jumelle,
        probabilite=verdict.probabilite,
        reponse=verdict.reponse,
    )


def _mettre(lot, de, vers, **champs):
    """Move an import to a step, from one of those; raises ImportImpossible when it is elsewhere by now."""
    champs |= {"etape": vers, "faites": champs.get("faites", lot.faites), "avance_le": timezone.now()}
    if not Import.objects.filter(pk=lot.pk, etape__in=de).update(**champs):
        raise ImportImpossible("Cet import n’en est plus là : rechargez la page.")
    for champ, valeur in champs.items():
        setattr(lot, champ, valeur)


def comptes(lot):
    """{status: number of rows}, each status named, and `importees`."""
    lus = dict(lot.lignes.order_by().values_list("statut").annotate(n=Count("pk")))
    return {str(s): lus.get(s, 0) for s in Statut} | {
        "importees": lot.lignes.filter(signalement__isnull=False).count()
    }


# --- Confirmation ------------------------------------------------------------------------------------------


def a_envoyer(lot):
    """Rows that the confirmation sends."""
    hors = Q(reponse=LigneImport.Reponse.NE_PAS_ENVOYER) | Q(
        reponse=LigneImport.Reponse.MEME, jumelle__isnull=False
    )
    return lot.lignes.filter(statut__in=SORTS, traitee=False).exclude(hors)


def a_promouvoir(lot):
    """[(row, row not sent)]: rows said to be the same jeune as another that is not sent go in its place, one for each jeune.

    Until the sending, a row is not sent when the user put it aside; afterwards, also when it was refused.
    """
    memes = lot.lignes.filter(traitee=False, reponse=LigneImport.Reponse.MEME, jumelle__isnull=False)
    memes = list(memes.order_by("numero"))
    if not memes:
        return []
    toutes = {ligne.numero: ligne for ligne in lot.lignes.defer("cellules", "contacts", "responsables")}
    promues = {}
    for ligne in memes:
        premiere = ligne
        while premiere.signalement_id is None and premiere.jumelle and premiere.reponse == ligne.reponse:
            premiere = toutes[premiere.jumelle]
        ecartee = premiere.reponse == LigneImport.Reponse.NE_PAS_ENVOYER
        if premiere.signalement_id is None and (ecartee or premiere.statut == Statut.REFUSEE):
            promues.setdefault(premiere.numero, (ligne, premiere))
    return list(promues.values())


def non_parties(lot, numeros):
    """The numbers, among these, of the rows that are not sent: put aside, or refused."""
    pas = Q(reponse=LigneImport.Reponse.NE_PAS_ENVOYER) & ~Q(statut=Statut.DEJA_ENVOYEE)
    return set(
        lot.lignes.filter(pas | Q(statut=Statut.REFUSEE), numero__in=[n for n in numeros if n])
        .filter(signalement__isnull=True)
        .values_list("numero", flat=True)
    )


def _promouvoir(lot):
    """Make the rows of `a_promouvoir` rows to send. Returns how many."""
    promues = a_promouvoir(lot)
    for ligne, premiere in promues:
        ligne.statut, ligne.reponse, ligne.jumelle = Statut.NOUVELLE, "", None
        ligne.remarques = [
            *ligne.remarques, f"Envoyée à la place de la ligne {premiere.numero}, qui ne l’est pas."
        ]  # fmt: skip
        ligne.save(update_fields=["statut", "reponse", "jumelle", "remarques"])
        memes = lot.lignes.filter(jumelle=premiere.numero, traitee=False, reponse=LigneImport.Reponse.MEME)
        memes.update(jumelle=ligne.numero)
    return len(promues)


def confirmer(lot, *, par):
    """Accept the list: its rows are then sent one by one. Raises ImportImpossible when an answer is missing."""
    droits.exiger(par, Droit.IMPORTER, lot)
    if manquent := sans_reponse(lot).count():
        raise ImportImpossible(f"Répondez d’abord aux lignes à décider : il en reste {manquent}.")
    with transaction.atomic():
        total = a_envoyer(lot).count() + len(a_promouvoir(lot))
        _mettre(lot, {Etape.PRET}, Etape.ENVOI, faites=0, total=total, confirme_le=timezone.now(),
                confirme_par=par, contenu=None)  # fmt: skip
        noter(Action.ECRITURE, "import_confirme", lot, par=par, lignes=total)


def _envoyer_un_peu(lot, pas, memo):
    faites = 0
    while faites < pas:
        lignes = list(a_envoyer(lot).order_by("numero")[: pas - faites])
        if not lignes and not _promouvoir(lot):
            _mettre(lot, {Etape.ENVOI}, Etape.TERMINE, termine_le=timezone.now(), bilan=comptes(lot))
            noter(Action.ECRITURE, "import_termine", lot, par=lot.confirme_par, lignes=lot.bilan["importees"])
            return False
        for ligne in lignes:
            envoyer_ligne(lot, ligne, par=lot.confirme_par)
        faites += len(lignes)
        lot.faites += len(lignes)
    _mettre(lot, {Etape.ENVOI}, Etape.ENVOI, total=max(lot.total, lot.faites))
    return True


def envoyer_ligne(lot, ligne, *, par):
    """Make a report of a row and send it like any other. A row that can no longer be sent says why."""
    ligne.traitee = True
    try:
        with transaction.atomic():
            signalement = signalement_de(ligne.donnees, lot.structure)
            signalement.origine, signalement.import_lot = Origine.IMPORT, lot.pk
            signalement.empreinte_ligne = ligne.empreinte
            signalement.declarant_nom = par.get_full_name()
            signalement.declarant_fonction = par.fonction
            enregistrer_brouillon(
                signalement,
                contacts=[tuple(c) for c in ligne.contacts],
                responsables=ligne.responsables,
                par=par,
                noter_ecriture=False,
            )
            services.envoyer(signalement, reponse=reponse_de(lot, ligne), par=par)
        ligne.signalement = signalement
    except PasEnvoyable as refus:
        ligne.statut, ligne.raisons = Statut.REFUSEE, [str(refus)]
    except IntegrityError as erreur:
        ligne.statut = Statut.DEJA_ENVOYEE
        ligne.candidat = (
            Signalement.objects.filter(structure=lot.structure, empreinte_ligne=ligne.empreinte)
            .exclude(etat=EtatSignalement.ANNULE)
            .first()
        )
        if ligne.candidat is None:
            _signaler_inattendu(lot, ligne.numero, erreur)
            ligne.statut, ligne.raisons = Statut.REFUSEE, [INATTENDU]
    except (OperationalError, InterfaceError, OSError):  # not the row: the step is taken again
        raise
    except Exception as erreur:
        _signaler_inattendu(lot, ligne.numero, erreur)
        ligne.statut, ligne.raisons = Statut.REFUSEE, [INATTENDU]
    ligne.save(update_fields=["traitee", "signalement", "statut", "raisons", "candidat"])


# --- Undo --------------------------------------------------------------------------------------------------


def signalements_de(lot):
    """The reports of an import."""
    return Signalement.objects.filter(import_lot=lot.pk, structure=lot.structure)


def batis_dessus(lot):
    """Reports of the import on which somebody has worked, or whose identity somebody decided: they forbid the undo."""
    siens = signalements_de(lot).exclude(etat=EtatSignalement.ANNULE)
    pris = siens.exclude(
        etat=EtatSignalement.ENVOYE, trie_le__isnull=True, questions__isnull=True, versions__isnull=True
    )
    jeunes = Rattachement.objects.actifs().filter(signalement__in=siens)
    decides = Paire.objects.exclude(motif_decision=DIT_A_LA_SAISIE).filter(decidee_par__isnull=False)
    fusions = Fusion.objects.filter(annulee_le__isnull=True)
    identites = jeunes.filter(
        Q(mode=Rattachement.Mode.ARBITRE)
        | Q(jeune__in=decides.values("a"))
        | Q(jeune__in=decides.values("b"))
        | Q(jeune__in=fusions.values("garde"))
    )
    ids = [pris.values("pk"), identites.values("signalement")]
    ids += [travail(siens).values("pk") for travail in suites.TRAVAUX]
    return siens.filter(functools.reduce(operator.or_, (Q(pk__in=i) for i in ids)))


def annuler(lot, *, par):
    """Undo a whole import: each of its reports is withdrawn. Raises ImportImpossible when something was built on it."""
    droits.exiger(par, Droit.RETIRER, lot)
    with transaction.atomic():
        if n := batis_dessus(lot).count():
            raise ImportImpossible(
                f"Cet import ne peut plus être annulé d’un coup : {n} de ses signalements ont déjà été examinés ou corrigés. "
                "Retirez un par un ceux qui sont faux."
            )
        total = signalements_de(lot).exclude(etat=EtatSignalement.ANNULE).count()
        _mettre(lot, {Etape.TERMINE}, Etape.ANNULATION, faites=0, total=total, annule_par=par)
        noter(Action.ECRITURE, "import_annule", lot, par=par, lignes=total)


def _annuler_un_peu(lot, pas):
    restent = (
        signalements_de(lot)
        .filter(etat=EtatSignalement.ENVOYE, trie_le__isnull=True)
        .select_related("structure", "bassin")
        .order_by("pk")[:pas]
    )
    restent = list(restent)
    for signalement in restent:
        try:
            services.retirer(signalement, "saisi_par_erreur", "Import annulé.", par=lot.annule_par)
        except TransitionImpossible:  # somebody took it up at this very moment
            continue
    lot.faites += len(restent)
    if len(restent) < pas:
        gardes = signalements_de(lot).exclude(etat=EtatSignalement.ANNULE).count()
        _mettre(lot, {Etape.ANNULATION}, Etape.ANNULE, annule_le=timezone.now(),
                bilan=lot.bilan | {"gardes": gardes})  # fmt: skip
        return False
    _mettre(lot, {Etape.ANNULATION}, Etape.ANNULATION)
    return True


@transaction.atomic
def abandonner(lot, *, par):
    """Forget an import that was not confirmed: file and rows go."""
    if not Import.objects.filter(
        pk=lot.pk, etape__in=[Etape.COLONNES, Etape.VALEURS, Etape.LECTURE, Etape.PRET]
    ).exists():
        raise ImportImpossible("Cet import est confirmé : il ne peut plus être abandonné.")
    noter(Action.ECRITURE, "import_abandonne", lot, par=par)
    lot.delete()
