"""The campaign 2009-2010 recovered from its paper slips, through the very engine of the entry form.

Each slip is entered in the order of its date. When the engine asks whether two jeunes are one, the answer that the
people of 2010 gave, recorded beside the slips, goes through the arbiter's service. Nothing else joins two slips.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q
from django.utils import timezone
from django.utils.dateparse import parse_date

from dedoublonnage import arbitrage
from dedoublonnage.models import Empreinte, Jeune, Paire, Rattachement
from dedoublonnage.services import rafraichir_instantane, rapprocher
from gab.models import ETATS_OUVERTS, Dossier, Versement
from gab.services import avancer
from qualit.copie import analyser
from qualit.journal.models import Passage
from qualit.notifications.services import en_silence
from qualit.territoire import nomenclatures
from qualit.territoire.models import Academie, Adhesion, Bassin, Commune, Structure, Utilisateur
from qualit.territoire.roles import Role
from signalements.controles import numero_lisible, numero_normalise
from signalements.models import Contact, EtatSignalement, Origine, Signalement
from signalements.services import situer
from suivi.models import Devenir
from suivi.services import VALIDITE

FIN_DE_CAMPAGNE = date(2010, 6, 30)
COURRIEL = "reprise-2009@qualit.invalid"
PAS_INSTANTANE = 400  # slips between two snapshots of name frequencies: the base starts empty
TABLES = [Signalement, Contact, Jeune, Rattachement, Empreinte, Paire, Dossier, Versement, Passage]


@dataclass
class Bilan:
    """What the engine made of the slips, and the figures of the campaign as the database now gives them."""

    fiches: int = 0
    automatiques: int = 0
    demandes: int = 0
    memes: int = 0
    differents: int = 0
    sans_reponse: int = 0
    manques: int = 0
    joints_a_tort: int = 0
    jeunes: int = 0
    avec_solution: int = 0
    septembre_decembre: int = 0

    @property
    def part_avec_solution(self):
        return 100 * self.avec_solution / self.jeunes

    @property
    def part_septembre_decembre(self):
        return 100 * self.septembre_decembre / self.jeunes


class Reprise:
    """One recovery. repondre(slip, slip): True, False, or None when nobody had compared them."""

    def __init__(self, fiches, repondre, suivre=None):
        self.fiches = fiches
        self.repondre = repondre
        self.suivre = suivre or (lambda faites: None)
        self.questions = {}  # (slip, slip) → answer, for the pairs that the engine asked
        self.numeros = {}  # report's primary key → slip number
        self.bilan = Bilan()

    @transaction.atomic
    def charger(self):
        """Enter every slip, then what became of each jeune; returns the `Bilan` (without `manques`)."""
        self.structures = {
            s.code: s for s in Structure.objects.select_related("bassin__academie", "academie")
        }
        self.communes = {
            (cp, c.nom): c
            for c in Commune.objects.filter(bassin__isnull=False, actuelle=None).select_related(
                "bassin__academie"
            )
            for cp in c.codes_postaux
        }
        with en_silence():
            agent = self._arriver()
            for rang, fiche in enumerate(self.fiches):
                if rang % PAS_INSTANTANE == 0:
                    rafraichir_instantane()
                    analyser(TABLES)
                    self.suivre(rang)
                self._entrer(fiche, agent)
            analyser(TABLES)
            self._devenirs(agent)
            self._clore(agent)
            self._partir(agent)
            rafraichir_instantane()
        self._compter()
        return self.bilan

    def _arriver(self):
        """The account of the recovery, with the rights of an arbiter for the day."""
        agent = Utilisateur.objects.filter(email=COURRIEL).first() or Utilisateur.objects.create_user(
            COURRIEL,
            prenom="Reprise",
            nom="2009-2010",
            fonction="Reprise des fiches de la campagne 2009-2010",
        )
        Utilisateur.objects.filter(pk=agent.pk).update(is_active=True)
        agent.is_active = True
        jour = timezone.localdate()
        Adhesion.objects.bulk_create(
            [
                Adhesion(utilisateur=agent, role=Role.COORDINATEUR_GAB, bassin=b, fin=jour)
                for b in Bassin.objects.all()
            ]
            + [
                Adhesion(utilisateur=agent, role=Role.RECTORAT_PILOTE, academie=a, fin=jour)
                for a in Academie.objects.all()
            ]
        )
        return agent

    @staticmethod
    def _partir(agent):
        agent.adhesions.all().delete()
        Utilisateur.objects.filter(pk=agent.pk).update(is_active=False)

    def _entrer(self, fiche, agent):
        """One slip: the report as written, its attachment by the engine, the answers to its questions."""
        structure = self.structures[fiche.structure]
        jour = parse_date(fiche.date)
        signalement = Signalement(
            origine=Origine.REPRISE,
            etat=EtatSignalement.RECEVABLE,
            structure=structure,
            auteur=agent,
            nom_naissance=fiche.nom_naissance,
            nom_usage=fiche.nom_usage,
            prenom=fiche.prenom,
            autres_prenoms=fiche.autres_prenoms,
            sexe=fiche.sexe,
            date_naissance=parse_date(fiche.date_naissance) if fiche.date_naissance else None,
            commune_naissance=fiche.commune_naissance,
            commune_naissance_insee=fiche.commune_naissance_insee,
            ine=fiche.ine,
            adresse=fiche.adresse,
            code_postal=fiche.code_postal,
            ville=fiche.ville,
            commune=self.communes.get((fiche.code_postal, fiche.ville)),
            classe=fiche.classe,
            niveau=fiche.niveau,
            statut=fiche.statut,
            date_sortie=parse_date(fiche.date_sortie),
            envoye_le=timezone.make_aware(datetime.combine(jour, time(12))),
            trie_le=timezone.make_aware(datetime.combine(jour, time(12))),
        )
        if signalement.commune is None:
            situer(signalement)
        else:
            signalement.bassin = signalement.commune.bassin
        signalement.save()
        if fiche.telephone:
            normalisee = numero_normalise(fiche.telephone)
            Contact.objects.create(
                signalement=signalement,
                type=Contact.Type.TELEPHONE,
                valeur=numero_lisible(normalisee),
                normalisee=normalisee,
            )
        self.numeros[signalement.pk] = fiche.numero
        rattachement = rapprocher(signalement, par=agent)
        self.bilan.fiches += 1
        if rattachement.mode == Rattachement.Mode.AUTOMATIQUE:
            self.bilan.automatiques += 1
        self._repondre(rattachement.jeune, agent)

    def _repondre(self, jeune, agent):
        """Give the recorded answer to each question about this jeune; a merge may raise or settle others."""
        posees = set()
        while True:
            en_attente = Paire.objects.a_decider().filter(Q(a=jeune) | Q(b=jeune)).exclude(pk__in=posees)
            paire = en_attente.select_related("a", "b").first()
            if paire is None:
                return
            posees.add(paire.pk)
            couples = [
                tuple(sorted((x, y))) for x in self._fiches_de(paire.a) for y in self._fiches_de(paire.b)
            ]
            reponse = next((r for c in couples if (r := self.repondre(*c)) is not None), None)
            self.bilan.demandes += 1
            if reponse is None:
                self.bilan.sans_reponse += 1
                continue
            self.questions[couples[0]] = reponse
            if reponse:
                self.bilan.memes += 1
                fusion = arbitrage.confirmer_meme(paire, "Comparé à vue d’œil en 2010.", par=agent)
                jeune = fusion.garde
            else:
                self.bilan.differents += 1
                arbitrage.dire_differents(paire, "Comparé à vue d’œil en 2010.", par=agent)

    def _fiches_de(self, jeune):
        """Slips attached to a jeune, the latest first (it is the one that raised the question)."""
        rattaches = Rattachement.objects.actifs().filter(jeune=jeune).order_by("-signalement")
        return [
            self.numeros[pk] for pk in rattaches.values_list("signalement", flat=True) if pk in self.numeros
        ]

    def _dossiers_ouverts(self):
        """{slip number: open dossier of its jeune}: a merge may have closed the one that it was placed in."""
        ouverts = {d.jeune_id: d for d in Dossier.objects.filter(etat__in=ETATS_OUVERTS)}
        rattaches = Rattachement.objects.actifs().filter(signalement__in=list(self.numeros))
        return {
            self.numeros[pk]: ouverts.get(jeune)
            for pk, jeune in rattaches.values_list("signalement", "jeune")
        }

    def _devenirs(self, agent):
        """What the slips say became of each jeune: successive outcomes, the solution last."""
        par_dossier = {}
        dossiers = self._dossiers_ouverts()
        for fiche in self.fiches:
            if not fiche.devenir:
                continue
            terme = nomenclatures.terme("devenirs", fiche.devenir, parse_date(fiche.devenir_le))
            groupe = terme.plus.get("groupe", "")
            dossier = dossiers[fiche.numero]
            par_dossier.setdefault(dossier, []).append(
                (bool(groupe), parse_date(fiche.devenir_le), groupe, fiche)
            )
        for dossier, connus in par_dossier.items():
            connus.sort(key=lambda connu: connu[:2])
            maintenant = timezone.now()
            for rang, (solution, jour, groupe, fiche) in enumerate(connus):
                dernier = rang == len(connus) - 1
                Devenir.objects.create(
                    dossier=dossier,
                    code=fiche.devenir,
                    groupe=groupe,
                    date=jour,
                    source=Devenir.Source.STRUCTURE,
                    premier_rdv_le=jour if groupe == "accompagnement" else None,
                    verifie_le=jour,
                    valable_jusqu_au=jour + timedelta(days=VALIDITE[groupe]),
                    remplace_le=None if dernier else maintenant,
                    par=agent,
                )
                if dernier and solution:
                    survenu = timezone.make_aware(datetime.combine(jour, time(12)))
                    avancer(dossier, "trouver_solution", par=agent, systeme=True, survenu_le=survenu)

    def _clore(self, agent):
        """The campaign is over: its dossiers close on its last day."""
        fin = timezone.make_aware(datetime.combine(FIN_DE_CAMPAGNE, time(18)))
        for dossier in self._dossiers().filter(etat__in=ETATS_OUVERTS):
            motif = "solution_stable" if dossier.etat == "en_solution" else "autre"
            avancer(
                dossier,
                "clore",
                par=agent,
                systeme=True,
                motif=motif,
                survenu_le=fin,
                clos_le=fin,
                motif_cloture=motif,
            )

    def _dossiers(self):
        return Dossier.objects.filter(versements__signalement__in=list(self.numeros)).distinct()

    def _compter(self):
        """The figures, asked to the database: a jeune counts once, by the first of their reports."""
        bilan = self.bilan
        solutions = Devenir.objects.valables().filter(
            Q(groupe__in=["formation", "insertion"])
            | Q(groupe="accompagnement", premier_rdv_le__lte=FIN_DE_CAMPAGNE),
            dossier__jeune=OuterRef("pk"),
            date__lte=FIN_DE_CAMPAGNE,
        )
        jeunes = (
            Jeune.objects.vivants()
            .filter(
                rattachements__defait_le__isnull=True,
                rattachements__signalement__in=list(self.numeros),
            )
            .annotate(premier=Min("rattachements__signalement__envoye_le"), solution=Exists(solutions))
        )
        for premier, solution in jeunes.values_list("premier", "solution"):
            bilan.jeunes += 1
            bilan.avec_solution += solution
            bilan.septembre_decembre += 9 <= timezone.localdate(premier).month <= 12

    def confronter(self, verite):
        """Count what the truth alone can tell: {slip number: person}. `manques`: jeunes too many; `joints_a_tort`:
        jeunes made of several people."""
        personnes, jeunes = {}, {}
        rattaches = Rattachement.objects.actifs().filter(signalement__in=list(self.numeros))
        for pk, jeune in rattaches.values_list("signalement", "jeune"):
            personne = verite[self.numeros[pk]]
            personnes.setdefault(personne, set()).add(jeune)
            jeunes.setdefault(jeune, set()).add(personne)
        self.bilan.manques = sum(len(j) - 1 for j in personnes.values())
        self.bilan.joints_a_tort = sum(len(p) - 1 for p in jeunes.values())
