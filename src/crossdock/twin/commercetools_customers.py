"""Customers in commercetools: created with an e-mail address nobody else has, and cleared field by field.

The platform keeps e-mail addresses in lower case and compares them so.
"""

from typing import Literal

from crossdock.twin.commercetools_bodies import update_of
from crossdock.twin.commercetools_custom import set_custom_field, set_custom_type, stored_address, stored_custom
from crossdock.twin.commercetools_drafts import Address
from crossdock.twin.commercetools_project import Project, Stamp
from crossdock.twin.commercetools_refusals import (
    Json,
    invalid_field,
    invalid_input,
    invalid_json,
    invalid_operation,
    required_field,
)
from crossdock.twin.commercetools_updates import Act, Edit, apply, custom_shapes, setter, shape

_CONSUMED = ("password", "addresses", "stores", "custom", "customerGroup")
_INDEXED = ("defaultShippingAddress", "shippingAddresses", "defaultBillingAddress", "billingAddresses")


def create_customer(project: Project, draft: Json, stamp: Stamp) -> Json:
    """Create a customer."""
    fields = {name: value for name, value in draft.items() if name not in (*_CONSUMED, *_INDEXED)}
    fields["email"] = _email(draft["email"])
    fields["authenticationMode"] = draft.get("authenticationMode", "Password")
    if fields["authenticationMode"] == "Password":
        if not draft.get("password"):
            raise required_field("password")
        fields["password"] = "****"  # the twin keeps none
    fields["isEmailVerified"] = draft.get("isEmailVerified", False)
    addresses = [_address(project, address) for address in draft.get("addresses", ())]
    fields |= {"addresses": addresses, **_address_ids(draft, addresses)}
    fields["stores"] = [
        {"typeId": "store", "key": project.find("store", each)["key"]} for each in draft.get("stores", ())
    ]
    fields["customerGroupAssignments"] = []
    if "customerGroup" in draft:
        fields["customerGroup"] = project.reference("customer-group", draft["customerGroup"])
    custom = stored_custom(project, draft.get("custom"), "customer")
    if custom is not None:
        fields["custom"] = custom
    customer = project.create(project.customers, fields, stamp)
    project.tell(project.customers, customer, "CustomerCreated", {"customer": customer}, stamp=stamp)
    return customer


def update_customer(project: Project, customer: Json, update: Json, stamp: Stamp) -> Json:
    """Update a customer; give it as it is afterwards."""
    return apply(project, project.customers, customer, update, actions=_ACTIONS, stamp=stamp)


def delete_customer(project: Project, customer: Json, stamp: Stamp, *, data_erasure: bool) -> None:
    """Delete a customer; with data erasure nothing that was told about it remains either. Its orders stay."""
    project.customers.remove(customer["id"])
    if data_erasure:
        project.messages.forget(
            {message["id"] for message in project.messages if message["resource"]["id"] == customer["id"]}
        )
    else:
        project.tell(project.customers, customer, "CustomerDeleted", {"email": customer["email"]}, stamp=stamp)


def _email(text: str) -> str:
    """Give an e-mail address as it is stored; refuse what is none."""
    name, at, domain = text.partition("@")
    if not (name and at and domain) or "@" in domain or any(character.isspace() for character in text):
        raise invalid_input(f"The email '{text}' is not valid.")
    return text.lower()


def _address(project: Project, draft: Json) -> Json:
    """Give an address of a customer as it is stored: always with an id of its own."""
    return stored_address(project, draft) | {"id": project.world.new_id()[:8]}


def _address_ids(draft: Json, addresses: list[Json]) -> Json:
    """Turn the positions of the default and further addresses into their ids."""

    def identify(position: int) -> str:
        if not 0 <= position < len(addresses):
            raise invalid_field("addresses", position, f"There is no address at position {position}.")
        address_id: str = addresses[position]["id"]
        return address_id

    ids: Json = {
        "shippingAddressIds": [identify(position) for position in draft.get("shippingAddresses", ())],
        "billingAddressIds": [identify(position) for position in draft.get("billingAddresses", ())],
    }
    for kind in ("Shipping", "Billing"):
        default = draft.get(f"default{kind}Address")
        if default is not None:
            ids[f"default{kind}AddressId"] = identify(default)
            if identify(default) not in ids[f"{kind.lower()}AddressIds"]:
                ids[f"{kind.lower()}AddressIds"].append(identify(default))
    return ids


def _change_email(edit: Edit, action: Json) -> None:
    """Give the customer another e-mail address; there is no action that removes it."""
    email = _email(action["email"])
    edit.project.customers.check_unique("email", email, edit.resource["id"])
    before = edit.set("email", email)
    edit.set("isEmailVerified", value=False)
    edit.tell("CustomerEmailChanged", email=email, oldEmail=before)


def _set_key(edit: Edit, action: Json) -> None:
    """Set or remove the key."""
    edit.project.customers.check_unique("key", action.get("key"), edit.resource["id"])
    edit.set("key", action.get("key"))


def _find_address(edit: Edit, action: Json) -> Json:
    """Find the address an action names by id or key."""
    address_id, key = action.get("addressId"), action.get("addressKey")
    if address_id is None and key is None:
        raise invalid_json("actions -> addressId: Missing required value")
    for address in edit.resource["addresses"]:
        if address["id"] == address_id or (key is not None and address.get("key") == key):
            found: Json = address
            return found
    raise invalid_operation(f"The customer has no address with the id or key '{address_id or key}'.")


