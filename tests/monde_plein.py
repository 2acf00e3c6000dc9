"""The world of tests/monde.py with more than a page of rows in every list of the portal."""

from datetime import timedelta

from django.utils import timezone

from dedoublonnage.imports import memoire
from dedoublonnage.models import LigneImport, Paire
from gab import services as gab
from gab.models import Dossier, Entretien, Fermeture, FiltreEnregistre
from gab.services import partages, seances
from qualit.acteurs.models import VersionReferentiel
from qualit.journal.models import Action, Trace
from qualit.notifications.models import Avis, Courriel
from qualit.territoire.models import DemandeAcces, Invitation
from qualit.territoire.roles import Role
from signalements.models import Question
from signalements.services import poser_question
from suivi import services as suivi
from suivi.models import Devenir

from . import monde as w

LIGNES = 27
NOMS = ("AUBIN", "BERGER", "COLIN", "DUPUIS", "ETIENNE", "FOUCHER", "GARNIER", "KERLEO", "VASSEUR")
PRENOMS = ("Lise", "Oscar", "Salomé")


def copies(objet, nombre=LIGNES, **champs):
    """`nombre` rows like this one, with a reference of their own. A callable value is given the rank."""
    modele = type(objet)
    commun = {
        f.attname: getattr(objet, f.attname)
        for f in modele._meta.concrete_fields
        if f.name not in {"id", "reference", "jeton_saisie", *champs} and not f.generated
    }
    return [
        modele._base_manager.create(**commun | {n: v(rang) if callable(v) else v for n, v in champs.items()})
        for rang in range(nombre)
    ]


