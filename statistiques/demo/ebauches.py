"""Rows in the making: fields and changes of state are gathered first, then written table by table.

A demonstration replays three years in a minute: the services would take an hour, so states are given here at
birth, with the very passages that the services would have written.
"""

from qualit.copie import copier, copier_lignes
from qualit.journal.models import Passage


class Ebauche:
    """A row to be: its model, its fields, the changes of state that it went through."""

    __slots__ = ("champs", "instance", "modele", "passages")

    def __init__(self, modele, **champs):
        self.modele = modele
        self.champs = champs
        self.passages = []
        self.instance = None

    def __getitem__(self, champ):
        return self.champs[champ]

    def poser(self, **champs):
        """Set fields."""
        self.champs.update(champs)

    def passer(self, action, vers, quand, par=None, motif=""):
        """Take a transition on that day: the state of the row and its history."""
        self.passages.append((action, self.champs.get("etat", ""), vers, quand, par, motif))
        self.champs["etat"] = vers

    def naitre(self):
        """The instance, once the rows that it points at are born."""
        self.instance = self.modele(
            **{c: v.instance if isinstance(v, Ebauche) else v for c, v in self.champs.items()}
        )
        return self.instance


class Registre:
    """All the rows of a loading, by model in the order of their first use."""

    def __init__(self):
        self.lignes = {}

    def noter(self, modele, **champs):
        """A new `Ebauche` of that model."""
        ebauche = Ebauche(modele, **champs)
        self.lignes.setdefault(modele, []).append(ebauche)
        return ebauche

    def de(self, modele):
        return self.lignes.get(modele, [])

    def ecrire(self, ordre, preparer=None):
        """Write the models of `ordre`, in that order, then their passages; returns rows written by model.

        preparer(instance): called on each instance before it is written (what `save()` would have worked out).
        """
        nombres = {}
        for modele in ordre:
            instances = [e.naitre() for e in self.de(modele)]
            for instance in instances:
                if preparer is not None:
                    preparer(instance)
            copier(modele, instances)
            nombres[modele] = len(instances)
        passages = sorted(
            (
                (
                    quand,
                    quand,
                    modele._meta.label_lower,
                    ebauche.instance.pk,
                    action,
                    de,
                    vers,
                    par and par.pk,
                    motif,
                    "",
                )
                for modele in ordre
                for ebauche in self.de(modele)
                for action, de, vers, quand, par, motif in ebauche.passages
            ),
            key=lambda passage: passage[0],
        )
        copier_lignes(
            Passage,
            ("quand", "survenu_le", "objet_type", "objet_id", "action", "de", "vers", "par", "motif", "role"),
            passages,
        )
        nombres[Passage] = len(passages)
        return nombres
