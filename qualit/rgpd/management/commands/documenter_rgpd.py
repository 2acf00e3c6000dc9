"""Write docs/rgpd/conservation.md and docs/rgpd/donnees.md from the code."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qualit.rgpd.conservation import DUREES
from qualit.rgpd.inventaire import HORS_INVENTAIRE, NEUVE, REFERENCES_LIBRES, TABLES

AVIS = "<!-- Écrit par « manage.py documenter_rgpd » : ne pas modifier à la main. -->\n"


def conservation():
    """The retention table."""
    lignes = [
        AVIS,
        "# Durées de conservation\n",
        "Réglages : `QUALIT` dans `qualit/settings/base.py`. `manage.py purger` dit ce qui est dû, `--appliquer` le fait "
        "et rend compte.\n",
        "| Quoi | Durée | À partir de | Ensuite | Réglage |",
        "|---|---|---|---|---|",
    ]
    lignes += [f"| {d.quoi} | {d.mois} mois | {d.depuis} | {d.ensuite} | `{d.reglage}` |" for d in DUREES]
    lignes += [
        "",
        "Exceptions : les fiches de la campagne 2009-2010 (archives de l’expérimentation) ne sont pas purgées ; une "
        "personne dont le traitement est limité (article 18) est gardée tant que la limitation dure.",
        "",
    ]
    return "\n".join(lignes)


def donnees():
    """What is held on a person, table by table, and what the erasure does of it."""
    lignes = [
        AVIS,
        "# Ce que le portail garde sur une personne, et ce que l’effacement en fait\n",
        "Source : `qualit/rgpd/inventaire.py`, vérifié contre le schéma par `tests/test_rgpd_inventaire.py`.\n",
        "| Table | Pour la personne | Effacement | Gardé (codes, statistiques) |",
        "|---|---|---|---|",
    ]
    for t in TABLES:
        if t.supprime:
            fait = "lignes supprimées"
        else:
            videes = [c for c, v in t.efface.items() if v != NEUVE]
            fait = ", ".join(f"`{c}`" for c in videes) or "rien à effacer"
            if NEUVE in t.efface.values():
                fait += " ; référence renouvelée"
        lignes.append(
            f"| `{t.modele}` | {t.titre} | {fait} | {', '.join(f'`{c}`' for c in t.garde) or '–'} |"
        )
    lignes += ["", "## À part", ""]
    lignes += [f"- `{nom}` : {raison}." for nom, raison in {**HORS_INVENTAIRE, **REFERENCES_LIBRES}.items()]
    lignes += [
        "- Brouillons, demandes d’accès, courriels et avis : trouvés par le nom et la date de naissance, l’adresse ou la "
        "référence, puis supprimés.",
        "- La date de naissance est remplacée par une date qui donne le même âge à la sortie ; la commune n’est gardée "
        "qu’au-dessus d’un seuil d’habitants (`ANONYMISATION_COMMUNE_HABITANTS`).",
        "",
    ]
    return "\n".join(lignes)


DOCUMENTS = {"conservation.md": conservation, "donnees.md": donnees}


class Command(BaseCommand):
    help = "Écrit les documents RGPD qui suivent le code (ou vérifie qu’ils sont à jour)."

    def add_arguments(self, parser):
        parser.add_argument("--verifier", action="store_true")

    def handle(self, *, verifier, **options):
        dossier = settings.BASE_DIR / "docs" / "rgpd"
        for nom, texte in DOCUMENTS.items():
            fichier = dossier / nom
            if verifier:
                if not fichier.exists() or fichier.read_text() != texte():
                    raise CommandError(f"docs/rgpd/{nom} n’est pas à jour : lancez documenter_rgpd.")
            else:
                dossier.mkdir(parents=True, exist_ok=True)
                fichier.write_text(texte())
