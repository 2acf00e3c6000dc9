"""The rules of who reads what, written a second time over plain rows, against `visibles_par` on random territories.

`lit_dossier` and `lit_signalement` come from domaine.md §2 and decisions.md 9-14, not from droits.py: they know no queryset.
"""

import random
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from dedoublonnage.models import Jeune
from gab.models import Dossier, LigneSeance, Mission, PartageDossier, Seance, Transfert, Versement
from qualit.territoire.models import Academie, Adhesion, Bassin, Structure, Utilisateur
from qualit.territoire.roles import SIEGE_DU_ROLE, Role
from signalements.models import Signalement

pytestmark = pytest.mark.django_db
LUES = {"proposee", "acceptee", "terminee"}


def en_vigueur(adhesion, jour):
    return (
        adhesion.debut <= jour
        and (adhesion.fin is None or adhesion.fin >= jour)
        and adhesion.utilisateur.is_active
    )


def lit_dossier(personne, d, f):
    """Whether this person reads this dossier. f: the facts, as lists of rows."""
    mes = [a for a in f.adhesions if a.utilisateur_id == personne.pk and en_vigueur(a, f.jour)]
    for a in mes:
        if a.role in ("coordinateur_gab", "membre_gab"):
            b = a.bassin_id
            if d.bassin_id == b or any(s.structure.bassin_id == b for s in f.signalements_de[d.pk]):
                return True
            for t in f.transferts_de[d.pk]:
                if t.vers_id == b and t.etat == "propose":
                    return True
                if t.de_id == b and t.etat == "accepte" and t.lisible_jusqu_au >= f.jour:
                    return True
        if a.role == "operateur" and any(
            m.structure_id == a.structure_id and m.etat in LUES and not m.a_confirmer
            for m in f.missions_de[d.pk]
        ):
            return True
        if a.role == "rectorat_pilote" and d.bassin.academie_id == a.academie_id:
            return True
        if a.role == "invite_seance" and any(
            s.etat in ("preparee", "ouverte", "close") and personne.pk in f.invites[s.pk]
            for s in f.seances_de[d.pk]
        ):
            return True
    return partage(personne, d, f, mes)


def partage(personne, d, f, mes):
    """Whether a share in force, accepted, reaches this person or a structure where they handle names."""
    nominatifs = [
        a for a in mes if a.role not in ("rectorat_lecture", "partenaire", "dpo", "admin_technique")
    ]
    return bool(nominatifs) and any(
        p.accepte_le
        and not p.revoque_le
        and p.debut <= f.jour <= p.fin
        and (
            p.user_id == personne.pk
            or p.structure_id in {a.structure_id for a in nominatifs if a.structure_id}
        )
        for p in f.partages_de[d.pk]
    )


def lit_signalement(personne, s, f):
    """Whether this person reads this report."""
    mes = [a for a in f.adhesions if a.utilisateur_id == personne.pk and en_vigueur(a, f.jour)]
    d = f.dossier_de.get(s.pk)
    for a in mes:
        if a.role in ("signaleur", "referent_structure", "operateur") and s.structure_id == a.structure_id:
            return True
        if (
            a.role == "operateur"
            and d is not None
            and any(
                m.structure_id == a.structure_id and m.etat in LUES and not m.a_confirmer
                for m in f.missions_de[d.pk]
            )
        ):
            return True
        if a.role in ("coordinateur_gab", "membre_gab"):
            if s.envoye_le and a.bassin_id in (s.bassin_id, s.structure.bassin_id):
                return True
            if d is not None and d.bassin_id == a.bassin_id:
                return True
            for t in f.transferts_de[d.pk] if d is not None else ():
                if t.vers_id == a.bassin_id and t.etat == "propose":
                    return True
                if t.de_id == a.bassin_id and t.etat == "accepte" and t.lisible_jusqu_au >= f.jour:
                    return True
        if a.role == "rectorat_pilote" and s.envoye_le and s.bassin.academie_id == a.academie_id:
            return True
        if (
            a.role == "invite_seance"
            and d is not None
            and any(
                x.etat in ("preparee", "ouverte", "close") and personne.pk in f.invites[x.pk]
                for x in f.seances_de[d.pk]
            )
        ):
            return True
    return d is not None and partage(personne, d, f, mes)


