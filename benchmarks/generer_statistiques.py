"""Write, in SQL, as many invented dossiers as asked: for the benchmark of the statistics, and to look at the pages.

People have no identity worth the name here (`JEUNE 12`): only the shape matters (70 % of the reports from September to
December, 8 % reported twice, about 70 % with a solution, out of scope, convened, commissioned).
"""

import re
from pathlib import Path

from django.apps import apps
from django.db import connection, transaction

ETAPES = Path(__file__).with_suffix(".sql").read_text().split("\n\n")[1:]


def completer(requete):
    """Add to an INSERT the columns that are not null and that it does not name, with the default of their field."""
    trouve = re.match(r"INSERT INTO (\w+) \((.*?)\)\s+SELECT ", requete, re.S)
    if not trouve:
        return requete, []
    modele = next(m for m in apps.get_models() if m._meta.db_table == trouve[1])
    nommees = set(re.findall(r"\w+", trouve[2]))
    manquants = [
        champ
        for champ in modele._meta.concrete_fields
        if not champ.null and not champ.primary_key and champ.column not in nommees
    ]
    if not manquants:
        return requete, []
    colonnes = ", ".join(champ.column for champ in manquants)
    fin = requete[trouve.end() :]
    places = ", ".join(
        # a reference must differ in each row
        "upper(lpad(to_hex(nextval('generation_reference')), 8, '0'))"
        if champ.name == "reference"
        else f"%(defaut_{champ.column})s"
        for champ in manquants
    )
    return f"INSERT INTO {trouve[1]} ({colonnes}, {trouve[2]}) SELECT {places}, {fin}", manquants


def generer(jeunes, campagnes=10, premiere=2017, lot=100_000, debut=1, dire=lambda texte: None):
    """Write the jeunes number `debut` to `jeunes` over `campagnes` campaigns; the triggers queue them as they would any."""
    with connection.cursor() as curseur:
        curseur.execute("CREATE SEQUENCE IF NOT EXISTS generation_reference START 16777216")
    for premier in range(debut, jeunes + 1, lot):
        dernier = min(premier + lot - 1, jeunes)
        with transaction.atomic(), connection.cursor() as curseur:
            curseur.execute("SELECT setseed(%s)", [0.5 / premier])
            for etape in ETAPES:
                parametres = {
                    "debut": premier,
                    "fin": dernier,
                    "campagnes": campagnes,
                    "premiere": premiere,
                }
                requete, manquants = completer(etape)
                for champ in manquants:
                    parametres[f"defaut_{champ.column}"] = champ.get_default()
                curseur.execute(requete, parametres)
        dire(f"{dernier} jeunes")
    with connection.cursor() as curseur:
        curseur.execute("ANALYZE")
