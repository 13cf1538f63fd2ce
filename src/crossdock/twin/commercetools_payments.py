"""Payments in commercetools: what a buyer paid and got back, as transactions, and which order a payment belongs to.

A payment is known by its key, or by the number a payment interface gave it: each is unique. It belongs to one order at most.
"""

from typing import Any, Literal

from msgspec import Struct

from crossdock.twin import commercetools_money as money
from crossdock.twin.commercetools_bodies import stored_time, update_of
from crossdock.twin.commercetools_custom import checked_key, set_custom_field, set_custom_type, stored_custom
from crossdock.twin.commercetools_drafts import Custom, Identifier, Money
from crossdock.twin.commercetools_fields import BASE, MONEY, REFERENCE, TEXT, TIME, CustomFieldsOf, Fields
from crossdock.twin.commercetools_project import Project, Stamp
from crossdock.twin.commercetools_refusals import Json, duplicate_field, invalid_input, invalid_operation
from crossdock.twin.commercetools_updates import Act, Edit, apply, custom_shapes, setter, shape

PAYMENT: Fields = {
    **BASE,
    **dict.fromkeys(("key", "interfaceId", "anonymousId"), TEXT),
    "customer": REFERENCE,
    "amountPlanned": MONEY,
    "paymentMethodInfo": {"paymentInterface": TEXT, "method": TEXT, "interfaceAccount": TEXT},
    "paymentStatus": {"interfaceCode": TEXT, "interfaceText": TEXT, "state": REFERENCE},
    "transactions": {
        **dict.fromkeys(("id", "type", "interactionId", "interfaceId", "state"), TEXT),
        "timestamp": TIME,
        "amount": MONEY,
    },
    "custom": {"type": REFERENCE, "fields": CustomFieldsOf("payment")},
}
TransactionType = Literal["Authorization", "CancelAuthorization", "Charge", "Refund", "Chargeback"]
TransactionState = Literal["Initial", "Pending", "Success", "Failure"]


class Transaction(Struct, rename="camel", omit_defaults=True):
    """One movement of money."""

    type: TransactionType
    amount: Money
    timestamp: str | None = None
    interaction_id: str | None = None
    state: TransactionState | None = None
    interface_id: str | None = None
    custom: Custom | None = None


class Method(Struct, rename="camel", omit_defaults=True):
    """By which interface and method somebody pays."""

    payment_interface: str | None = None
    method: str | None = None
    name: dict[str, str] | None = None
    interface_account: str | None = None


class Status(Struct, rename="camel", omit_defaults=True):
    """What the interface says of the payment, and where it is in the merchant's own workflow."""

    interface_code: str | None = None
    interface_text: str | None = None
    state: Identifier | None = None


class PaymentDraft(Struct, rename="camel", omit_defaults=True):
    """A payment as it is created."""

    amount_planned: Money
    key: str | None = None
    interface_id: str | None = None
    customer: Identifier | None = None
    anonymous_id: str | None = None
    payment_method_info: Method | None = None
    payment_status: Status | None = None
    transactions: list[Transaction] | None = None
    custom: Custom | None = None


def create_payment(project: Project, draft: Json, stamp: Stamp) -> Json:
    """Create a payment."""
    fields: Json = {name: draft[name] for name in ("anonymousId", "interfaceId") if name in draft}
    if "key" in draft:
        fields["key"] = checked_key(draft["key"])
    project.payments.check_unique("key", draft.get("key"))
    info = draft.get("paymentMethodInfo", {})
    _check_interface(project, info.get("paymentInterface"), draft.get("interfaceId"))
    if "customer" in draft:
        fields["customer"] = project.reference("customer", draft["customer"])
    fields["amountPlanned"] = money.stored_cents(draft["amountPlanned"], "amountPlanned")
    fields["paymentMethodInfo"] = info
    fields["paymentStatus"] = _status(project, draft.get("paymentStatus", {}))
    fields["transactions"] = [_transaction(project, each) for each in draft.get("transactions", ())]
    fields["interfaceInteractions"] = []
    custom = stored_custom(project, draft.get("custom"), "payment")
    if custom is not None:
        fields["custom"] = custom
    payment = project.create(project.payments, fields, stamp)
    project.tell(project.payments, payment, "PaymentCreated", {"payment": payment}, stamp=stamp)
    return payment


def update_payment(project: Project, payment: Json, update: Json, stamp: Stamp) -> Json:
    """Update a payment; give it as it is afterwards."""
    return apply(project, project.payments, payment, update, actions=_ACTIONS, stamp=stamp)


def delete_payment(project: Project, payment: Json) -> None:
    """Delete a payment. Orders that refer to it keep a reference that leads nowhere."""
    project.payments.remove(payment["id"])


def add_payment(edit: Edit, action: Json) -> None:
    """Let a payment belong to the order; one of another order cannot."""
    reference = edit.project.reference("payment", action["payment"])
    payments: list[Json] = edit.resource.get("paymentInfo", {}).get("payments", [])
    if reference in payments:
        return
    if edit.project.orders.find("payment", reference["id"]) is not None:
        raise invalid_operation(f"The payment '{reference['id']}' is already assigned to another order.")
    edit.resource["paymentInfo"] = {"payments": [*payments, reference]}
    edit.tell("OrderPaymentAdded", paymentRef=reference)


def remove_payment(edit: Edit, action: Json) -> None:
    """Let a payment belong to the order no more."""
    reference = edit.project.reference("payment", action["payment"])
    payments: list[Json] = edit.resource.get("paymentInfo", {}).get("payments", [])
    if reference not in payments:
        raise invalid_operation(f"The order has no payment '{reference['id']}'.")
    left = [each for each in payments if each != reference]
    edit.set("paymentInfo", {"payments": left} if left else None)
    edit.tell("OrderPaymentRemoved", paymentRef=reference, removedPaymentInfo=not left)