def signaler_des_jeunes(structure, auteur, prefixe, **champs):
    """One report by the service of the form, and copies of all that it makes, each of somebody else."""
    rang_du_prefixe = ord(prefixe[0])
    champs = {
        "nom_naissance": f"{prefixe}{NOMS[0]}",
        "prenom": PRENOMS[0],
        "date_naissance": timezone.localdate() - timedelta(days=6000 + 7 * rang_du_prefixe),
        "telephone": f"06 39 98 07 {rang_du_prefixe}",
    } | champs
    modele = w.signaler(structure, auteur, **champs)
    rattachement, versement = modele.rattachements.get(), modele.versement
    faits = [modele]
    for rang in range(1, LIGNES):
        [s] = copies(modele, 1, nom_naissance=f"{prefixe}{NOMS[rang % 9]}", prenom=PRENOMS[rang // 9])
        [jeune] = copies(rattachement.jeune, 1, identite=s)
        [dossier] = copies(versement.dossier, 1, jeune=jeune)
        copies(rattachement, 1, signalement=s, jeune=jeune)
        copies(versement, 1, signalement=s, dossier=dossier)
        copies(modele.contacts.get(), 1, signalement=s)
        faits.append(s)
    return faits


def remplir(m):
    """Fill every list. To be called on a world that `monde.peupler` has peopled."""
    doute = timezone.localdate().replace(year=timezone.localdate().year - 17, month=1, day=1)
    a_trier = signaler_des_jeunes(m.lycee, m.alice, "ABA", date_naissance=doute)
    for s in signaler_des_jeunes(m.lycee, m.alice, "COVE"):
        gab.demander_complement(s, "Quelle classe ?", par=m.celia)
        poser_question(s, Question.Type.RETRAIT, "Erreur", par=m.alice)
    demain = timezone.now() + timedelta(days=1)
    lundi = timezone.now() - timedelta(days=timezone.localdate().weekday())
    lot = [gab.juger_recevable(s, par=m.celia) for s in signaler_des_jeunes(m.lycee, m.alice, "DRU")]
    partante = w.personne("Partante")
    adhesion = w.adherer(partante, Role.OPERATEUR, m.ml)
    convoques = [gab.juger_recevable(s, par=m.celia) for s in signaler_des_jeunes(m.lycee, m.alice, "HUL")]
    for dossier in convoques:
        gab.convoquer(dossier, quand=demain, lieu="CIO", mode="presence", canaux=["lettre"], par=m.medhi)
        suivi.enregistrer_devenir(
            dossier, "sans_solution", date=timezone.localdate(), source="famille", par=m.celia
        )
    Entretien.objects.update(quand=lundi)
    for dossier in lot:
        gab.preconiser(dossier, "apprentissage", par=m.celia)
        mission = gab.missionner(dossier, m.ml, par=m.celia)
        gab.demander_reorientation(mission, "Trop loin", par=m.omar)
    Dossier.objects.filter(pk__in=[d.pk for d in lot]).update(
        echeance_legale=timezone.localdate() - timedelta(days=1)
    )
    suivis = [gab.juger_recevable(s, par=m.celia) for s in signaler_des_jeunes(m.lycee, m.alice, "FIL")]
    for dossier in suivis:
        mission = gab.missionner(dossier, m.ml, par=m.celia)
        gab.accepter_mission(mission, par=partante, connaissance="inconnu")
        suivi.noter_etape(dossier, "rdv_pris", par=m.omar, mission=mission)
        suivi.enregistrer_devenir(
            dossier, "sans_solution", date=timezone.localdate(), source="jeune", par=m.omar, mission=mission
        )
        suivi.noter_etape(dossier, "contacte_sans_reponse", par=m.celia, rappeler_le=timezone.localdate())
        partages.partager(
            dossier,
            motif="Suit son frère",
            fin=timezone.localdate() + timedelta(days=9),
            par=m.celia,
            user=m.olga,
        )
    Devenir.objects.update(valable_jusqu_au=timezone.localdate() - timedelta(days=1))
    type(adhesion).objects.filter(pk=adhesion.pk).update(fin=timezone.localdate() - timedelta(days=1))
    for s in signaler_des_jeunes(m.lycee_lisieux, m.lucie, "GOR"):
        dossier = gab.juger_recevable(s, par=m.denis)
        gab.proposer_transfert(dossier, m.caen, "Habite Caen", par=m.denis)
    jeunes = [s.rattachements.get().jeune for s in a_trier]
    for a, b in zip(jeunes, jeunes[1:], strict=False):
        Paire.objects.get_or_create(
            a=min(a, b, key=lambda j: j.pk), b=max(a, b, key=lambda j: j.pk),
            defaults={
                "signalement_a": a.identite, "signalement_b": b.identite, "arbitre": "bassin", "bassin": m.caen,
                "academie": m.academie, "probabilite": 0.5,
            },
        )  # fmt: skip
    for rang in range(LIGNES):
        w.signalement(m.lycee, m.alice, nom_naissance=f"Brouillon{NOMS[rang % 9]}", prenom=PRENOMS[rang // 9])
    seances.inscrire(m.seance, lot, par=m.celia)
    m.seance.invites.add(m.ingrid)
    copies(m.seance, quand=lambda rang: demain + timedelta(days=rang))
    copies(m.creneau, quand=lambda rang: lundi + timedelta(minutes=rang))
    copies(m.place)
    copies(Fermeture(structure=m.ml, debut=timezone.localdate(), fin=timezone.localdate(), libelle="Été"))
    remplir_le_territoire(m)
    return m


def remplir_le_territoire(m):
    structures = copies(
        m.lycee,
        code=lambda r: f"QIT-PLEIN-{r}",
        nom=lambda r: f"Lycée n° {r}",
        courriel=lambda r: f"l{r}@example.invalid",
    )
    for rang, structure in enumerate(structures):
        quelqu_un = w.personne(f"Collegue{rang}")
        w.adherer(quelqu_un, Role.SIGNALEUR, m.lycee)
        w.adherer(quelqu_un, Role.REFERENT_STRUCTURE, structure)
    invitation = Invitation.objects.filter(structure=m.lycee).first()
    copies(
        invitation, email=lambda r: f"invite{r}@example.invalid", empreinte_jeton=lambda r: f"empreinte{r}"
    )
    copies(m.cles["lycee"][0])
    copies(m.imports["lycee"])
    copies(m.publication, cliche=lambda r: copies(m.publication.cliche, 1)[0])
    VersionReferentiel.objects.bulk_create(
        VersionReferentiel(
            jeu="nomenclatures",
            academie=m.academie,
            numero=rang,
            colonnes=["code"],
            lignes=[["a"]],
            par=m.rene,
        )
        for rang in range(1, LIGNES)
    )
    remplir_l_import(m)
    Trace.objects.bulk_create(
        Trace(acteur=m.omar, action=Action.LECTURE, quoi="essai") for _ in range(LIGNES)
    )
    copies(m.demande_rgpd)
    copies(m.alerte, jour=lambda r: timezone.localdate() - timedelta(days=r + 1))
    copies(DemandeAcces.objects.get())
    for nom in ("alice", "celia", "omar", "rene", "dora"):
        une = getattr(m, nom)
        Avis.objects.bulk_create(
            Avis(destinataire=une, code="essai", titre=f"Avis {rang}", lien="/") for rang in range(LIGNES)
        )
    Courriel.objects.bulk_create(
        Courriel(
            adresse="a@example.invalid",
            code="essai",
            objet="Essai",
            texte="Essai",
            etat="echec",
            tentatives=5,
        )
        for _ in range(LIGNES)
    )
    FiltreEnregistre.objects.bulk_create(
        FiltreEnregistre(utilisateur=m.celia, nom=f"Filtre {rang}", parametres="etat=a_trier")
        for rang in range(LIGNES)
    )


def remplir_l_import(m):
    """Rows of each kind in the list of the lycée: new, refused, to be decided."""
    lot = m.imports["lycee"]
    memoire.retenir(m.lycee, memoire.FORMATIONS, {f"classe {r}": "Bac pro" for r in range(LIGNES)})
    nouvelle = LigneImport.objects.get(lot=lot, statut="nouvelle")
    copies(LigneImport.objects.get(lot=lot, statut="refusee"), numero=lambda r: 100 + r)
    copies(nouvelle, numero=lambda r: 200 + r)
    copies(nouvelle, numero=lambda r: 300 + r, statut="a_decider", candidat=m.places["lycee"])
