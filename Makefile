# Two commands matter: `make demo` and `make test`. Both set everything up from a bare Python 3.11 or later.
.DEFAULT_GOAL := aide
.PHONY: aide installer demo test verifier lint formater verrou arreter nettoyer captures

PORT ?= 8000
PYTHON_VENV := .venv/bin/python
# Tests shared between the processors of the machine, each process with a database of its own.
PARTAGE := -n auto --maxprocesses 4 --dist worksteal
GABARITS := templates

# Values of no worth, only for `check --deploy` to read the production settings.
PRODUCTION_FACTICE := DJANGO_SETTINGS_MODULE=qualit.settings.prod \
	SECRET_KEY=factice-$$($(PYTHON_VENV) -c 'import secrets; print(secrets.token_urlsafe(64))') \
	DATABASE_URL=postgresql://qualit_app@base.invalid/qualit ALLOWED_HOSTS=portail.invalid \
	EMAIL_HOST=courriel.invalid COURRIEL_EXPEDITEUR=portail@portail.invalid ADRESSE_DU_SITE=https://portail.invalid

aide: ## Liste les cibles
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

installer: ## Prépare .venv avec les dépendances verrouillées
	@PYTHON="$(PYTHON)" sh .ci/installer

demo: installer ## Lance le portail avec des données inventées (PORT=8000)
	@$(PYTHON_VENV) manage.py demo --port $(PORT)

test: installer lint ## Contrôles et tests (15 minutes au plus)
	$(PYTHON_VENV) manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy, réglages de production"
	@$(PRODUCTION_FACTICE) $(PYTHON_VENV) manage.py check --deploy --fail-level WARNING
	$(PYTHON_VENV) -m pytest -m "not long" $(PARTAGE)

verifier: installer ## Contrôles longs (mutants, oracle, charge)
	$(PYTHON_VENV) -m pytest -m long
	EXEMPLES=hasard $(PYTHON_VENV) -m pytest tests/test_moteur_proprietes.py tests/test_saisie_formulaire.py

lint: installer ## Règles d'écriture
	$(PYTHON_VENV) -m ruff check .
	$(PYTHON_VENV) -m ruff format --check .
	$(PYTHON_VENV) -m djlint --quiet --lint $(GABARITS)
	$(PYTHON_VENV) -m mypy

formater: installer ## Met le code en forme
	$(PYTHON_VENV) -m ruff check --fix .
	$(PYTHON_VENV) -m ruff format .

VERROUILLER = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header pyproject.toml

verrou: ## Recalcule requirements/*.lock (demande uv)
	@command -v uv >/dev/null || { echo "« make verrou » demande uv : pip install uv"; exit 1; }
	$(VERROUILLER) -o requirements/production.lock
	$(VERROUILLER) --group local --group test -o requirements/developpement.lock
	$(VERROUILLER) --group bench -o requirements/bench.lock

captures: installer ## Refait docs/captures avec les tests de navigateur
	NAVIGATEUR_EXIGE=1 CAPTURES=docs/captures $(PYTHON_VENV) -m pytest -m "navigateur and not long"

arreter: installer ## Arrête la base locale
	@$(PYTHON_VENV) -m qualit.postgres arreter

nettoyer: ## Efface la base locale et les fichiers produits (garde .venv)
	@if [ -x $(PYTHON_VENV) ]; then $(PYTHON_VENV) -m qualit.postgres effacer; fi
	rm -rf var staticfiles .pytest_cache .hypothesis .ruff_cache .mypy_cache