class Faits:
    """A random territory in the database, and its rows as lists."""

    def __init__(self, graine, personnes, dossiers):
        h = self.hasard = random.Random(graine)
        self.jour, maintenant = timezone.localdate(), timezone.now()
        academies = [Academie.objects.create(code=f"A{i}", nom=f"A{i}") for i in range(2)]
        bassins = [
            Bassin.objects.create(code=f"b{i}", nom=f"B{i}", academie=academies[i % 2]) for i in range(6)
        ]
        structures = [
            Structure.objects.create(
                code=f"S{i}", nom=f"S{i}", type=h.choice(["lp", "mission_locale"]), bassin=h.choice(bassins),
                academie=academies[0],
            )
            for i in range(16)
        ]  # fmt: skip
        for s in structures:
            Structure.objects.filter(pk=s.pk).update(academie=s.bassin.academie)
        self.personnes = Utilisateur.objects.bulk_create(
            [
                Utilisateur(
                    email=f"p{i}@example.invalid", prenom="P", nom=str(i), is_active=h.random() > 0.05
                )
                for i in range(personnes)
            ]
        )
        sieges = {"structure": structures, "bassin": bassins, "academie": academies}
        for p in self.personnes:
            for _ in range(h.choice([0, 1, 1, 1, 2, 3])):
                role = h.choice(list(Role))
                debut = self.jour + timedelta(days=h.choice([-400, -30, 0, 1]))
                fin = h.choice(
                    [None, None, self.jour, self.jour - timedelta(days=1), self.jour + timedelta(days=9)]
                )
                if fin is not None and fin < debut:
                    fin = None
                champ = SIEGE_DU_ROLE[role]
                Adhesion.objects.create(
                    utilisateur=p, role=role, debut=debut, fin=fin, **{champ: h.choice(sieges[champ])}
                )
        auteur, permission = self.personnes[0], Permission.objects.get(codename="voir_dossier")
        seances = [
            Seance.objects.create(
                bassin=h.choice(bassins), quand=maintenant, etat=h.choice(Seance.Etat.values)
            )
            for _ in range(10)
        ]
        for s in seances:
            s.invites.set(h.sample(self.personnes, min(5, personnes)))
        for i in range(dossiers):
            jeune = Jeune.objects.create()
            d = Dossier.objects.create(jeune=jeune, bassin=h.choice(bassins), premier_envoi_le=maintenant)
            for _ in range(h.choice([0, 1, 1, 2])):
                Versement.objects.create(
                    dossier=d, signalement=self._signalement(structures, bassins, envoye=True)
                )
            for structure in h.sample(structures, h.choice([0, 0, 1, 2])):
                Mission.objects.create(
                    dossier=d, structure=structure, etat=h.choice(Mission.Etat.values), motif_refus="autre",
                    a_confirmer=h.random() < 0.2, expire_le=self.jour,
                )  # fmt: skip
            if h.random() < 0.6:  # those that let somebody read are the rare ones: the others only stand by
                de, vers = h.sample(bassins, 2)
                etat = h.choice([Transfert.Etat.PROPOSE, Transfert.Etat.ACCEPTE, *Transfert.Etat.values])
                Transfert.objects.create(
                    dossier=d, de=de, vers=vers, etat=etat, motif="m",
                    lisible_jusqu_au=self.jour + timedelta(days=h.choice([-1, 0, 30])),
                )  # fmt: skip
            if h.random() < 0.3:
                LigneSeance.objects.create(seance=h.choice(seances), dossier=d, ordre=i)
            if h.random() < 0.4:
                debut = self.jour + timedelta(days=h.choice([-9, 0, 1]))
                cible = (
                    {"user": h.choice(self.personnes)}
                    if h.random() < 0.5
                    else {"structure": h.choice(structures)}
                )
                PartageDossier.objects.create(
                    content_object=d, permission=permission, motif="m", accorde_par=auteur, debut=debut,
                    fin=max(debut, self.jour + timedelta(days=h.choice([-1, 0, 9]))),
                    accepte_le=h.choice([None, maintenant, maintenant]),
                    revoque_le=h.choice([None, None, None, maintenant]), **cible,
                )  # fmt: skip
        for _ in range(dossiers // 4):
            self._signalement(structures, bassins, envoye=False)
        self._lire()

    def _signalement(self, structures, bassins, *, envoye):
        return Signalement.objects.create(
            structure=self.hasard.choice(structures),
            bassin=self.hasard.choice(bassins),
            auteur=self.personnes[0],
            nom_naissance="N",
            prenom="P",
            **({"etat": "envoye", "envoye_le": timezone.now()} if envoye else {}),
        )

    def _lire(self):
        def par_dossier(lignes, cle="dossier_id"):
            groupes = {d.pk: [] for d in self.dossiers}
            for ligne in lignes:
                groupes[getattr(ligne, cle)].append(ligne)
            return groupes

        self.dossiers = list(Dossier.objects.select_related("bassin"))
        self.signalements = list(Signalement.objects.select_related("structure", "bassin"))
        self.adhesions = list(Adhesion.objects.select_related("utilisateur"))
        self.missions_de = par_dossier(Mission.objects.all())
        self.transferts_de = par_dossier(Transfert.objects.all())
        self.partages_de = par_dossier(PartageDossier.objects.all(), "content_object_id")
        lignes = LigneSeance.objects.select_related("seance")
        self.seances_de = {d: [x.seance for x in ls] for d, ls in par_dossier(lignes).items()}
        self.invites = {s.pk: set(s.invites.values_list("pk", flat=True)) for s in Seance.objects.all()}
        versements = list(Versement.objects.select_related("signalement__structure", "dossier__bassin"))
        self.dossier_de = {v.signalement_id: v.dossier for v in versements}
        self.signalements_de = {d.pk: [] for d in self.dossiers}
        for v in versements:
            self.signalements_de[v.dossier_id].append(v.signalement)


def comparer(faits):
    """Compare both answers on every (person, object) pair; returns (pairs, pairs that read)."""
    paires = lues = 0
    for modele, objets, lit in (
        (Dossier, faits.dossiers, lit_dossier),
        (Signalement, faits.signalements, lit_signalement),
    ):
        for personne in faits.personnes:
            relue = type(personne).objects.get(pk=personne.pk)  # as at each request: nothing kept from before
            vus = set(modele.objects.visibles_par(relue).values_list("pk", flat=True))
            attendus = {o.pk for o in objets if lit(personne, o, faits)}
            roles = list(personne.adhesions.values_list("role", flat=True))
            assert vus == attendus, f"{modele.__name__} {roles} : {sorted(vus ^ attendus)[:3]}"
            paires += len(objets)
            lues += len(vus)
    return paires, lues


def test_l_oracle_dit_la_meme_chose():
    paires, lues = comparer(Faits(graine=1, personnes=50, dossiers=40))
    assert paires > 4_000 and 0.02 < lues / paires < 0.6


@pytest.mark.long
def test_l_oracle_dit_la_meme_chose_en_grand():
    total = 0
    for graine in range(3):
        for modele in (PartageDossier, LigneSeance, Seance, Transfert, Mission, Versement, Dossier, Jeune, Signalement,
                       Adhesion, Structure, Bassin, Academie, Utilisateur):  # fmt: skip
            modele.objects.all().delete()
        total += comparer(Faits(graine=graine, personnes=200, dossiers=110))[0]
    assert total >= 100_000
