"""The conventions of ARCHITECTURE.md, held by the tests: arrows between apps, states, templates, pure modules."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps

RACINE = Path(__file__).resolve().parents[1]

# From the base upwards: a module may import its own layer and those before it.
COUCHES = [
    ["qualit.journal"],
    ["qualit.territoire"],
    ["qualit.workflow"],
    ["qualit.notifications"],
    ["qualit.web", "qualit.echanges"],
    ["qualit.acteurs"],
    ["signalements"],
    ["dedoublonnage"],
    ["gab"],
    ["suivi"],
    ["qualit.api"],
    ["statistiques"],
    ["qualit.rgpd"],
]
RANG = {nom: rang for rang, couche in enumerate(COUCHES) for nom in couche}
PURS = ["normalisation", "blocage", "comparaisons", "score"]


def couche_de(module):
    """The layer of a dotted module name, or None outside the layers (settings, urls, libraries)."""
    return next((nom for nom in RANG if module == nom or module.startswith(nom + ".")), None)


def _fichiers():
    for dossier in ["qualit", "signalements", "dedoublonnage", "gab", "suivi", "statistiques"]:
        yield from (f for f in (RACINE / dossier).rglob("*.py") if "migrations" not in f.parts)


FICHIERS = list(_fichiers())


def imports(fichier):
    """(line, dotted module, inside a function?) of every import of a file."""
    paquet = ".".join(fichier.relative_to(RACINE).with_suffix("").parts)
    arbre = ast.parse(fichier.read_text())
    fonctions = [n for n in ast.walk(arbre) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    internes = {id(n) for f in fonctions for n in ast.walk(f)}
    for noeud in ast.walk(arbre):
        if isinstance(noeud, ast.Import):
            for alias in noeud.names:
                yield noeud.lineno, alias.name, id(noeud) in internes
        elif isinstance(noeud, ast.ImportFrom):
            base = noeud.module or ""
            if noeud.level:
                parents = (
                    paquet.split(".")[: -noeud.level]
                    if fichier.name != "__init__.py"
                    else paquet.split(".")[: -noeud.level]
                )
                base = ".".join([*parents, base]).rstrip(".")
            for alias in noeud.names:
                complet = f"{base}.{alias.name}"
                yield noeud.lineno, complet if couche_de(complet) else base, id(noeud) in internes


@pytest.mark.parametrize("fichier", FICHIERS, ids=lambda f: str(f.relative_to(RACINE)))
def test_les_imports_vont_dans_un_sens(fichier):
    module = ".".join(fichier.relative_to(RACINE).with_suffix("").parts)
    ici = couche_de(module)
    if ici is None:
        return
    fautes = [
        f"ligne {ligne} : {ici} importe {cible}"
        for ligne, cible, _ in imports(fichier)
        if (la := couche_de(cible)) is not None and la != ici and RANG[la] >= RANG[ici]
    ]
    assert not fautes


@pytest.mark.parametrize("fichier", FICHIERS, ids=lambda f: str(f.relative_to(RACINE)))
def test_pas_d_import_du_projet_dans_une_fonction(fichier):
    if fichier.parent.name == "settings" or fichier.name == "apps.py":
        return
    assert not [(ligne, cible) for ligne, cible, interne in imports(fichier) if interne and couche_de(cible)]


@pytest.mark.parametrize("nom", PURS)
def test_le_moteur_ne_connait_pas_django(nom):
    fichier = RACINE / "dedoublonnage" / f"{nom}.py"
    assert not [c for _, c, _ in imports(fichier) if c.split(".")[0] == "django"]


def test_l_etat_ne_change_que_dans_le_workflow():
    fautes = []
    for fichier in FICHIERS:
        if fichier == RACINE / "qualit" / "workflow.py":
            continue
        for noeud in ast.walk(ast.parse(fichier.read_text())):
            cibles = noeud.targets if isinstance(noeud, ast.Assign) else [getattr(noeud, "target", None)]
            for cible in cibles:
                if isinstance(cible, ast.Attribute) and cible.attr == "etat":
                    fautes.append(f"{fichier.relative_to(RACINE)}:{noeud.lineno}")
    # a contact is not an object of the workflow: its `etat` says whether a number works
    assert fautes == [f for f in fautes if f.startswith("signalements/services.py")]
    assert len(fautes) <= 1


def test_les_gabarits_servent():
    """Every template of the project is named by a view, a template, or the library that it overrides."""
    sources = "\n".join(f.read_text() for f in FICHIERS)
    gabarits = [f for f in (RACINE / "templates").rglob("*") if f.is_file() and f.suffix in {".html", ".txt"}]
    sources += "\n".join(f.read_text() for f in gabarits)
    surcharges = {
        "dsfr",
        "account",
        "mfa",
        "socialaccount",
        "allauth",
        "usersessions",
        "admin",
        "django",
        "courriels",
        "import_export",
    }
    surcharges.add("composants")  # a library for all pages, rendered piece by piece in test_web
    erreurs = {"400.html", "403.html", "404.html", "500.html", "429.html"}
    inutiles = []
    for gabarit in gabarits:
        nom = gabarit.relative_to(RACINE / "templates")
        if nom.parts[0] in surcharges or str(nom) in erreurs:
            continue
        if not re.search(rf"[\"']{re.escape(str(nom))}[\"']", sources):
            inutiles.append(str(nom))
    assert not inutiles


def test_chaque_modele_nominatif_dit_son_perimetre():
    for modele in apps.get_models():
        if hasattr(modele.objects, "visibles_par"):
            assert modele.PERIMETRE.lecture, modele


def test_aucun_chemin_de_machine_ni_nom_de_depot():
    """No absolute path of a machine and no package-registry host in what is committed."""
    interdits = re.compile(
        "|".join(
            [
                "/" + "work/",
                "/" + "root/",
                "pypi" + r"\.org",
                "pythonhosted" + r"\.org",
                "registry" + r"\.npmjs",
            ]
        )
    )
    suffixes = {".py", ".md", ".toml", ".lock", ".html", ".txt", ".yaml", ".yml", ".json", ".csv", ".sh", ""}
    fautes = []
    for fichier in RACINE.rglob("*"):
        relatif = fichier.relative_to(RACINE)
        if (
            relatif.parts[0] in {".git", ".venv", "var", "staticfiles"}
            or not fichier.is_file()
            or fichier.suffix not in suffixes
        ):
            continue
        if "__pycache__" in relatif.parts or relatif.parts[0].startswith(".") and relatif.parts[0] != ".ci":
            continue
        if interdits.search(fichier.read_text(errors="ignore")):
            fautes.append(str(relatif))
    assert not fautes
