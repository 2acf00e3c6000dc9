"""Everything on one person, in one action: to read (HTML, PDF) and to reuse (JSON). RGPD, articles 15 and 20.

The tables are those of `inventaire`, so that a relation cannot be forgotten. Names of other people (agents, guardians,
the other side of a pair) are left out; free text is given as it was written.
"""

import contextlib
import io
import json
import zipfile
from datetime import date, datetime

from django.db import models
from django.template.loader import render_to_string
from django.utils import timezone

from qualit.journal.models import Trace
from qualit.territoire.models import Academie, Bassin, Commune, Structure, Utilisateur
from qualit.territoire.nomenclatures import libelle
from qualit.territoire.roles import Role
from qualit.web.documents import PdfIndisponible, pdf
from signalements.models import Contact

from .inventaire import TABLES, Table, brouillons_de, courriels_de, demandes_d_acces_de, ids_de

#: Nomenclature of the coded fields, to write labels rather than codes.
LISTES = {
    "niveau": "niveaux",
    "diplome": "diplomes",
    "statut": "statuts",
    "regime": "regimes",
    "nature_sortie": "natures_sortie",
    "motifs": "motifs",
    "motif_principal": "motifs",
    "motifs_jeune": "motifs",
    "motif_retrait": "motifs_retrait",
    "motif_hors_champ": "hors_champ",
    "solution": "solutions",
    "code": "devenirs",
    "motif_refus": "motifs_refus_mission",
}
LIEUX = (Structure, Bassin, Academie, Commune)
#: Found by the name and the birth date typed, or by an address: no foreign key leads to the person.
BROUILLONS = Table("signalements.Signalement", (), "Les brouillons qui portent votre nom")
ACCES = Table("territoire.DemandeAcces", (), "Les demandes d’accès qui citent votre nom", tiers=("motif",))
COURRIELS = Table(
    "notifications.Courriel",
    (),
    "Les courriels envoyés à votre famille",
    technique=("html", "derniere_erreur"),
)


def _valeur(ligne, champ):
    """(value for the JSON, value to read), or None when the field is left out."""
    brute = getattr(ligne, champ.attname)
    if champ.is_relation:
        if champ.related_model is Utilisateur:
            return None
        if brute is None:
            return None, ""
        if champ.related_model in LIEUX:
            return str(getattr(ligne, champ.name)), str(getattr(ligne, champ.name))
        return brute, ""
    if brute in (None, "", [], {}):
        return brute, ""
    if champ.choices:
        return brute, str(dict(champ.flatchoices).get(brute, brute))
    liste = (
        "types_etape" if (ligne._meta.model_name, champ.name) == ("etape", "type") else LISTES.get(champ.name)
    )
    if isinstance(champ, models.BooleanField):
        return brute, "Oui" if brute else "Non"
    if isinstance(brute, datetime):
        return brute.isoformat(), f"{timezone.localtime(brute):%d/%m/%Y à %H:%M}"
    if isinstance(brute, date):
        return brute.isoformat(), f"{brute:%d/%m/%Y}"
    if isinstance(brute, list):
        return brute, ", ".join(libelle(liste, b) if liste else str(b) for b in brute)
    if liste:
        return brute, libelle(liste, brute) or brute
    return brute, str(brute)


def _ligne(table, ligne):
    donnees, lisible = {}, []
    caches = set(table.tiers)
    if isinstance(ligne, Contact) and ligne.proprietaire != "jeune":
        caches |= {"valeur", "normalisee"}  # a number of somebody else of the family
    for champ in ligne._meta.concrete_fields:
        if champ.name in caches or champ.primary_key:
            continue
        valeur = _valeur(ligne, champ)
        if valeur is None:
            continue
        donnees[champ.name] = valeur[0]
        if valeur[1] and champ.name not in table.technique:
            nom = str(champ.verbose_name)
            lisible.append((nom[:1].upper() + nom[1:], valeur[1]))
    return donnees, lisible


def _partie(table, lignes):
    couples = [_ligne(table, ligne) for ligne in lignes]
    return {
        "table": table.modele,
        "titre": table.titre,
        "donnees": [d for d, _ in couples],
        "lignes": [lisible for _, lisible in couples if lisible],
    }


def consultations(ids):
    """Who read about the person: (day and hour, role, what), without names of agents."""
    traces = Trace.objects.filter(jeunes__overlap=list(ids)).order_by("quand")
    return [
        {
            "quand": t.quand.isoformat(),
            "role": dict(Role.choices).get(t.role, t.role) or "Le portail",
            "action": t.get_action_display(),
        }
        for t in traces.iterator(chunk_size=500)
    ]


def donnees_de(jeune):
    """All that is held on a person: {"parties": [{table, titre, donnees, lignes}], "consultations": […]}."""
    ids = ids_de(jeune)
    parties = [_partie(table, table.lignes(ids)) for table in TABLES]
    parties += [
        _partie(BROUILLONS, brouillons_de(ids)),
        _partie(ACCES, demandes_d_acces_de(ids)),
        _partie(COURRIELS, courriels_de(ids)),
    ]
    return {"parties": parties, "consultations": consultations(ids)}


def contexte_de(jeune, demande):
    """What the templates of the export need."""
    donnees = donnees_de(jeune)
    return {
        "jeune": jeune,
        "demande": demande,
        "parties": [p for p in donnees["parties"] if p["donnees"]],
        "consultations": donnees["consultations"],
        "fait_le": timezone.now(),
    }


def archive(jeune, demande):
    """The zip handed to the person: a page to read, a PDF where the server can, the JSON, and a word of explanation."""
    contexte = contexte_de(jeune, demande)
    sortie = io.BytesIO()
    with zipfile.ZipFile(sortie, "w", zipfile.ZIP_DEFLATED) as dossier:
        dossier.writestr("lisez-moi.txt", render_to_string("rgpd/lisez_moi.txt", contexte))
        dossier.writestr("vos-donnees.html", render_to_string("rgpd/pdf/donnees.html", contexte))
        with contextlib.suppress(PdfIndisponible):  # the page can be printed
            dossier.writestr("vos-donnees.pdf", pdf("rgpd/pdf/donnees.html", contexte))
        dossier.writestr(
            "vos-donnees.json",
            json.dumps(
                {
                    "fait_le": contexte["fait_le"].isoformat(),
                    "tables": {f"{p['table']} : {p['titre']}": p["donnees"] for p in contexte["parties"]},
                    "consultations": contexte["consultations"],
                },
                ensure_ascii=False,
                indent=2,
                default=str,
            ),
        )
    return sortie.getvalue()
