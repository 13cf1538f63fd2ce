"""The vault: personal data of FBM orders in and out of its seal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from crossdock.domain.ids import AmazonOrderId
from crossdock.domain.order import NOBODY, PersonalData
from crossdock.store.personal_data import PersonalDataStore
from crossdock.store.snapshots import decode_personal, encode_personal


class Vault:
    """The personal data of one connection's orders."""

    def __init__(self, sealed: PersonalDataStore) -> None:
        """`sealed`: where it rests."""
        self._sealed = sealed

    def save(self, personal: Mapping[AmazonOrderId, tuple[PersonalData, date]], now: datetime) -> None:
        """Seal; what an earlier read told and this one does not is kept. Repeating is safe."""
        if not personal:
            return
        held = self.find(list(personal))
        texts = {
            str(order_id): (encode_personal(told.merged_with(held.get(order_id, NOBODY))), erase_on)
            for order_id, (told, erase_on) in personal.items()
        }
        self._sealed.save(texts, now=now)

    def find(self, order_ids: Sequence[AmazonOrderId]) -> Mapping[AmazonOrderId, PersonalData]:
        """Open what is held."""
        return {
            AmazonOrderId(record_id): decode_personal(text) for record_id, text in self._sealed.find(order_ids).items()
        }

    def reschedule(self, days: Mapping[AmazonOrderId, date], now: datetime) -> None:
        """Bring the day of erasure of what is held forward: the parcel arrived, or the order was cancelled. Later news never moves it back."""
        set_days = self._sealed.erasure_days(list(days))
        sooner = [
            AmazonOrderId(record_id)
            for record_id, day in set_days.items()
            if max(days[AmazonOrderId(record_id)], now.date()) < day
        ]
        self.save({order_id: (told, days[order_id]) for order_id, told in self.find(sooner).items()}, now)

    def renew_seals(self) -> int:
        """Seal every day's key under the newest master key, so that an older one may go; answers how many were not. Repeating is safe."""
        return self._sealed.renew_keys()

    def due(self, today: date, limit: int, *, but: Sequence[AmazonOrderId] = ()) -> list[AmazonOrderId]:
        """Orders whose day of erasure has come, `but` for some that cannot go now."""
        return [AmazonOrderId(record_id) for record_id in self._sealed.records_to_erase(today, limit, but=but)]

    def erase(self, order_ids: Sequence[AmazonOrderId], now: datetime) -> list[str]:
        """Delete for good; the certificates. Repeating is safe."""
        return [certificate.text for certificate in self._sealed.erase(order_ids, now)]
