"""Opening the portal in a real Chromium: 300 structures, then 3 000 invitations, from two files, in one session.

    make demo PORT=8123                                  # in another terminal, which prints the password; then
    .venv/bin/python benchmarks/ouverture.py --adresse http://127.0.0.1:8123 --mot-de-passe MOT_DE_PASSE

Signs in as the demonstration's rectorat, imports both files as a person would (choose, look at the preview, confirm) and
prints the time of each step. The structures and people are invented; they stay in the demonstration's base.
"""

import argparse
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from qualit.territoire.controles import cle_modulo_23

TYPES = ["Lycée polyvalent", "Lycée professionnel", "CFA", "Collège", "Mission locale", "MFR"]


def generer(dossier, communes, structures=300, invitations=3000, depart=0):
    """Write the two files; returns their paths. communes: INSEE codes; UAI of no real département (99x)."""
    uai = []
    for rang in range(structures):
        chiffres = f"99{depart + rang:05d}"
        uai.append(chiffres + cle_modulo_23(chiffres))
    lignes = ["UAI;Nom;Type;Code commune;Téléphone;Courriel"]
    for rang, numero in enumerate(uai):
        lignes.append(
            f"{numero};Établissement d’essai {depart + rang};{TYPES[rang % len(TYPES)]};"
            f"{communes[rang % len(communes)]};02 61 91 00 00;etab{depart + rang}@example.invalid"
        )
    une = Path(dossier) / "structures.csv"
    une.write_text("\n".join(lignes), encoding="utf-8-sig")
    lignes = ["courriel;prénom;nom;rôle;UAI"]
    for rang in range(invitations):
        role = "Administrateur de l’établissement" if rang < structures else "Déclarant"
        lignes.append(
            f"agent{depart + rang}@example.invalid;Prénom{rang};Nom{rang};{role};{uai[rang % structures]}"
        )
    deux = Path(dossier) / "invitations.csv"
    deux.write_text("\n".join(lignes), encoding="utf-8-sig")
    return une, deux


def ouvrir(page, fichier_structures, fichier_invitations):
    """Both imports on a signed-in page of the rectorat: {step: seconds} and the two sentences of the portal."""
    temps, phrases = {}, {}

    def etape(nom, depuis):
        temps[nom] = time.perf_counter() - depuis

    debut = time.perf_counter()
    page.goto("/territoire/structures/importer/")
    page.locator("input[type=file]").set_input_files(fichier_structures)
    page.get_by_role("button", name="Voir ce qui change").click()
    page.get_by_role("button", name="Appliquer ces changements").wait_for()
    etape("aperçu des structures", debut)
    depuis = time.perf_counter()
    page.get_by_role("button", name="Appliquer ces changements").click()
    page.get_by_text(re.compile("structures ajoutées")).wait_for()
    phrases["structures"] = page.locator(".fr-alert").first.inner_text()
    etape("structures enregistrées", depuis)
    depuis = time.perf_counter()
    page.goto("/territoire/equipe/inviter-une-liste/")
    page.locator("input[type=file]").set_input_files(fichier_invitations)
    page.get_by_role("button", name="Vérifier la liste").click()
    page.get_by_role("button", name=re.compile("^Inviter ")).click()
    page.get_by_text(re.compile("invitations envoyées")).wait_for()
    phrases["invitations"] = page.locator(".fr-alert").first.inner_text()
    etape("invitations envoyées", depuis)
    temps["en tout"] = time.perf_counter() - debut
    return temps, phrases


def main():
    from playwright.sync_api import sync_playwright

    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--adresse", default="http://127.0.0.1:8000")
    arguments.add_argument("--courriel", default="rectorat.pilote@demo.invalid")
    arguments.add_argument("--mot-de-passe", required=True, help="que « make demo » affiche")
    arguments.add_argument("--communes", default="14118,14366,50502,61001", help="codes INSEE")
    options = arguments.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as dossier, sync_playwright() as playwright:
        fichiers = generer(dossier, options.communes.split(","), depart=int(time.time()) % 99_000)
        navigateur = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        contexte = navigateur.new_context(locale="fr-FR", base_url=options.adresse)
        contexte.set_default_timeout(300_000)
        page = contexte.new_page()
        page.goto("/compte/login/")
        page.locator("[name=login]").fill(options.courriel)
        page.locator("[name=password]").fill(options.mot_de_passe)
        page.get_by_role("button", name="Se connecter", exact=True).last.click()
        page.get_by_role("button", name="Se déconnecter").wait_for()
        temps, phrases = ouvrir(page, *fichiers)
        navigateur.close()
    for nom, secondes in temps.items():
        print(f"{nom:28} {secondes:6.1f} s")
    print(*phrases.values(), sep="\n")


if __name__ == "__main__":
    main()
