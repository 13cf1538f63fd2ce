"""How commercetools says no: a status, a message, and at least one error with a code.

The codes and their fields are those of the published specification; a text is the platform's own where one is known.
"""

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


class RefusedError(Exception):
    """A request the platform refuses: what the answer's status and body will say."""

    def __init__(self, status: int, code: str, message: str, **details: object) -> None:
        """Refuse with this status and one error; details that are None are left out, as the platform does."""
        super().__init__(message)
        self.status = status
        self.error: Json = {"code": code, "message": message}
        self.error.update({name: value for name, value in details.items() if value is not None})

    def body(self) -> Json:
        """Give the error response; authorization errors repeat their code in `error`, as OAuth asks."""
        message = self.error["message"]
        body: Json = {"statusCode": self.status, "message": message, "errors": [self.error]}
        if self.status in (401, 403) or self.error["code"].islower():
            body |= {"error": self.error["code"], "error_description": message}
        return body


def invalid_json(detail: str) -> RefusedError:
    """Refuse a body that is no JSON or has not the shape of its draft."""
    return RefusedError(
        400, "InvalidJsonInput", "Request body does not contain valid JSON.", detailedErrorMessage=detail
    )


def invalid_input(message: str) -> RefusedError:
    """Refuse an input that cannot be used."""
    return RefusedError(400, "InvalidInput", message)


def malformed(parameter: str, why: str) -> RefusedError:
    """Refuse a query parameter."""
    return invalid_input(f"Malformed parameter: {parameter}: {why}")


def invalid_operation(message: str) -> RefusedError:
    """Refuse what the state of the resource does not allow."""
    return RefusedError(400, "InvalidOperation", message)


def invalid_field(field: str, value: object, why: str | None = None) -> RefusedError:
    """Refuse the value of one field."""
    message = why or f"The value '{value}' is not valid for field '{field}'."
    return RefusedError(400, "InvalidField", message, field=field, invalidValue=value)


def required_field(field: str) -> RefusedError:
    """Refuse because a field that must have a value has none."""
    return RefusedError(400, "RequiredField", f"A value is required for field '{field}'.", field=field)


def duplicate_field(field: str, value: object) -> RefusedError:
    """Refuse a value that another resource of the project already has."""
    message = f"A duplicate value '{value}' exists for field '{field}'."
    return RefusedError(400, "DuplicateField", message, field=field, duplicateValue=value)


def no_such_reference(type_id: str, *, by_id: str | None = None, by_key: str | None = None) -> RefusedError:
    """Refuse because something the request refers to is not there."""
    named = f"with identifier '{by_id}'" if by_id is not None else f"with key '{by_key}'"
    message = (
        f"The referenced object of type '{type_id}' {named} was not found. It either doesn't exist, or it can't be"
        " accessed from this endpoint (e.g., if the endpoint filters by store or customer account)."
    )
    return RefusedError(400, "ReferencedResourceNotFound", message, typeId=type_id, id=by_id, key=by_key)


def not_found(what: str) -> RefusedError:
    """Refuse because what the address names is not there."""
    return RefusedError(404, "ResourceNotFound", f"The Resource {what} was not found.")


def version_conflict(resource_id: str, expected: int, actual: int) -> RefusedError:
    """Refuse an update that was decided from another version than the current one."""
    message = f"Object {resource_id} has a different version than expected. Expected: {expected} - Actual: {actual}."
    return RefusedError(409, "ConcurrentModification", message, currentVersion=actual)


def out_of_stock(line_item_ids: list[str], skus: list[str]) -> RefusedError:
    """Refuse an order whose lines cannot be taken from stock."""
    message = f"Some line items are out of stock: {', '.join(skus)}."
    return RefusedError(400, "OutOfStock", message, lineItems=line_item_ids, skus=skus)