def _add_address(edit: Edit, action: Json) -> None:
    """Add an address."""
    address = _address(edit.project, action["address"])
    edit.resource["addresses"].append(address)
    edit.tell("CustomerAddressAdded", address=address)


def _change_address(edit: Edit, action: Json) -> None:
    """Replace an address; it keeps its id."""
    before = _find_address(edit, action)
    address = stored_address(edit.project, action["address"]) | {"id": before["id"]}
    edit.resource["addresses"] = [address if each is before else each for each in edit.resource["addresses"]]
    edit.tell("CustomerAddressChanged", address=address, addressRoles=_roles(edit.resource, address["id"]))


def _remove_address(edit: Edit, action: Json) -> None:
    """Remove an address and whatever it was used as."""
    address = _find_address(edit, action)
    roles = _roles(edit.resource, address["id"])
    edit.resource["addresses"] = [each for each in edit.resource["addresses"] if each is not address]
    for kind in ("shipping", "billing"):
        ids = edit.resource[f"{kind}AddressIds"]
        edit.resource[f"{kind}AddressIds"] = [each for each in ids if each != address["id"]]
        default = f"default{kind.capitalize()}AddressId"
        if edit.resource.get(default) == address["id"]:
            del edit.resource[default]
    edit.tell("CustomerAddressRemoved", address=address, addressRoles=roles)


def _roles(customer: Json, address_id: str) -> list[str]:
    """Tell what an address of a customer is used as."""
    roles = (
        ("ShippingAddress", address_id in customer["shippingAddressIds"]),
        ("BillingAddress", address_id in customer["billingAddressIds"]),
        ("DefaultShippingAddress", customer.get("defaultShippingAddressId") == address_id),
        ("DefaultBillingAddress", customer.get("defaultBillingAddressId") == address_id),
    )
    return [role for role, held in roles if held]


def _set_custom_field(edit: Edit, action: Json) -> None:
    """Set or remove one custom field."""
    before, after = set_custom_field(edit.project, edit.resource, action)
    if after is None:
        edit.tell("CustomerCustomFieldRemoved", name=action["name"])
    elif before is None:
        edit.tell("CustomerCustomFieldAdded", name=action["name"], value=after)
    elif before != after:
        edit.tell("CustomerCustomFieldChanged", name=action["name"], value=after, previousValue=before)


def _set_custom_type(edit: Edit, action: Json) -> None:
    """Replace or remove the type and custom fields."""
    before = edit.resource.get("custom")
    set_custom_type(edit.project, edit.resource, action, "customer")
    previous = before["type"]["id"] if before else None
    if "custom" in edit.resource:
        edit.tell("CustomerCustomTypeSet", customFields=edit.resource["custom"], previousTypeId=previous)
    else:
        edit.tell("CustomerCustomTypeRemoved", previousTypeId=previous)


def _set_authentication(edit: Edit, action: Json) -> None:
    """Change how the customer signs in."""
    if action["authMode"] == "Password" and not action.get("password"):
        raise required_field("password")
    edit.set("authenticationMode", action["authMode"])
    edit.set("password", "****" if action["authMode"] == "Password" else None)


_ACTIONS: dict[str, Act] = {
    "changeEmail": _change_email,
    "setKey": _set_key,
    "setExternalId": setter("externalId", "CustomerExternalIdSet"),
    "setFirstName": setter("firstName", "CustomerFirstNameSet"),
    "setLastName": setter("lastName", "CustomerLastNameSet"),
    "setMiddleName": setter("middleName"),
    "setTitle": setter("title", "CustomerTitleSet"),
    "setSalutation": setter("salutation"),
    "setCompanyName": setter("companyName", "CustomerCompanyNameSet"),
    "setVatId": setter("vatId"),
    "setDateOfBirth": setter("dateOfBirth", "CustomerDateOfBirthSet"),
    "setLocale": setter("locale"),
    "setAuthenticationMode": _set_authentication,
    "addAddress": _add_address,
    "changeAddress": _change_address,
    "removeAddress": _remove_address,
    "setCustomType": _set_custom_type,
    "setCustomField": _set_custom_field,
}

_ADDRESSED = {"addressId": str | None, "addressKey": str | None}

CUSTOMER_UPDATE = update_of(
    shape("changeEmail", email=str),
    shape("setKey", key=str | None),
    shape("setExternalId", externalId=str | None),
    shape("setFirstName", firstName=str | None),
    shape("setLastName", lastName=str | None),
    shape("setMiddleName", middleName=str | None),
    shape("setTitle", title=str | None),
    shape("setSalutation", salutation=str | None),
    shape("setCompanyName", companyName=str | None),
    shape("setVatId", vatId=str | None),
    shape("setDateOfBirth", dateOfBirth=str | None),
    shape("setLocale", locale=str | None),
    shape("setAuthenticationMode", authMode=Literal["Password", "ExternalAuth"], password=str | None),
    shape("addAddress", address=Address),
    shape("changeAddress", address=Address, **_ADDRESSED),
    shape("removeAddress", **_ADDRESSED),
    *custom_shapes(),
)
