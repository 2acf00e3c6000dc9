"""A person whose every text is a canary, and the means to look for it in a whole dump of the database."""

import os
import shutil
import subprocess
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.utils import timezone

from dedoublonnage import fusion
from dedoublonnage.models import Import, LigneImport, Paire
from dedoublonnage.services import rafraichir_instantane
from gab import services as gab
from gab.models import Creneau, Seance
from gab.services import partages, seances
from qualit.api.models import Abonnement, Envoi, Livraison
from qualit.notifications import services as notifications
from qualit.postgres import Cluster
from qualit.rgpd.inventaire import NEUVE, TABLES
from qualit.rgpd.models import Alerte, Demande
from signalements.models import ResponsableLegal, VersionSignalement
from signalements.services import poser_question
from suivi import services as suivi
from suivi.models import LectureRetour

from . import monde as w

CANARI = "Zyxcanari"
TELEPHONE = "06 39 98 77 66"
COURRIEL = "zyxcanari@exemple.invalid"
TEXTES = (models.CharField, models.TextField, models.JSONField, ArrayField)


def planter(m):
    """A jeune with at least one row in every table of the inventory; returns the Jeune.

    The rows come from the services; then every text field that the erasure empties is filled with the canary, so
    that a field left behind by the erasure shows in the dump.
    """
    naissance = timezone.localdate() - timedelta(days=6300)
    s = w.signaler(
        m.lycee, m.alice, nom_naissance=CANARI, prenom="Maelle", date_naissance=naissance, telephone=TELEPHONE
    )
    jeune = s.rattachements.get().jeune
    s.contacts.create(type="courriel", valeur=COURRIEL, normalisee=COURRIEL)
    ResponsableLegal.objects.create(signalement=s, nom=CANARI, prenom="Odile", courriel=COURRIEL, lien="mere")
    VersionSignalement.objects.create(
        signalement=s, version=1, contenu={"nom_naissance": CANARI}, par=m.alice
    )
    LectureRetour.objects.create(signalement=s, utilisateur=m.alice)
    # two of a family, and a second report made one with the first
    autre = w.signaler(m.cfa, m.basile, nom_naissance=CANARI, prenom="Tristan", date_naissance=naissance)
    _paire(jeune, autre.rattachements.get().jeune, m)
    second = w.signaler(
        m.cfa,
        m.basile,
        3,
        nom_naissance=f"{CANARI}bis",
        prenom="Quentin",
        date_naissance=naissance - timedelta(days=450),
        telephone="06 39 98 77 55",
    )
    absorbe = second.rattachements.get().jeune
    assert absorbe != jeune
    fusion.fusionner(jeune, absorbe, par=m.celia, motif=f"C’est {CANARI}")
    dossier = gab.juger_recevable(s, par=m.celia)
    poser_question(s, "completer", f"Où est {CANARI} ?", par=m.celia)
    demain = timezone.now() + timedelta(days=1)
    creneau = Creneau.objects.create(bassin=m.caen, quand=demain, cree_par=m.celia)
    gab.convoquer(
        dossier,
        quand=demain,
        lieu="CIO",
        mode="presence",
        canaux=["lettre", "courriel"],
        par=m.medhi,
        creneau=creneau,
    )
    seance = (
        seances.preparer(Seance(bassin=m.caen, quand=demain), [dossier], par=m.celia) or Seance.objects.get()
    )
    Seance.objects.filter(pk=seance.pk).update(compte_rendu=seances.compte_rendu(seance))
    gab.preconiser(dossier, "apprentissage", par=m.celia)
    mission = gab.missionner(dossier, m.ml, par=m.celia)
    gab.accepter_mission(mission, par=m.omar)
    gab.demander_reorientation(mission, f"{CANARI} habite trop loin", par=m.omar)
    gab.proposer_transfert(dossier, m.lisieux, f"{CANARI} déménage", par=m.celia)
    partages.partager(dossier, motif=f"{CANARI} y va", fin=timezone.localdate(), par=m.celia, user=m.olga)
    suivi.noter_etape(dossier, "rdv_pris", par=m.omar, mission=mission, synthese=CANARI)
    suivi.enregistrer_devenir(
        dossier, "sans_solution", date=timezone.localdate(), source="famille", par=m.omar, mission=mission
    )
    Demande.objects.create(
        academie=m.academie,
        type="effacement",
        demandeur=CANARI,
        qualite="jeune",
        jeune_id=jeune.pk,
        cree_par=m.dora,
    )
    Alerte.objects.create(
        academie=m.academie, acteur=m.celia, jour=timezone.localdate(), raison="homonyme", jeune_id=jeune.pk
    )
    acces, _ = w.ouvrir_acces(m.lycee, m.andre)
    Envoi.objects.create(acces=acces, cle="c", empreinte="e", signalement=s, reponse={"nom": CANARI})
    abonnement = Abonnement.objects.create(acces=acces, url="https://exemple.invalid/", sel="s")
    Livraison.objects.create(abonnement=abonnement, signalement=s, nouvelle_le=timezone.now())
    lot = Import.objects.create(
        structure=m.lycee, auteur=m.alice, nom_fichier="liste.csv", contenu=CANARI.encode(), etape="termine"
    )
    LigneImport.objects.create(
        lot=lot, numero=1, statut="nouvelle", signalement=s, donnees={"nom_naissance": CANARI}
    )
    LigneImport.objects.create(
        lot=lot,
        numero=2,
        statut="refusee",
        donnees={"nom_naissance": CANARI, "prenom": "Maelle", "date_naissance": naissance.isoformat()},
    )
    # what no foreign key leads to
    w.signalement(m.lycee, m.alice, nom_naissance=CANARI, prenom="Maelle", date_naissance=naissance)
    partages.demander_acces(
        m.caen, nom=CANARI, prenom="Maelle", date_naissance=naissance, motif="Suivi", par=m.olga
    )
    notifications.prevoir(
        "retour_disponible", a=[m.alice], reference=s.reference, lien=f"/mes-signalements/{s.reference}/"
    )
    _remplir(jeune)
    rafraichir_instantane()
    return jeune


