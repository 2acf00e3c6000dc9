"""The API against its own description: schemathesis sends what the schema allows and what it forbids, in this process."""

import json

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation

from qualit.api import services
from qualit.api.routes import api
from qualit.wsgi import application

from .monde import ouvrir_acces

CONFIGURATION = SchemathesisConfig.from_dict(
    {
        # what the schema allows may still be refused by a rule of the trade, said in French with its field
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", 401, 403, 404, 409, 422, 429]}},
    }
)
COURT = settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LONG = settings(COURT, max_examples=250, derandomize=False)
schema = schemathesis.openapi.from_dict(
    json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/"))), config=CONFIGURATION
)
schema.app = application


@pytest.fixture
def cle(monde, monkeypatch):
    """A key without limit; requests do not close the connection of the test, as in Django's own test client."""
    monkeypatch.setattr(services, "DEBIT_PAR_MINUTE", 10**6)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield ouvrir_acces(monde.lycee, monde.andre)[1]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _verifier(case, cle):
    """Send with the key, unless the headers themselves are what was drawn wrong (or left out)."""
    entetes = case.meta.components.get(ParameterLocation.HEADER)
    fausse = entetes is not None and entetes.mode.is_negative
    case.call_and_validate(headers={} if fausse else {"Authorization": f"Bearer {cle}"})


@pytest.mark.django_db
def test_la_description_est_de_l_openapi_3_1(client):
    description = Client().get("/api/v1/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    assert set(description["paths"]) == {
        "/api/v1/cle",
        "/api/v1/nomenclatures/{liste}",
        "/api/v1/signalements",
        "/api/v1/signalements/{reference}",
    }
    for chemin in description["paths"].values():
        for operation in chemin.values():
            assert operation["security"] == [{"Cle": []}]
            assert "application/problem+json" in operation["responses"]["401"]["content"]


@pytest.mark.django_db
@schema.parametrize()
@COURT
def test_l_api_tient_sa_description(case, cle):
    _verifier(case, cle)


@pytest.mark.long
@pytest.mark.django_db
@schema.parametrize()
@LONG
def test_l_api_tient_sa_description_longtemps(case, cle):
    _verifier(case, cle)
