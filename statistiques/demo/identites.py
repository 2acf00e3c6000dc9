"""The identities of the demonstration, seen by the engine: prepared forms, scores, reasons, keys."""

from dedoublonnage import blocage
from dedoublonnage.models import Empreinte, Rattachement
from dedoublonnage.normalisation import Identite, preparer
from dedoublonnage.score import Contexte, Modele
from dedoublonnage.services import en_clair
from signalements.models import Contact


class Regard:
    """The engine, for one loading: prepares each report once and compares two of them."""

    def __init__(self, taille):
        self.modele = Modele.charger()
        self.contexte = Contexte(taille=taille)
        self.preparees = {}

    def voir(self, signalement, contacts):
        """Prepare a report (an `Ebauche`) from its fields and its contacts [(type, normalised value)]."""
        champs = signalement.champs
        self.preparees[signalement] = preparer(
            Identite(
                nom_naissance=champs["nom_naissance"],
                nom_usage=champs["nom_usage"],
                prenom=champs["prenom"],
                autres_prenoms=champs["autres_prenoms"],
                date_naissance=champs["date_naissance"],
                sexe=champs["sexe"],
                commune_naissance=champs["commune_naissance"],
                commune_naissance_insee=champs["commune_naissance_insee"],
                ine=champs["ine"],
                telephones=tuple(v for t, v in contacts if t == Contact.Type.TELEPHONE),
                courriels=tuple(v for t, v in contacts if t == Contact.Type.COURRIEL),
                adresse=champs["adresse"],
                code_postal=champs["code_postal"],
                commune=champs["ville"],
                structure_uai=champs["structure"].uai,
            )
        )

    def comparer(self, a, b):
        """The `Evaluation` of two reports."""
        return self.modele.evaluer(self.preparees[a], self.preparees[b], self.contexte)

    def expliquer(self, ebauche, evaluation):
        """Write the score and its reasons in an attachment or a pair."""
        ebauche.poser(
            probabilite=evaluation.probabilite,
            contributions=en_clair(evaluation.contributions),
            modele=self.modele.version,
        )

    def memoriser(self, registre):
        """One `Empreinte` for each attached report."""
        for rattachement in registre.de(Rattachement):
            signalement = rattachement["signalement"]
            preparee = self.preparees[signalement]
            registre.noter(
                Empreinte,
                signalement=signalement,
                jeune=rattachement["jeune"],
                cles=blocage.cles(preparee),
                preparee=preparee.vers_json(),
                date_naissance=signalement["date_naissance"],
            )
