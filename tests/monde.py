"""The small world of the tests: a few named people in two bassins, and plain factories. All people are invented.

`construire()` makes the same world everywhere:
- académie de Caen: bassins Caen (lycée Malherbe-sur-Orne, CFA d'Ifs, CIO, mission locale) and Lisieux (lycée des
  Tilleuls, mission locale, CIO); académie de Rouen with one bassin and one lycée.
- people, one a role: alice (déclarante, Caen), andre (administrator of her lycée), basile (déclarant, CFA, Caen),
  celia (coordinator, Caen), medhi (member, Caen), denis (coordinator, Lisieux), lucie (déclarante, Lisieux), omar
  (opérateur, mission locale de Caen), olga (opératrice, Lisieux), rene (rectorat pilote), rita (rectorat lecture),
  paul (partenaire), dora (DPO), tom (admin technique), ingrid (invitée, no membership but a séance), jeanne
  (membership over), nadia (inactive), robin (déclarant, Rouen), nobody (no membership).
"""

from datetime import date, timedelta
from types import SimpleNamespace

from django.conf import settings
from django.utils import timezone

from dedoublonnage import services as identites
from dedoublonnage.imports import services as listes
from gab import services as gab
from gab.models import Creneau, Place, Seance
from gab.services import partages, seances
from qualit.acteurs.services import demander_secours, inviter
from qualit.api import services as logiciels
from qualit.rgpd import services as rgpd
from qualit.rgpd.models import Alerte, Demande
from qualit.territoire.models import Academie, Adhesion, Bassin, Commune, Reprise, Structure, Utilisateur
from qualit.territoire.nomenclatures import vider_cache
from qualit.territoire.roles import Role
from signalements.models import Contact, Question, Signalement
from signalements.services import poser_question, situer
from statistiques.publications import figer
from suivi import services as suivi

MOT_DE_PASSE = "mot-de-passe-des-essais"


def personne(prenom, nom="Essai", **champs):
    """A person who may sign in with MOT_DE_PASSE, and who accepted the charter."""
    champs = {"charte_version": settings.QUALIT["CHARTE_VERSION"], "visite_faite": True} | champs
    return Utilisateur.objects.create_user(
        email=f"{prenom.lower()}@example.invalid", password=MOT_DE_PASSE, prenom=prenom, nom=nom, **champs
    )


def adherer(utilisateur, role, siege, **champs):
    """A membership at a structure, a bassin or an académie."""
    champs.setdefault("debut", date(2020, 1, 1))
    nom = {Structure: "structure", Bassin: "bassin", Academie: "academie"}[type(siege)]
    return Adhesion.objects.create(utilisateur=utilisateur, role=role, **{nom: siege}, **champs)


def construire():
    """Build the world and return it as a namespace."""
    vider_cache()  # what an earlier test wrote in its own transaction is gone
    m = SimpleNamespace()
    m.academie = Academie.objects.create(code="CAEN", nom="Académie de Caen")
    m.rouen_academie = Academie.objects.create(code="ROUEN", nom="Académie de Rouen")
    m.caen = Bassin.objects.create(
        code="caen", nom="Caen", academie=m.academie, telephone_gab="02 61 91 00 01"
    )
    m.lisieux = Bassin.objects.create(code="lisieux", nom="Lisieux", academie=m.academie)
    m.rouen = Bassin.objects.create(code="rouen", nom="Rouen", academie=m.rouen_academie)
    m.commune_caen = Commune.objects.create(
        code_insee="14118", nom="Caen", codes_postaux=["14000"], departement="14", bassin=m.caen
    )
    m.commune_lisieux = Commune.objects.create(
        code_insee="14366", nom="Lisieux", codes_postaux=["14100"], departement="14", bassin=m.lisieux
    )
    m.commune_rouen = Commune.objects.create(
        code_insee="76540", nom="Rouen", codes_postaux=["76000"], departement="76", bassin=m.rouen
    )

    def structure(code, nom, type_, commune, bassin):
        return Structure.objects.create(
            code=code, nom=nom, type=type_, commune=commune, bassin=bassin, academie=bassin.academie,
            courriel=f"{code.lower()}@example.invalid",
        )  # fmt: skip

    m.lycee = structure("QIT-LYC-CAEN", "Lycée Malherbe-sur-Orne", "lycee_poly", m.commune_caen, m.caen)
    m.cfa = structure("QIT-CFA-CAEN", "CFA d’Ifs", "cfa", m.commune_caen, m.caen)
    m.cio = structure("QIT-CIO-CAEN", "CIO de Caen", "cio", m.commune_caen, m.caen)
    m.ml = structure("QIT-ML-CAEN", "Mission locale de Caen", "mission_locale", m.commune_caen, m.caen)
    m.lycee_lisieux = structure("QIT-LYC-LIS", "Lycée des Tilleuls", "lp", m.commune_lisieux, m.lisieux)
    m.ml_lisieux = structure(
        "QIT-ML-LIS", "Mission locale de Lisieux", "mission_locale", m.commune_lisieux, m.lisieux
    )
    m.lycee_rouen = structure("QIT-LYC-ROU", "Lycée de la Seine", "lp", m.commune_rouen, m.rouen)

    m.alice = personne("Alice")
    adherer(m.alice, Role.SIGNALEUR, m.lycee)
    m.andre = personne("Andre")
    adherer(m.andre, Role.REFERENT_STRUCTURE, m.lycee)
    m.basile = personne("Basile")
    adherer(m.basile, Role.SIGNALEUR, m.cfa)
    m.celia = personne("Celia")
    adherer(m.celia, Role.COORDINATEUR_GAB, m.caen)
    m.medhi = personne("Medhi")
    adherer(m.medhi, Role.MEMBRE_GAB, m.caen)
    m.denis = personne("Denis")
    adherer(m.denis, Role.COORDINATEUR_GAB, m.lisieux)
    m.lucie = personne("Lucie")
    adherer(m.lucie, Role.SIGNALEUR, m.lycee_lisieux)
    m.omar = personne("Omar")
    adherer(m.omar, Role.OPERATEUR, m.ml)
    m.olga = personne("Olga")
    adherer(m.olga, Role.OPERATEUR, m.ml_lisieux)
    m.rene = personne("Rene")
    adherer(m.rene, Role.RECTORAT_PILOTE, m.academie)
    m.rita = personne("Rita")
    adherer(m.rita, Role.RECTORAT_LECTURE, m.academie)
    m.paul = personne("Paul")
    adherer(m.paul, Role.PARTENAIRE, m.ml)
    m.dora = personne("Dora")
    adherer(m.dora, Role.DPO, m.academie)
    m.tom = personne("Tom", is_staff=True)
    adherer(m.tom, Role.ADMIN_TECHNIQUE, m.academie)
    m.ingrid = personne("Ingrid")
    m.jeanne = personne("Jeanne")
    adherer(m.jeanne, Role.SIGNALEUR, m.lycee, fin=timezone.localdate() - timedelta(days=1))
    m.nadia = personne("Nadia", is_active=False)
    adherer(m.nadia, Role.SIGNALEUR, m.lycee)
    m.robin = personne("Robin")
    adherer(m.robin, Role.SIGNALEUR, m.lycee_rouen)
    m.nobody = personne("Nobody")
    return m


