"""Decide whom a report is about: sending with its identity check, attaching, detaching, look-alike pairs."""

from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from qualit import workflow
from qualit.journal.models import Action
from qualit.journal.services import noter
from qualit.notifications import services as notifications
from signalements import corrections
from signalements.controles import numero_normalise
from signalements.models import Contact, EtatSignalement, Origine, Question, Signalement
from signalements.services import demander_retrait, exiger_envoyable, repondre

from . import blocage, recherche, suites
from .decision import examiner
from .models import Empreinte, Instantane, Jeune, Paire, Rattachement
from .normalisation import Identite, Preparee, preparer
from .score import Contexte, Modele

#: Two reports of one jeune by one structure tell the same exit when their dates are this close.
MEME_SORTIE = timedelta(days=31)
#: Motive of a pair said different by the person who typed: no arbiter decided it.
DIT_A_LA_SAISIE = "Dit à la saisie"


@dataclass(frozen=True)
class Reponse:
    """What the person who types answered to the identity check.

    meme: the Jeune that it is, or None; differents: ids of jeunes said to be somebody else;
    incertains: ids of jeunes left to the arbiter ("je ne sais pas").
    """

    meme: Jeune | None = None
    differents: frozenset = frozenset()
    incertains: frozenset = frozenset()


def identite_de(signalement, contacts=None):
    """The `Identite` typed in a report (contacts of the jeune and of the family included).

    contacts: unsaved `Contact`s of a form being filled in, instead of those stored.
    """
    if contacts is None:
        contacts = list(signalement.contacts.all()) if signalement.pk else []
    return Identite(
        nom_naissance=signalement.nom_naissance,
        nom_usage=signalement.nom_usage,
        prenom=signalement.prenom,
        autres_prenoms=signalement.autres_prenoms,
        date_naissance=signalement.date_naissance,
        sexe=signalement.sexe,
        commune_naissance=signalement.commune_naissance,
        commune_naissance_insee=signalement.commune_naissance_insee,
        ine=signalement.ine,
        telephones=tuple(c.normalisee for c in contacts if c.type == Contact.Type.TELEPHONE),
        courriels=tuple(c.normalisee for c in contacts if c.type == Contact.Type.COURRIEL),
        adresse=signalement.adresse,
        code_postal=signalement.code_postal,
        commune=signalement.ville,
        structure_uai=signalement.structure.uai,
    )


def contacts_de(contacts):
    """Unsaved `Contact`s of the (type, value, owner) of a row."""
    return [
        Contact(
            type=type_,
            valeur=valeur,
            normalisee=numero_normalise(valeur) if type_ == Contact.Type.TELEPHONE else valeur.lower(),
            proprietaire=qui,
        )
        for type_, valeur, qui in contacts
    ]


def contexte():
    """Name frequencies and size of the base, from the latest snapshot (an empty one at the start)."""
    dernier = Instantane.objects.order_by("-cree_le").first()
    return Contexte.depuis_json(dernier.contenu) if dernier else Contexte()


def rafraichir_instantane():
    """Take a new snapshot of the base (command and nightly task)."""
    with connection.cursor() as curseur:
        return Instantane.objects.create(contenu=recherche.instantane(curseur).vers_json())


def candidats(identite):
    """Who may already be known, in the whole base: the zone and [(jeune id, `Evaluation`)], best first.

    Includes those outside the user's scope: never show it, nor anything that depends on it.
    """
    preparee = preparer(identite)
    with connection.cursor() as curseur:
        recherche.regler_session(curseur)
        trouves = recherche.candidats(preparee, curseur=curseur)
    decision, expliques = examiner(preparee, trouves, modele=Modele.charger(), contexte=contexte())
    return decision.zone, expliques


def en_clair(contributions):
    """The reasons of an evaluation as they are stored: [{code, libelle, valeur}]."""
    return [{"code": c.code, "libelle": c.libelle, "valeur": round(c.valeur, 2)} for c in contributions]


#: Reports of the user's scope that are compared at most; those who type are in one structure.
PLAFOND_VISIBLES = 300