def _paire(a, b, m):
    if not Paire.objects.filter(a=min(a.pk, b.pk), b=max(a.pk, b.pk)).exists():
        a, b = sorted([a, b], key=lambda j: j.pk)
        Paire.objects.create(
            a=a, b=b, signalement_a=a.identite, signalement_b=b.identite, arbitre="bassin", bassin=m.caen,
            academie=m.academie, probabilite=0.5,
        )  # fmt: skip


def _remplir(jeune):
    """Write the canary in every text that the erasure says it empties."""
    for table in TABLES:
        lignes = table.lignes([jeune.pk])
        assert lignes.exists(), f"planter() ne fait aucun {table.modele}"
        for champ in table.classe._meta.concrete_fields:
            vide = table.supprime or champ.name in table.efface and table.efface[champ.name] != NEUVE
            if not vide or not isinstance(champ, TEXTES) or champ.choices or champ.name in {"nom_tri", "ine"}:
                continue
            if isinstance(champ, models.JSONField):
                valeur = {"texte": CANARI}
            elif isinstance(champ, ArrayField):
                continue
            elif champ.name in {
                "nom_naissance",
                "prenom",
                "valeur",
                "normalisee",
                "jeton_saisie",
                "courriel",
                "proprietaire",
            }:
                continue  # already a canary, or unique
            else:
                valeur = CANARI[: champ.max_length or None]
            lignes.update(**{champ.name: valeur})


# --- The whole database, in bytes -----------------------------------------------------------------------------------


def outil(nom):
    """Path of a PostgreSQL client program: the private cluster's, else the system's."""
    if "DATABASE_URL" not in os.environ:
        chemin = Cluster.de(settings.BASE_DIR)._binaires() / nom
        if chemin.exists():
            return chemin
    trouve = shutil.which(nom)
    if trouve is None:
        pytest.skip(f"{nom} n’est pas installé ici")
    return trouve


def url_de(base=None):
    """URL of a database of the server of the tests, as one who reads every row."""
    r = connection.settings_dict
    if "DATABASE_URL" not in os.environ:
        return Cluster.de(settings.BASE_DIR).url("postgres").rsplit("/", 1)[0] + f"/{base or r['NAME']}"
    return f"postgresql://{r['USER']}:{r['PASSWORD']}@{r['HOST']}:{r['PORT'] or 5432}/{base or r['NAME']}"


def _lancer(*commande):
    commande = [str(c) for c in commande]
    resultat = subprocess.run(commande, capture_output=True, cwd="/", **identite())
    assert resultat.returncode == 0, resultat.stderr.decode(errors="replace")[-2000:]
    return resultat.stdout


def vider_dans_un_fichier(base=None):
    """pg_dump of a whole database, as text in bytes."""
    return _lancer(outil("pg_dump"), "--inserts", "--no-owner", url_de(base))


def sauvegarder(base=None):
    """pg_dump in the custom format."""
    return _lancer(outil("pg_dump"), "-Fc", url_de(base))


def traces_dans(octets, *mots):
    """Which of these words are found, whatever the case: [(word, its surroundings)]."""
    bas = octets.lower()
    trouves = []
    for mot in mots:
        place = bas.find(mot.lower().encode())
        if place >= 0:
            trouves.append((mot, octets[max(0, place - 300) : place + 80].decode(errors="replace")))
    return trouves


def identite():
    """Options of `subprocess.run` to act as the account of the private cluster."""
    if "DATABASE_URL" in os.environ:
        return {}
    compte = Cluster.de(settings.BASE_DIR).compte
    return {"user": compte.uid, "group": compte.gid, "extra_groups": []} if os.geteuid() != compte.uid else {}