_PERSONNES = [
    ("DUVIVIER", "Maëlle", "F"),
    ("LANGLOIS", "Tristan", "M"),
    ("POTTIER", "Inès", "F"),
    ("BUISSON", "Noah", "M"),
]


def signalement(structure, auteur, rang=0, *, commune=None, telephone="06 39 98 00 01", **champs):
    """A complete draft by this structure; `rang` chooses among four invented identities (or give the fields)."""
    nom, prenom, sexe = _PERSONNES[rang % 4]
    commune = commune or structure.commune
    aujourdhui = timezone.localdate()
    valeurs = {
        "nom_naissance": nom,
        "prenom": prenom,
        "sexe": sexe,
        "date_naissance": aujourdhui.replace(year=aujourdhui.year - 17, month=3, day=12 + rang % 4),
        "code_postal": commune.codes_postaux[0],
        "ville": commune.nom,
        "classe": "2 MELEC",
        "date_sortie": aujourdhui - timedelta(days=20),
        "nature_sortie": "demission",
    } | champs
    objet = Signalement(structure=structure, auteur=auteur, **valeurs)
    situer(objet)
    objet.save()
    if telephone:
        Contact.objects.create(
            signalement=objet,
            type="telephone",
            valeur=telephone,
            normalisee="+33" + telephone.replace(" ", "")[1:],
        )
    return objet


def signaler(structure, auteur, rang=0, **champs):
    """A report sent through the same service as the form (identity and dossier included)."""
    objet = signalement(structure, auteur, rang, **champs)
    identites.envoyer(objet, par=auteur)
    return objet


def connecter(client, utilisateur):
    """Sign a person in without the form."""
    client.force_login(utilisateur)
    return client


def peupler(m):
    """Reports at each place of the territory, each with its dossier: what the rights are tried upon.

    Adds to `m`: `m.places`, a dict place → sent report. The jeunes bear canary names that no page of another place may show.
    """
    m.auteur_places = {"lycee": m.alice, "cfa": m.basile, "lycee_lisieux": m.lucie, "lycee_rouen": m.robin}
    m.places = {}
    for rang, (place, auteur) in enumerate(m.auteur_places.items()):
        m.places[place] = signaler(
            getattr(m, place),
            auteur,
            rang,
            nom_naissance=f"CANARI{'ABCD'[rang]}",
            prenom=f"Serin{'abcd'[rang]}",
            telephone=f"06 39 98 01 0{rang}",
        )
    for auteur, structure in ((m.andre, m.lycee), (m.rene, m.lycee_lisieux)):
        inviter(f"invite-{structure.code.lower()}@example.invalid", Role.SIGNALEUR, structure, par=auteur)
    demander_secours(m.alice, "Appel de sa ligne directe", par=m.andre)
    m.cles = {}
    for place, responsable, par in (("lycee", m.andre, m.andre), ("lycee_lisieux", m.lucie, m.rene)):
        m.cles[place] = ouvrir_acces(getattr(m, place), responsable, par=par)
    Reprise.objects.create(structure=m.cfa, vers=m.lycee, par=m.rene)  # told, and moved nothing
    peupler_gab(m)
    peupler_suivi(m)
    m.imports = {
        place: lire_une_liste(getattr(m, place), m.auteur_places[place])
        for place in ("lycee", "lycee_lisieux")
    }
    m.questions = {
        place: poser_question(m.places[place], Question.Type.COORDONNEES, "Un autre numéro ?", par=m.omar)
        for place in ("lycee", "cfa", "lycee_lisieux")
    }
    peupler_rgpd(m)
    partages.demander_acces(
        m.caen, nom="Personne", prenom="Cherchée", date_naissance=date(2008, 3, 12), motif="Suivi", par=m.olga
    )
    m.publication = figer(m.academie, "Point de rentrée", 2025, date(2026, 6, 30), par=m.rene)
    return m