def candidats_visibles(identite, user, *, sauf=None):
    """Candidates of the user's own scope, found and scored with the reports of that scope only.

    The retrieval starts from the visible rows, so that rows outside the scope neither show nor take the place of a
    visible one. Returns a list of (Jeune, [Signalement], Evaluation), best first, above the threshold of the zone
    "à vérifier".
    """
    preparee = preparer(identite)
    visibles = Signalement.objects.visibles_par(user).envoyes()
    if sauf is not None:
        visibles = visibles.exclude(pk=sauf)
    proches = (
        Empreinte.objects.filter(signalement__in=visibles, cles__overlap=blocage.cles_demandees(preparee))
        .order_by("-signalement")
        .values_list("jeune", flat=True)[:PLAFOND_VISIBLES]
    )
    empreintes = (
        Empreinte.objects.filter(jeune__in=list(proches), signalement__in=visibles)
        .select_related("jeune", "signalement__structure")
        .prefetch_related("signalement__contacts")
        .order_by("-signalement__envoye_le", "-signalement")
    )
    par_jeune = {}
    for empreinte in empreintes:
        par_jeune.setdefault(empreinte.jeune, []).append(empreinte)
    identites = [
        (jeune.pk, [Preparee.depuis_json(e.preparee) for e in siennes])
        for jeune, siennes in par_jeune.items()
    ]
    _, expliques = examiner(preparee, identites, modele=Modele.charger(), contexte=contexte())
    jeunes = {jeune.pk: jeune for jeune in par_jeune}
    return [
        (jeunes[pk], [e.signalement for e in par_jeune[jeunes[pk]]], evaluation)
        for pk, evaluation in expliques
    ]


def deja_signale(signalement, contacts, *, par):
    """The report of this very exit that the structure has sent already, or None: the same jeune for sure, about the same day.

    signalement: unsaved; contacts: (type, value, owner). Looks at the reports of its own structure only.
    """
    for _, signalements, evaluation in candidats_visibles(
        identite_de(signalement, contacts_de(contacts)), par
    ):
        if evaluation.zone != "automatique":
            break
        for connu in signalements:
            meme_structure = connu.structure_id == signalement.structure_id
            if (
                meme_structure
                and connu.etat != EtatSignalement.ANNULE
                and meme_sortie(connu.date_sortie, signalement.date_sortie)
            ):
                return connu
    return None


def meme_sortie(un, autre):
    """Are two days of exit those of one exit? Never when one is not known."""
    return bool(un and autre) and abs(un - autre) <= MEME_SORTIE


@transaction.atomic
def envoyer(signalement, *, reponse=None, par, envoye_le=None):
    """Send a report: state, identity, dossier and notices in one transaction. Returns the active `Rattachement`.

    The work done is the same whether or not a jeune is known outside the user's scope. Raises
    TransitionImpossible when the report was sent meanwhile, PasEnvoyable when the eligibility check forbids it.
    """
    reponse = reponse or Reponse()
    if signalement.origine != Origine.REPRISE:
        exiger_envoyable(signalement, timezone.localdate(envoye_le) if envoye_le else None)
    maintenant = envoye_le or timezone.now()
    workflow.franchir(signalement, "envoyer", par=par, survenu_le=maintenant, envoye_le=maintenant)
    return rapprocher(signalement, reponse=reponse, par=par)


@transaction.atomic
def rapprocher(signalement, *, reponse=None, par):
    """Attach a sent report to a known jeune or a new one, and ask the arbiter about the doubtful pairs."""
    reponse = reponse or Reponse()
    verrouiller_identites()
    identite = identite_de(signalement)
    zone, trouves = candidats(identite)
    reponse, trouves = _suivre_les_fusions(reponse, trouves)
    jeune, mode, retenu = None, Rattachement.Mode.NOUVEAU, None
    if reponse.meme is not None:
        jeune, mode = reponse.meme, Rattachement.Mode.CONFIRME
        retenu = next((e for pk, e in trouves if pk == jeune.pk), None)
    elif zone == "automatique" and trouves[0][0] not in reponse.differents | reponse.incertains:
        jeune, mode = Jeune.objects.get(pk=trouves[0][0]), Rattachement.Mode.AUTOMATIQUE
        retenu = trouves[0][1]
    if jeune is None:
        jeune = Jeune.objects.create(identite=signalement)
    rattachement = Rattachement.objects.create(
        signalement=signalement,
        jeune=jeune,
        mode=mode,
        probabilite=retenu.probabilite if retenu else None,
        contributions=en_clair(retenu.contributions) if retenu else [],
        modele=Modele.charger().version,
        par=par,
    )
    memoriser_empreinte(signalement, jeune, identite)
    noter(Action.IDENTITE, f"rattachement_{mode}", signalement, par=par, jeunes=[jeune.pk])
    suites.poursuivre("rattache", signalement, jeune, par=par)
    for autre, evaluation in trouves:
        if autre != jeune.pk:
            proposer_paire(jeune, autre, evaluation, signalement, reponse=reponse, par=par)
    return rattachement


