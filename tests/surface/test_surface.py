"""Nothing generated is stale, and the description is valid OpenAPI."""

import json
import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from openapi_spec_validator import OpenAPIV31SpecValidator

from alpage.api import openapi
from alpage.api.errors import CATALOGUE
from alpage.storage import migrations
from alpage.storage.tables import Base
from tests.conventions.routes import ROUTES, of_every_route
from tests.surface.write import ROOT, SNAPSHOTS, generated


@pytest.mark.parametrize("path", generated(), ids=str)
def test_generated_files_are_fresh(path):
    assert (ROOT / path).read_text() == generated()[path], "stale: run `make surface`"


def test_the_description_is_valid():
    OpenAPIV31SpecValidator(json.loads(generated()[SNAPSHOTS / "openapi.json"])).validate()


def test_a_path_has_one_spelling():
    paths = {f"/{route.version}{route.path}" for route in ROUTES}
    shapes = [re.sub(r"{\w+}", "{}", path) for path in paths]
    assert sorted({shape for shape in shapes if shapes.count(shape) > 1}) == []


def test_operation_ids_differ():
    ids = [openapi.operation_id(route) for route in ROUTES]
    assert len(set(ids)) == len(ids)


@of_every_route()
def test_every_route_is_described(route):
    assert route.summary
    assert all(code in CATALOGUE.entries for code in openapi.errors(route))


def test_shapes_of_one_name_are_one():
    shapes = {shape for route in ROUTES for shape in (route.shape, route.body) if shape}
    names = [shape.__name__ for shape in shapes]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_migrations_make_the_tables(bare_database):
    migrations.migrate(bare_database)
    migrations.migrate(bare_database)  # a second time changes nothing
    with bare_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