def lire_une_liste(structure, auteur):
    """A list of two rows, one of them refused, read and not confirmed."""
    sortie = timezone.localdate() - timedelta(days=30)
    ne_le = sortie.replace(year=sortie.year - 18, day=1)
    contenu = (
        "Nom;Prénom;Né(e) le;Sexe;Classe;Date de sortie;Motif de sortie\n"
        f"Serinette;Aymeric;{ne_le:%d/%m/%Y};M;2 MELEC;{sortie:%d/%m/%Y};Démission\n"
        f"Serinette;Basile;31/02/2008;M;2 MELEC;{sortie:%d/%m/%Y};Démission\n"
    )
    lot = listes.deposer(structure, "sortants.csv", contenu.encode(), par=auteur)
    listes.choisir_colonnes(lot, {c.rang: c.champ for c in listes.colonnes(lot)}, {}, par=auteur)
    listes.demarrer_lecture(lot, par=auteur)
    listes.mener_a_bien(lot)
    return lot


def ouvrir_acces(structure, responsable, *, par=None, portees=("signaler", "lire")):
    """A key of this structure's software: (Acces, key in clear)."""
    return logiciels.creer(
        structure,
        libelle="Vie scolaire",
        responsable=responsable,
        portees=portees,
        expire_le=timezone.now() + timedelta(days=200),
        par=par or responsable,
    )


def peupler_rgpd(m):
    """A request in the register of Caen (of nobody yet) and a consultation to look at."""
    m.demande_rgpd = rgpd.ouvrir(
        Demande(type="acces", demandeur="Une mère", qualite="responsable"), par=m.dora
    )
    m.alerte = Alerte.objects.create(
        academie=m.academie, acteur=m.omar, jour=timezone.localdate(), raison="horaire", mesure=5
    )


def peupler_gab(m):
    """One of each object of the GAB on the dossier of Caen, and a transfer proposed to Lisieux."""
    dossier = gab.juger_recevable(m.places["lycee"], par=m.celia)
    demain = timezone.now() + timedelta(days=1)
    m.creneau = Creneau.objects.create(bassin=m.caen, quand=demain, cree_par=m.celia)
    m.entretien = gab.convoquer(
        dossier, quand=demain, lieu="CIO", mode="presence", canaux=["lettre"], par=m.medhi
    )
    gab.preconiser(dossier, "apprentissage", par=m.celia)
    m.mission = gab.missionner(dossier, m.ml, par=m.celia)
    m.tache = gab.demander_reorientation(m.mission, "Trop loin", par=m.omar)
    m.transfert = gab.proposer_transfert(dossier, m.lisieux, "Habite Lisieux", par=m.celia)
    m.place = Place.objects.create(
        structure=m.ml,
        solution="apprentissage",
        formation="Cuisine",
        date_entree=timezone.localdate() + timedelta(days=30),
        nombre=2,
    )
    m.seance = Seance(bassin=m.caen, quand=demain)
    seances.preparer(m.seance, [dossier], par=m.celia)


def peupler_suivi(m):
    """A step and an outcome by the GAB of Caen, and the same by the operator of an accepted mission in Lisieux."""
    dossier = m.places["lycee"].versement.dossier
    suivi.noter_etape(dossier, "rdv_pris", par=m.celia)
    suivi.enregistrer_devenir(
        dossier, "sans_solution", date=timezone.localdate(), source="famille", par=m.celia
    )
    s = signaler(
        m.lycee_lisieux,
        m.lucie,
        nom_naissance="CANARIMESANGE",
        prenom="Oriane",
        date_naissance=timezone.localdate() - timedelta(days=6700),
        telephone="06 39 98 02 00",
    )
    gab.juger_recevable(s, par=m.denis)
    mission = gab.missionner(s.versement.dossier, m.ml_lisieux, par=m.denis)
    gab.accepter_mission(mission, par=m.olga, connaissance="inconnu")
    suivi.noter_etape(mission.dossier, "rdv_pris", par=m.olga, mission=mission)
    suivi.enregistrer_devenir(
        mission.dossier,
        "sans_solution",
        date=timezone.localdate(),
        source="jeune",
        par=m.olga,
        mission=mission,
    )