def jeune_vivant(pk):
    """The jeune with this id, or the one that it has become through merges."""
    jeune = Jeune.objects.get(pk=pk)
    while jeune.fusionne_dans_id:
        jeune = Jeune.objects.get(pk=jeune.fusionne_dans_id)
    return jeune


def _suivre_les_fusions(reponse, trouves):
    """An answer and candidates, [(jeune id, `Evaluation`)], read before a merge are about those who live now."""
    cites = {pk for pk, _ in trouves} | reponse.differents | reponse.incertains
    if reponse.meme is not None:
        cites.add(reponse.meme.pk)
    absorbes = Jeune.objects.filter(pk__in=cites, fusionne_dans__isnull=False)
    devenus = {pk: jeune_vivant(pk) for pk in absorbes.values_list("pk", flat=True)}
    if not devenus:
        return reponse, trouves

    def vivant(pk):
        return devenus[pk].pk if pk in devenus else pk

    suivie = replace(
        reponse,
        meme=reponse.meme and devenus.get(reponse.meme.pk, reponse.meme),
        differents=frozenset(map(vivant, reponse.differents)),
        incertains=frozenset(map(vivant, reponse.incertains)),
    )
    vivants = {}
    for pk, evaluation in trouves:
        vivants.setdefault(vivant(pk), evaluation)
    return suivie, list(vivants.items())


def verrouiller_identites():
    """Let one identity decision at a time pass: two people who type the same jeune at once make one jeune."""
    with connection.cursor() as curseur:
        curseur.execute("SELECT pg_advisory_xact_lock(hashtext('qualit.identites'))")


def memoriser_empreinte(signalement, jeune, identite=None):
    """Store the keys and the prepared identity of a report under its jeune."""
    preparee = preparer(identite or identite_de(signalement))
    Empreinte.objects.update_or_create(
        signalement=signalement,
        defaults={
            "jeune": jeune,
            "cles": blocage.cles(preparee),
            "preparee": preparee.vers_json(),
            "date_naissance": signalement.date_naissance,
        },
    )


def bassin_de_jeune(jeune):
    """The bassin in charge of a jeune: that of the latest dossier, else that of the identity shown first."""
    dossier = jeune.dossiers.order_by("-ouvert_le").select_related("bassin__academie").first()
    return dossier.bassin if dossier else jeune.identite.bassin


def bassin_et_arbitre(a, b):
    """Who decides on a pair: (bassin, arbitre, académie): the GAB when both are of its bassin, the rectorat otherwise.

    Between two académies nobody here may read both sides: no académie, so the pair shows to no one.
    """
    bassin_a, bassin_b = bassin_de_jeune(a), bassin_de_jeune(b)
    if bassin_a == bassin_b:
        return bassin_a, Paire.Arbitre.BASSIN, bassin_a.academie
    commune = bassin_a.academie if bassin_a.academie_id == bassin_b.academie_id else None
    return None, Paire.Arbitre.ACADEMIE, commune


def proposer_paire(jeune, autre_id, evaluation, signalement, *, reponse, par, origine="saisie"):
    """Ask the arbiter whether two jeunes are one, or remember that the person who typed said they are not.

    A "non" against a match of the automatic zone still goes to the arbiter. A pair already decided is not asked again.
    """
    autre = Jeune.objects.select_related("identite__bassin__academie").get(pk=autre_id)
    a, b = sorted([jeune, autre], key=lambda j: j.pk)
    sur = evaluation.zone == "automatique"
    dit_different = autre.pk in reponse.differents and not sur
    bassin, arbitre, academie = bassin_et_arbitre(a, b)
    paire, nouvelle = Paire.objects.get_or_create(
        a=a,
        b=b,
        defaults={
            "signalement_a": a.identite if a != jeune else signalement,
            "signalement_b": b.identite if b != jeune else signalement,
            "etat": Paire.Etat.DIFFERENTS if dit_different else Paire.Etat.A_DECIDER,
            "decidee_par": par if dit_different else None,
            "decidee_le": timezone.now() if dit_different else None,
            "motif_decision": DIT_A_LA_SAISIE if dit_different else "",
            "arbitre": arbitre,
            "bassin": bassin,
            "academie": academie,
            "origine": origine,
            "probabilite": evaluation.probabilite,
            "contributions": en_clair(evaluation.contributions),
            "modele": Modele.charger().version,
        },
    )
    if nouvelle:
        workflow.passage(paire, "proposer", "", par=par)
        if paire.etat == Paire.Etat.A_DECIDER:
            arbitres = notifications.membres_du_gab(bassin) if bassin else notifications.rectorat(academie)
            notifications.prevoir("identite_a_confirmer", a=arbitres, lien="/identites/")
    return paire


