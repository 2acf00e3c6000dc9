"""Does the time of an answer tell that a jeune is known elsewhere? `python benchmarks/non_interference.py --paires 200`.

On the base of `benchmarks/gab.py` (made if it does not exist). Each pair is two invented people, one of whom another
structure, out of the reader's scope, has just reported; which one is drawn by lot, and so is who comes first. A person of a
school then asks about each, in turn: the check before sending, the sending, a list of one row, the search by name. The
automatic zone joins the known one, silently. Prints, for each request, both medians, their gap and its 95 % interval
(bootstrap): decisions.md asks for a gap of the medians under 10 ms.
"""

import argparse
import random
import statistics
import sys
import time
from datetime import date
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmarks.gab import client, preparer, remplir  # noqa: E402

TIRAGES = 2_000
RECHERCHE = "/jeunes/"


def declarants():
    """Two people who report: one of a school, one of a school of another bassin."""
    from qualit.territoire.models import Adhesion, Structure, Utilisateur
    from qualit.territoire.roles import Role

    # drawn by lot: a school whose lists were measured before holds more reports than a school does
    ecoles = Structure.objects.declarantes().exclude(uai="").exclude(bassin=None).order_by("?")
    ici = ecoles.first()
    for structure in (ici, ecoles.exclude(bassin=ici.bassin).first()):
        qui = Utilisateur.objects.create_user(
            f"ecole-{time.time()}@example.invalid", prenom="Banc", nom="École"
        )
        Adhesion.objects.create(utilisateur=qui, role=Role.SIGNALEUR, structure=structure)
        qui.charte_version, qui.charte_le = "2026-09", "2026-09-01T08:00:00Z"
        qui.save()
        yield Utilisateur.objects.get(pk=qui.pk), structure


def personne(fabrique):
    """One invented jeune of 17 to 20, as `tests.listes` writes them in a row."""
    from tests.listes import jeune

    prenom = fabrique.prenom(fabrique.rng.choice("MF"), 2008)
    return jeune(fabrique.rng, date.today()) | {"nom": fabrique.nom(), "prenom": prenom, "ine": ""}


def saisie(jeune):
    """The form of the entry, filled in with this jeune."""
    from tests.saisie import formulaire

    return formulaire(
        nom_naissance=jeune["nom"],
        prenom=jeune["prenom"],
        date_naissance=f"{jeune['naissance']:%d/%m/%Y}",
        sexe=jeune["sexe"],
        **{"contacts-0-valeur": jeune["telephone"]},
    )


def demandes(agent, qui, structure, un, autre):
    """[(name, request)] about one jeune, and the list whose only row is another."""
    from dedoublonnage.imports import reponses, services
    from tests.listes import csv_de, rangees

    form, liste = saisie(un), csv_de(rangees([autre]))

    def importer():
        lot = services.deposer(structure, "liste.csv", liste, par=qui)
        services.choisir_colonnes(lot, {c.rang: c.champ for c in services.colonnes(lot)}, {}, par=qui)
        services.demarrer_lecture(lot, par=qui)
        services.mener_a_bien(lot)
        reponses.ne_pas_savoir(lot)
        services.confirmer(lot, par=qui)
        services.mener_a_bien(lot)
        assert services.comptes(lot)["importees"] == 1

    return [
        ("contrôle avant l’envoi", lambda: agent.post("/identites/apercu/", form)),
        ("recherche par nom", lambda: agent.post(RECHERCHE, {"quoi": f"{un['nom']} {un['prenom']}"})),
        ("envoi", lambda: agent.post("/identites/envoyer/", form)),
        ("liste d’une ligne", importer),
    ]


def ecart(connus, inconnus, rng):
    """(gap of the medians in ms, bounds of its 95 % interval by bootstrap over the pairs)."""
    tirages = sorted(
        statistics.median(connus[i] for i in rangs) - statistics.median(inconnus[i] for i in rangs)
        for rangs in (rng.choices(range(len(connus)), k=len(connus)) for _ in range(TIRAGES))
    )
    gap = statistics.median(connus) - statistics.median(inconnus)
    return gap, tirages[TIRAGES // 40], tirages[-TIRAGES // 40]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--paires", type=int, default=200)
    arguments.add_argument("--jeunes", type=int, default=200_000)
    options = arguments.parse_args()
    preparer(garder=True)
    remplir(options.jeunes)
    from django.conf import settings
    from django.core.cache import cache

    from signalements.models import Signalement
    from statistiques.demo.personnes import Fabrique

    settings.ALLOWED_HOSTS = ["*"]
    (qui, structure), (dehors, _) = declarants()
    agent, ailleurs = client(qui), client(dehors)
    rng = random.Random()
    fabrique = Fabrique(rng, date(1995, 1, 1), date(2010, 12, 31))
    temps, joints = {}, 0
    ecartees = 0
    while joints < options.paires:
        ordre = [True, False]
        rng.shuffle(ordre)
        mesures, sans_question, joint = [], True, False
        for connu in ordre:
            cache.clear()  # the limits of requests of one person
            deux = personne(fabrique), personne(fabrique)
            if connu:
                for jeune in deux:
                    sans_question &= ailleurs.post("/identites/envoyer/", saisie(jeune)).status_code == 302
            for nom, demander in demandes(agent, qui, structure, *deux):
                debut = time.perf_counter()
                reponse = demander()
                mesures.append((nom, connu, 1000 * (time.perf_counter() - debut)))
                assert reponse is None or reponse.status_code in (200, 302), (nom, reponse.status_code)
            meme = Signalement.objects.filter(nom_naissance=deux[0]["nom"], prenom=deux[0]["prenom"])
            meme = meme.filter(date_naissance=deux[0]["naissance"], structure=structure)
            rattachement = meme.get().rattachements.actifs().first()  # none when the sender must answer first
            sans_question &= rattachement is not None
            if connu and rattachement is not None:
                joint = rattachement.jeune.rattachements.actifs().count() > 1
        if not (sans_question and joint):  # an invented person looks like one of the base: nothing to compare
            ecartees += 1
            continue
        joints += 1
        for nom, connu, duree in mesures:
            temps.setdefault(nom, {True: [], False: []})[connu].append(duree)
    print(
        f"{joints} paires, dont un jeune connu ailleurs et joint en silence ; {ecartees} écartées (une question posée)"
    )
    print(f"{'demande':24} {'connu':>8} {'inconnu':>8} {'écart':>7}  intervalle à 95 % (ms)")
    for nom, mesures in temps.items():
        gap, bas, haut = ecart(mesures[True], mesures[False], rng)
        medianes = statistics.median(mesures[True]), statistics.median(mesures[False])
        print("{:24} {:8.1f} {:8.1f} {:7.1f}  [{:.1f} ; {:.1f}]".format(nom, *medianes, gap, bas, haut))


if __name__ == "__main__":
    main()