def _check_interface(project: Project, interface: str | None, interface_id: str | None) -> None:
    """Refuse a number that the same payment interface gave to another payment."""
    if interface_id is None:
        return
    for payment in project.payments.find_all("interfaceId", [interface_id]):
        if payment["paymentMethodInfo"].get("paymentInterface") == interface:
            raise duplicate_field("interfaceId", interface_id)


def _status(project: Project, draft: Json) -> Json:
    """Give the status of a payment as it is stored."""
    status = {name: value for name, value in draft.items() if name != "state"}
    return status | ({"state": project.reference("state", draft["state"])} if "state" in draft else {})


def _transaction(project: Project, draft: Json) -> Json:
    """Give a transaction as it is stored."""
    stored: Json = {"id": project.world.new_id(), "type": draft["type"]}
    if "timestamp" in draft:
        stored["timestamp"] = _moment(draft["timestamp"])
    stored["amount"] = money.stored_cents(draft["amount"], "transactions -> amount")
    stored |= {name: draft[name] for name in ("interactionId", "interfaceId") if name in draft}
    stored["state"] = draft.get("state", "Initial")
    custom = stored_custom(project, draft.get("custom"), "transaction")
    return stored | ({"custom": custom} if custom else {})


def _moment(text: str) -> str:
    """Give a time as it is stored; refuse what is none."""
    moment = stored_time(text)
    if moment is None:
        raise invalid_input("timestamp is not a valid date and time.")
    return moment


def _find(edit: Edit, action: Json) -> Json:
    """Find the transaction an action names."""
    for transaction in edit.resource["transactions"]:
        if transaction["id"] == action["transactionId"]:
            found: Json = transaction
            return found
    raise invalid_operation(f"The payment has no transaction '{action['transactionId']}'.")


def _add_transaction(edit: Edit, action: Json) -> None:
    """Add a transaction; nothing but its id tells it from another that is the same."""
    transaction = _transaction(edit.project, action["transaction"])
    edit.resource["transactions"].append(transaction)
    edit.tell("PaymentTransactionAdded", transaction=transaction)


def _change_state(edit: Edit, action: Json) -> None:
    """Say what became of a transaction."""
    transaction = _find(edit, action)
    if transaction["state"] != action["state"]:
        transaction["state"] = action["state"]
        edit.tell("PaymentTransactionStateChanged", transactionId=transaction["id"], state=action["state"])


def _change_timestamp(edit: Edit, action: Json) -> None:
    """Say when a transaction took place."""
    _find(edit, action)["timestamp"] = _moment(action["timestamp"])


def _change_interaction(edit: Edit, action: Json) -> None:
    """Say by which number the interface knows a transaction."""
    _find(edit, action)["interactionId"] = action["interactionId"]


def _change_planned(edit: Edit, action: Json) -> None:
    """Change what is to be paid."""
    edit.set("amountPlanned", money.stored_cents(action["amount"], "amount"))


def _set_key(edit: Edit, action: Json) -> None:
    """Set or remove the key."""
    key = action.get("key")
    edit.project.payments.check_unique("key", key, edit.resource["id"])
    edit.set("key", key if key is None else checked_key(key))


def _set_interface_id(edit: Edit, action: Json) -> None:
    """Set the number the interface gave the payment, once."""
    before = edit.resource.get("interfaceId")
    if before is not None:
        raise invalid_operation("The interfaceId is already set and cannot be changed.")
    interface = edit.resource["paymentMethodInfo"].get("paymentInterface")
    _check_interface(edit.project, interface, action["interfaceId"])
    edit.set("interfaceId", action["interfaceId"])
    edit.tell("PaymentInterfaceIdSet", interfaceId=action["interfaceId"], oldInterfaceId=before)


def _set_interface_text(edit: Edit, action: Json) -> None:
    """Set what the interface says, in its own words."""
    edit.resource["paymentStatus"] = edit.resource["paymentStatus"] | {"interfaceText": action["interfaceText"]}


def _set_type(edit: Edit, action: Json) -> None:
    """Replace or remove the type and custom fields."""
    set_custom_type(edit.project, edit.resource, action, "payment")


def _set_field(edit: Edit, action: Json) -> None:
    """Set or remove one custom field."""
    set_custom_field(edit.project, edit.resource, action)


_ACTIONS: dict[str, Act] = {
    "addTransaction": _add_transaction,
    "changeTransactionState": _change_state,
    "changeTransactionTimestamp": _change_timestamp,
    "changeTransactionInteractionId": _change_interaction,
    "changeAmountPlanned": _change_planned,
    "setKey": _set_key,
    "setInterfaceId": _set_interface_id,
    "setStatusInterfaceText": _set_interface_text,
    "setAnonymousId": setter("anonymousId"),
    "setCustomType": _set_type,
    "setCustomField": _set_field,
}
_OF_TRANSACTION: dict[str, Any] = {"transactionId": str}

PAYMENT_UPDATE = update_of(
    shape("addTransaction", transaction=Transaction),
    shape("changeTransactionState", state=TransactionState, **_OF_TRANSACTION),
    shape("changeTransactionTimestamp", timestamp=str, **_OF_TRANSACTION),
    shape("changeTransactionInteractionId", interactionId=str, **_OF_TRANSACTION),
    shape("changeAmountPlanned", amount=Money),
    shape("setKey", key=str | None),
    shape("setInterfaceId", interfaceId=str),
    shape("setStatusInterfaceText", interfaceText=str),
    shape("setAnonymousId", anonymousId=str | None),
    *custom_shapes(),
)