#: A letter that came back asks for one of these.
ADRESSE = frozenset({"domicile", "adresse", "code_postal", "ville", "pays"})


@transaction.atomic
def corriger(signalement, champs, *, contacts=None, par, version=None):
    """Correct a sent report (identity, contacts): its former values are kept, and it is compared anew.

    The attachment stays; a jeune that now looks the same is proposed to the arbiter. Returns the names of what
    changed. Raises ConflitDeVersion.
    """
    changes = corrections.corriger(signalement, champs, contacts=contacts, par=par, version=version)
    if "contacts" in changes:
        corrections.repondre_par_une_correction(signalement, par=par)
    elif ADRESSE & set(changes):
        for question in signalement.questions.ouvertes().filter(
            type=Question.Type.COORDONNEES, contact__isnull=True
        ):
            repondre(question, "Adresse corrigée.", par=par)
    if changes:
        suites.poursuivre("corrige", signalement, changes, par=par)
    rattachement = signalement.rattachements.actifs().select_related("jeune").first()
    if not changes or rattachement is None:
        return changes
    verrouiller_identites()
    identite = identite_de(signalement)
    memoriser_empreinte(signalement, rattachement.jeune, identite)
    for autre, evaluation in candidats(identite)[1]:
        if autre != rattachement.jeune_id:
            proposer_paire(
                rattachement.jeune,
                autre,
                evaluation,
                signalement,
                reponse=Reponse(),
                par=par,
                origine="correction",
            )
    return changes


@transaction.atomic
def retirer(signalement, motif, texte, *, par):
    """Withdraw a report or ask for it (`signalements.services.demander_retrait`); the dossier follows.

    Returns True when it is withdrawn at once.
    """
    retire = demander_retrait(signalement, motif, texte, par=par)
    if retire:
        suites.poursuivre("retire", signalement, par=par)
    return retire


@transaction.atomic
def detacher(signalement, motif, *, par):
    """Undo an attachment: the report gets a jeune of its own again. What was typed does not change."""
    verrouiller_identites()
    actuel = signalement.rattachements.actifs().select_for_update(of=("self",)).select_related("jeune").get()
    ancien = actuel.jeune
    if ancien.rattachements.actifs().count() < 2:
        raise workflow.TransitionImpossible(
            "Ce signalement est le seul de ce jeune : il n’y a rien à séparer."
        )
    actuel.defait_le, actuel.defait_par, actuel.defait_motif = timezone.now(), par, motif
    actuel.save(update_fields=["defait_le", "defait_par", "defait_motif"])
    nouveau = Jeune.objects.create(identite=signalement)
    if ancien.identite_id == signalement.pk:
        autre = (
            ancien.rattachements.actifs()
            .select_related("signalement")
            .order_by("-signalement__envoye_le")
            .first()
        )
        ancien.identite = autre.signalement
        ancien.save(update_fields=["identite"])
    Rattachement.objects.create(
        signalement=signalement, jeune=nouveau, mode=Rattachement.Mode.ARBITRE, par=par
    )
    memoriser_empreinte(signalement, nouveau)
    a, b = sorted([ancien, nouveau], key=lambda j: j.pk)
    paire = Paire.objects.create(
        a=a,
        b=b,
        signalement_a=a.identite,
        signalement_b=b.identite,
        etat=Paire.Etat.DIFFERENTS,
        arbitre=Paire.Arbitre.BASSIN,
        bassin=signalement.bassin,
        academie=signalement.bassin.academie,
        origine="detachement",
        probabilite=actuel.probabilite or 0.0,
        decidee_le=timezone.now(),
        decidee_par=par,
        motif_decision=motif,
    )
    workflow.passage(paire, "dire_differents", "", par=par, motif=motif[:200])
    noter(Action.IDENTITE, "detachement", signalement, par=par, jeunes=[ancien.pk, nouveau.pk], motif=motif)
    suites.poursuivre("detache", signalement, ancien, nouveau, par=par)
    return nouveau
