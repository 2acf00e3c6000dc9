"""Write docs/droits.md and docs/champs.md from droits.py, champs.py and the rules of the routes."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from qualit.territoire import champs, droits
from qualit.territoire.roles import SIEGE_DU_ROLE, Role

TETE = "<!-- Écrit par « manage.py documenter_droits » : ne pas modifier à la main. -->\n\n"


def tableau(entetes, lignes):
    """A Markdown table."""
    texte = "| " + " | ".join(entetes) + " |\n|" + "---|" * len(entetes) + "\n"
    return texte + "".join("| " + " | ".join(ligne) + " |\n" for ligne in lignes)


def page_droits():
    """Text of docs/droits.md."""
    texte = TETE + "# Qui voit et fait quoi\n\n"
    texte += (
        "Une seule source : `qualit/territoire/droits.py`. Les routes : `manage.py matrice_des_droits`.\n\n"
    )
    texte += "## Ce que chaque rôle lit\n\n"
    texte += tableau(
        ["Rôle", "Code", "Siège", "Lit"],
        [(r.label, f"`{r.value}`", SIEGE_DU_ROLE[r], droits.LECTURE_EN_CLAIR[r]) for r in Role],
    )
    texte += "\n## Ce que chaque rôle fait\n\n"
    texte += tableau(
        ["Droit", *(f"`{r.value}`" for r in Role)],
        [
            (d.label, *("oui" if r in porteurs else "" for r in Role))
            for d, porteurs in droits.ROLES_DU_DROIT.items()
        ],
    )
    return texte


def page_champs():
    """Text of docs/champs.md."""
    texte = TETE + "# Champ par champ\n\n"
    texte += "L : lit ; É : écrit, dans le périmètre du rôle. Source : `qualit/territoire/champs.py`.\n\n"
    texte += tableau(
        ["Groupe", *(f"`{r.value}`" for r in Role), "Limite"],
        [(g.libelle, *(("L" if lit else "") + ("É" if ecrit else "") for lit, ecrit in cases), g.remarque)
         for g, cases in champs.table()],
    )  # fmt: skip
    texte += "\n## Les champs de chaque groupe\n\n"
    return texte + tableau(
        ["Groupe", "Champs"],
        [(g.libelle, ", ".join(f"`{c}`" for c in g.champs)) for g in champs.GROUPES.values()],
    )


PAGES = {"droits.md": page_droits, "champs.md": page_champs}


class Command(BaseCommand):
    help = "Écrit docs/droits.md et docs/champs.md ; avec --verifier, dit s'ils sont à jour."

    def add_arguments(self, parser):
        parser.add_argument("--verifier", action="store_true")

    def handle(self, **options):
        for nom, page in PAGES.items():
            fichier = settings.BASE_DIR / "docs" / nom
            if options["verifier"]:
                if not fichier.exists() or fichier.read_text() != page():
                    raise CommandError(f"docs/{nom} n'est pas à jour : manage.py documenter_droits")
            else:
                fichier.write_text(page())
                self.stdout.write(f"docs/{nom}")
