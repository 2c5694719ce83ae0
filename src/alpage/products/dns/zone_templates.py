"""Templates on the wire: ready sets of records, to be looked at and added to a zone."""

from typing import Any

from pydantic import Field

from alpage.api.calls import Call
from alpage.api.errors import ApiError, Fault, invalid
from alpage.api.routes import Routes, Shape
from alpage.products.dns import edits, templates, versions
from alpage.products.dns.access import ZoneOfPath
from alpage.products.dns.bulk import ChangedRecords, report
from alpage.products.dns.recorddata import RecordData
from alpage.products.dns.records import OF_A_RECORD, OF_THE_ZONE, READ, WRITE
from alpage.products.dns.templates import Template, TemplateError, Variable, VariableFault

routes = Routes("DNS templates")


class TemplateVariable(Shape):
    """What a customer fills in; without a default, it must be given."""

    name: str
    label: str
    sentence: str
    pattern: str
    default: str | None

    @classmethod
    def present(cls, row: Variable, call: Call) -> dict[str, Any]:
        """The variable, in the language of the caller."""
        words = row.words[call.language]
        return {
            "name": row.name,
            "label": words.label,
            "sentence": words.sentence,
            "pattern": row.pattern,
            "default": row.default,
        }


class TemplateSummary(Shape):
    """A template."""

    name: str
    title: str
    description: str


class TemplateRecord(Shape):
    """A record with gaps: `{zone}` stands for the zone, any other name in braces for a variable."""

    source: str
    type: str
    ttl: int
    target: str


class TemplateDetails(TemplateSummary):
    """A template, with what to fill in and the records it makes."""

    variables: list[TemplateVariable]
    records: list[TemplateRecord]

    @classmethod
    def present(cls, row: Template, call: Call) -> dict[str, Any]:
        """The template, in the language of the caller."""
        return {
            **_summary(row, call),
            "variables": [TemplateVariable.present(variable, call) for variable in row.variables],
            "records": [TemplateRecord.present(record, call) for record in row.records],
        }


class Filling(Shape):
    """What fills a template's gaps."""

    variables: dict[str, str] = Field(default={}, description="Values by the names of the variables.")
    replace: bool = Field(default=False, description="Records of the same name and type give way.")
    force: bool = Field(default=False, description="Change more than 30 % of a zone of more than 50 records.")


@routes.get("/2/dns/templates", scope=READ, answer=list[TemplateSummary], search=("name", "title", "description"))
def list_templates(call: Call) -> list[dict[str, Any]]:
    """List the templates there are."""
    return [_summary(template, call) for template in templates.available().values()]


@routes.get("/2/dns/templates/{template}", scope=READ, answer=TemplateDetails, errors=("dns_template_not_found",))
def show_template(call: Call, template: str) -> Template:
    """Show a template, with its variables and its records."""
    return _find(template)


@routes.post(
    "/2/zones/{zone}/templates/{template}",
    scope=WRITE,
    answer=ChangedRecords,
    status=200,
    errors=(*OF_THE_ZONE, "dns_template_not_found", *OF_A_RECORD, "blast_radius_exceeded"),
)
def apply_template(call: Call, zone: ZoneOfPath, template: str, body: Filling) -> dict[str, Any]:
    """Add the records of a template to a zone.

    Records that are there already stay as they are. With `replace`, records of the same name and type give way. With
    `dry_run`, the answer is the plan.
    """
    wanted = _fill(_find(template), body.variables, zone.fqdn)
    delta = _difference(edits.records_of(call.transaction, zone), wanted, replace=body.replace)
    changes = edits.leading_to(call.transaction, zone, delta)
    edits.limit_blast(call.transaction, zone, changes, force=body.force)
    return report(call, zone, changes, edits.write(call.transaction, zone, changes, now=call.now))


def _summary(template: Template, call: Call) -> dict[str, Any]:
    words = template.words[call.language]
    return {"name": template.name, "title": words.title, "description": words.description}


def _find(name: str) -> Template:
    template = templates.available().get(name)
    if template is None:
        raise ApiError("dns_template_not_found", template=name)
    return template


def _fill(template: Template, variables: dict[str, str], zone: str) -> list[RecordData]:
    try:
        return templates.render(template, variables, zone)
    except TemplateError as error:
        raise invalid(*(_fault(template, fault) for fault in error.faults)) from None


def _fault(template: Template, fault: VariableFault) -> Fault:
    attribute = f"variables.{fault.variable}"
    if fault.reason == "missing":
        return Fault("attribute_required", attribute)
    if fault.reason == "unknown":
        return Fault("attribute_in", attribute, {"values": [variable.name for variable in template.variables]})
    if fault.reason == "pattern":
        patterns = {variable.name: variable.pattern for variable in template.variables}
        return Fault("attribute_regex", attribute, {"pattern": patterns[fault.variable]})
    return Fault("invalid_dns_record", attribute, {"reason": fault.reason, "detail": fault.message})


def _difference(existing: list[RecordData], wanted: list[RecordData], *, replace: bool) -> versions.Delta:
    """What leads to the wanted records; those that are there with another time to live count as there."""
    there, asked = {record.identity for record in existing}, {record.identity for record in wanted}
    sets = {(record.source, record.type) for record in wanted} if replace else set()
    leaving = [r for r in existing if (r.source, r.type) in sets and r.identity not in asked]
    return versions.diff(leaving, [record for record in wanted if record.identity not in there])
