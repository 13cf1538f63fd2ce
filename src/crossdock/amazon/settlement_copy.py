"""Rows of a settlement as PostgreSQL's COPY reads text, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

# Rows written at a time.
CHUNK = 200_000


def copy_of_numbers(rows: pl.DataFrame) -> Iterator[bytes]:
    """Line, group, order (or nothing), amount, second of posting, SKU, units."""
    order = pl.when(pl.col("order") != 0).then("order")
    for chunk in rows.iter_slices(CHUNK):
        yield _text(chunk.select("row", "group", order, "amount", "posted", "sku", "quantity"))


def copy_of_texts(
    rows: pl.DataFrame, skus: Sequence[str], others: Sequence[str], labels: Sequence[tuple[str, ...]]
) -> Iterator[bytes]:
    """SKU, order, amount, second of posting, units, and the five texts of the label. `others`: ids that are no order's, from -1 down."""
    named, other_ids = pl.Series(skus, dtype=pl.String), pl.Series(["", *others], dtype=pl.String)
    label_texts = pl.DataFrame(labels, schema=dict.fromkeys("abcde", pl.String()), orient="row")
    for chunk in rows.iter_slices(CHUNK):
        other = other_ids.gather(chunk["order"].clip(upper_bound=0).abs().cast(pl.UInt32))
        order = pl.when(pl.col("order") > 0).then(pl.col("order").cast(pl.String)).otherwise(other)
        texts = [named.gather(chunk["sku"]), *label_texts[chunk["label"]].get_columns()]
        escaped = [text.str.replace_all("\\", "\\\\", literal=True) for text in texts]
        yield _text(
            chunk.select(escaped[0], order.alias("o"), "amount", "posted", "quantity").with_columns(*escaped[1:])
        )


def _text(columns: pl.DataFrame) -> bytes:
    return columns.write_csv(separator="\t", include_header=False, null_value="\\N", quote_style="never").encode()
